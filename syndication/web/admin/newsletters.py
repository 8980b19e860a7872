"""The console's pages of newsletters: what they are, from whom they come, and which topics they offer in which order."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form, HTTPException
from pydantic import BaseModel, Field
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from syndication.cron.slots import check
from syndication.domain.entries import ScheduleEntry
from syndication.domain.errors import CronError, StoreError
from syndication.domain.newsletters import MOST_STORIES, Newsletter
from syndication.domain.seams import Task
from syndication.domain.states import Cadence, UnknownPolicy
from syndication.jobs.entry_faults import SLUG, newsletter_faults
from syndication.lang.words import LANGUAGES, own_names
from syndication.store.admins import Admin, audit
from syndication.store.classifying import load_topics
from syndication.store.editing import lock_newsletter, newsletter_lines, require_free_slug, save_newsletter
from syndication.store.newsletters import StoredNewsletter, add_newsletter, add_schedule, newsletter
from syndication.store.scheduling import schedules_of
from syndication.web.admin.access import Editor, SignedIn
from syndication.web.admin.forms import Filled, changes, mark_of, overtaken
from syndication.web.deps import deps_of
from syndication.web.language import offered_by
from syndication.web.render import private_page

router = APIRouter(prefix="/admin/newsletters")

_LABELS: Final = MappingProxyType(
    {
        "title": "Title",
        "description": "Description",
        "sender_name": "Sender's name",
        "sender_address": "Sender's address",
        "reply_to": "Answers go to",
        "postal_address": "Postal address",
        "language": "Language",
        "languages": "Languages to choose from",
        "own_hours": "Hours of their own",
        "most_stories": "Stories in a mail",
        "unknown_policy": "When nobody knows whether a mail arrived",
        "topics": "Topics",
    }
)
_NOT_WORDS: Final = frozenset({"topics", "languages", "own_hours", "most_stories"})
_LENGTHS: Final = (3, 5, 7, 9, 12, 15, 20, 30, MOST_STORIES)
UNKNOWN_WORDS: Final = MappingProxyType(
    {
        UnknownPolicy.RESEND: "send the same mail again, once",
        UnknownPolicy.ASSUME_SENT: "take it as sent",
        UnknownPolicy.HOLD: "leave it to me",
    }
)


async def _places(request: Request) -> dict[str, str]:
    return {name: str(value) for name, value in (await request.form()).items() if name.startswith("order-")}


Places = Annotated[dict[str, str], Depends(_places)]


class NewsletterForm(BaseModel):
    """topics: slugs of those that are ticked; the field `order-SLUG` has the place of each."""

    title: str = ""
    slug: str = ""
    description: str = ""
    sender_name: str = ""
    sender_address: str = ""
    reply_to: str = ""
    postal_address: str = ""
    language: str = "en"
    unknown_policy: str = UnknownPolicy.RESEND.value
    own_hours: bool = False
    most_stories: int = Field(default=0, ge=0, le=MOST_STORIES)
    languages: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    mark: str = ""

    def values(self, places: Mapping[str, str]) -> dict[str, object]:
        """What was typed, tidied; topics in their order."""
        found: dict[str, object] = {
            name: value.strip() for name, value in self.model_dump(exclude={*_NOT_WORDS, "mark"}).items()
        }
        found["languages"] = sorted({self.language, *self.languages} & set(LANGUAGES))
        found["own_hours"], found["most_stories"] = self.own_hours, self.most_stories
        found["topics"] = sorted(self.topics, key=lambda slug: (_number(places.get(f"order-{slug}", "")), slug))
        return found


@router.get("/")
def newsletters_page(request: Request, admin: SignedIn) -> Response:
    """All newsletters."""
    with deps_of(request).database.read() as session:
        return private_page(request, "admin/newsletters.html", admin=admin, newsletters=newsletter_lines(session))


@router.get("/new")
def new_page(request: Request, admin: Editor) -> Response:
    """The form of a new newsletter."""
    values = {
        **NewsletterForm(language=deps_of(request).site.language).values({}),
        "topics": [],
        "languages": list(LANGUAGES),
    }
    return _page(request, admin, None, Filled(values, ""))


@router.post("/new")
def create(request: Request, admin: Editor, form: Annotated[NewsletterForm, Form()], places: Places) -> Response:
    """Add a newsletter; its page then asks for a schedule."""
    return _create(request, admin, form.values(places))


@router.get("/{newsletter_id}")
def newsletter_page(request: Request, admin: SignedIn, newsletter_id: int) -> Response:
    """The form of a newsletter, and its schedules."""
    stored = _stored(request, newsletter_id)
    values = _values(stored)
    return _page(request, admin, stored, Filled(values, mark_of(values)))


@router.post("/{newsletter_id}")
def save(
    request: Request, admin: Editor, newsletter_id: int, form: Annotated[NewsletterForm, Form()], places: Places
) -> Response:
    """Save a newsletter."""
    values = {**form.values(places), "slug": _stored(request, newsletter_id).value.slug}
    faults = newsletter_faults(_newsletter(values))
    if form.own_hours and _is_reviewed(request, newsletter_id):
        faults["own_hours"] = "Its issues are reviewed, and nobody can review one for every reader's hour."
    return _save(request, admin, newsletter_id, Filled(values, form.mark, faults))


@router.post("/{newsletter_id}/schedules")
def another_schedule(
    request: Request,
    admin: Editor,
    newsletter_id: int,
    cadence: Annotated[Cadence, Form()] = Cadence.WEEKLY,
    cron: Annotated[str, Form()] = "",
    zone: Annotated[str, Form()] = "",
) -> Response:
    """Add a schedule, e.g. a daily one beside the weekly one."""
    deps, stored = deps_of(request), _stored(request, newsletter_id)
    now = deps.clock()
    try:
        check(cron, zone)
    except CronError as error:
        values = _values(stored)
        faults = {"cron": str(error)}
        return _page(
            request, admin, stored, Filled(values, mark_of(values), faults), ScheduleEntry(cadence, cron, zone)
        )
    with deps.database.write() as session:
        number = add_schedule(session, newsletter_id, ScheduleEntry(cadence, cron.strip(), zone.strip()), now)
        after = {"newsletter": stored.value.slug, "cadence": cadence.value, "cron": cron, "zone": zone}
        audit(session, admin.login, "schedule.create", f"schedule {number}", now, ({}, after))
    return RedirectResponse(f"/admin/schedules/{number}", 303)


def _create(request: Request, admin: Admin, values: dict[str, object]) -> Response:
    deps = deps_of(request)
    faults = newsletter_faults(_newsletter(values))
    if not SLUG.fullmatch(str(values["slug"])):
        faults["slug"] = "The short name stands in addresses: small letters, digits and hyphens, such as weekly."
    if not faults:
        try:
            with deps.database.write() as session:
                require_free_slug(session, str(values["slug"]))
                now = deps.clock()
                stored = add_newsletter(session, _newsletter(values), (), now)
                audit(session, admin.login, "newsletter.create", f"newsletter {stored.id}", now, ({}, values))
            return RedirectResponse(f"/admin/newsletters/{stored.id}", 303)
        except StoreError as error:
            faults["slug"] = str(error)
    return _page(request, admin, None, Filled(values, "", faults))


def _save(request: Request, admin: Admin, newsletter_id: int, filled: Filled) -> Response:
    deps = deps_of(request)
    if not filled.faults:
        with deps.database.write() as session:
            lock_newsletter(session, newsletter_id)
            current = newsletter(session, newsletter_id)
            before = _values(current) if current else {}
            if mark_of(before) == filled.mark:
                _write(session, admin, newsletter_id, before, filled, request)
            else:
                filled = overtaken(session, filled, before, _LABELS, f"newsletter {newsletter_id}")
    if filled.status != 200:  # noqa: PLR2004 - HTTP's own
        return _page(request, admin, _stored(request, newsletter_id), filled)
    deps.enqueue(Task.PUBLISH, "publish")
    return RedirectResponse("/admin/newsletters/", 303)


def _write(
    session: Session,
    admin: Admin,
    newsletter_id: int,
    before: dict[str, object],
    filled: Filled,
    request: Request,
) -> None:
    now = deps_of(request).clock()
    current = newsletter(session, newsletter_id)
    typed = _newsletter(filled.values)
    value = replace(current.value, **{name: getattr(typed, name) for name in _LABELS}) if current else typed
    save_newsletter(session, newsletter_id, value)
    audit(session, admin.login, "newsletter.change", f"newsletter {newsletter_id}", now, changes(before, filled.values))


def _newsletter(values: Mapping[str, object]) -> Newsletter:
    words = {name: str(value) for name, value in values.items() if name not in _NOT_WORDS}
    topics, languages = values["topics"], values["languages"]
    assert isinstance(topics, list)  # noqa: S101 - as `NewsletterForm.values` makes it
    assert isinstance(languages, list)  # noqa: S101 - the same
    policy = words["unknown_policy"]
    return Newsletter(
        slug=words["slug"],
        title=words["title"],
        description=words["description"],
        sender_name=words["sender_name"],
        sender_address=words["sender_address"],
        postal_address=words["postal_address"],
        language=words["language"],
        topics=tuple(topics),
        reply_to=words["reply_to"],
        unknown_policy=UnknownPolicy(policy) if policy in set(UnknownPolicy) else UnknownPolicy.RESEND,
        own_hours=bool(values["own_hours"]),
        most_stories=int(str(values["most_stories"])),
        # All is said as none: a language that comes with a later version joins by itself.
        languages=() if len(languages) == len(LANGUAGES) else tuple(languages),
    )


def _values(stored: StoredNewsletter) -> dict[str, object]:
    value = stored.value
    names = [name for name in _LABELS if name not in {"topics", "languages", "unknown_policy"}]
    found: dict[str, object] = {"slug": value.slug, **{name: getattr(value, name) for name in names}}
    languages = sorted(offered_by(value))
    policy = value.unknown_policy.value
    return {**found, "languages": languages, "unknown_policy": policy, "topics": list(value.topics)}


def _lengths(chosen: object) -> dict[int, str]:
    """The numbers to choose from, that of a file among them."""
    numbers = sorted({*_LENGTHS, int(str(chosen))} - {0})
    return {
        0: "as usual",
        **{number: str(number) for number in numbers},
    }


def _stored(request: Request, newsletter_id: int) -> StoredNewsletter:
    with deps_of(request).database.read() as session:
        found = newsletter(session, newsletter_id)
    if found is None:
        raise HTTPException(404)
    return found


def _is_reviewed(request: Request, newsletter_id: int) -> bool:
    with deps_of(request).database.read() as session:
        return any(one.review_s for one in schedules_of(session, newsletter_id))


def _number(written: str) -> float:
    try:
        return float(written)
    except ValueError:
        return 1000.0


def _page(
    request: Request,
    admin: Admin,
    stored: StoredNewsletter | None,
    form: Filled,
    schedule: ScheduleEntry | None = None,
) -> Response:
    deps = deps_of(request)
    with deps.database.read() as session:
        topics = {topic.slug: topic.title for topic in load_topics(session)}
        schedules = schedules_of(session, stored.id) if stored else []
    chosen = [slug for slug in form.values["topics"] if slug in topics]  # type: ignore[attr-defined] # a list, see _values
    return private_page(
        request,
        "admin/newsletter.html",
        status=form.status,
        admin=admin,
        stored=stored,
        form=form,
        topics={slug: topics[slug] for slug in [*chosen, *(one for one in topics if one not in chosen)]},
        languages=own_names(LANGUAGES),
        policies=UNKNOWN_WORDS,
        lengths=_lengths(form.values["most_stories"]),
        schedules=schedules,
        cadences={one.value: one.value for one in Cadence},
        schedule=schedule or ScheduleEntry(Cadence.WEEKLY, "30 7 * * FRI", deps.site.zone),
    )
