"""The console's page before an issue: what any reader would get, a test to any address, send it now."""

from collections.abc import Sequence
from typing import Annotated, Final

from fastapi import APIRouter, Form, HTTPException, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from syndication.deliver.addresses import parse_address
from syndication.domain.delivery import Accepted, Deferred, Failed, Outcome
from syndication.domain.errors import AddressError, IssueError, TemplateError
from syndication.domain.newsletters import Choice
from syndication.jobs.compose import preview as whole
from syndication.jobs.compose import send_now
from syndication.jobs.drafts import Draft, draft_for, readable, send_test
from syndication.jobs.post import PostOffice
from syndication.lang.words import LANGUAGES, own_names
from syndication.store.admins import Admin, audit
from syndication.store.finding import has_more_readers
from syndication.store.newsletters import StoredNewsletter, newsletter
from syndication.web.admin.access import Editor, SignedIn
from syndication.web.deps import deps_of
from syndication.web.mailbox import mail_page
from syndication.web.render import private_page

router = APIRouter(prefix="/admin/newsletters/{newsletter_id}")

_MOST_TESTS: Final = 10
# Counting who would get what reads every reader: 0.5 s a million (measured). With more than this it is done when asked for.
_COUNTED_AT_ONCE: Final = 50_000


@router.get("/preview")
def preview_page(
    request: Request,
    admin: SignedIn,
    newsletter_id: int,
    topics: Annotated[tuple[str, ...], Query()] = (),
    language: str = "",
    *,
    count: bool = False,
) -> Response:
    """What the next issue would be for a reader of these topics in this language. count: for all readers too, however many."""
    choice = _choice(request, newsletter_id, topics, language)
    return _page(request, admin, _stored(request, newsletter_id), choice, count=count)


@router.get("/preview/mail")
def preview_mail(
    request: Request,
    admin: SignedIn,
    newsletter_id: int,
    topics: Annotated[tuple[str, ...], Query()] = (),
    language: str = "",
) -> Response:
    """The mail itself, for a frame."""
    del admin
    draft, fault = _draft(request, newsletter_id, _choice(request, newsletter_id, topics, language))
    if draft is None:
        raise HTTPException(404, fault)
    return mail_page(readable(draft.body).html)


@router.post("/test")
def send_a_test(
    request: Request,
    admin: Editor,
    newsletter_id: int,
    topics: Annotated[tuple[str, ...], Form()] = (),
    language: Annotated[str, Form()] = "",
    to: Annotated[str, Form()] = "",
) -> Response:
    """Send the draft to any address, marked [Test]; it is in no count."""
    stored = _stored(request, newsletter_id)
    choice = _choice(request, newsletter_id, topics, language)
    draft, fault = _draft(request, newsletter_id, choice)
    said, fault = post_test(request, admin, draft, to, f"newsletter {newsletter_id}") if draft else ("", fault)
    return _page(request, admin, stored, choice, to=to, said=said, faults={"to": fault} if fault else None)


@router.post("/send")
def send(request: Request, admin: Editor, newsletter_id: int, sure: Annotated[str, Form()] = "") -> Response:
    """Begin an issue now, outside its slots, when the box is ticked."""
    deps, stored = deps_of(request), _stored(request, newsletter_id)
    choice = _choice(request, newsletter_id, (), "")
    if not sure:
        return _page(request, admin, stored, choice, faults={"sure": "Tick the box if you mean it."})
    now = deps.clock()
    try:
        issue_id = send_now(deps.database, deps.enqueue, stored.value.slug, now)
    except IssueError as error:
        return _page(request, admin, stored, choice, faults={"sure": str(error)})
    with deps.database.write() as session:
        audit(session, admin.login, "newsletter.send", f"newsletter {newsletter_id}", now, ({}, {"issue": issue_id}))
    return RedirectResponse(f"/admin/issues/{issue_id}", 303)


def post_test(request: Request, admin: Admin, draft: Draft, to: str, target: str) -> tuple[str, str]:
    """Send a draft to the addresses that were typed; what became of it, else what is wrong. target: for the log."""
    deps = deps_of(request)
    try:
        addresses = [parse_address(one).address for one in to.replace(",", " ").split()]
    except AddressError as error:
        return "", str(error)
    if not 0 < len(addresses) <= _MOST_TESTS:
        return "", f"Write one to {_MOST_TESTS} addresses."
    now = deps.clock()
    post = PostOffice(deps.keys, deps.site, deps.suppression_key)
    said = _outcome_words(send_test(deps.transport(), post, draft, addresses, now))
    with deps.database.write() as session:
        after = {"mails": len(addresses), "outcome": said}
        audit(session, admin.login, f"{target.split(maxsplit=1)[0]}.test", target, now, ({}, after))
    return said, ""


def _draft(request: Request, newsletter_id: int, choice: Choice) -> tuple[Draft | None, str]:
    deps = deps_of(request)
    try:
        found = draft_for(deps.database, deps.site, newsletter_id, choice, deps.clock())
    except (IssueError, TemplateError) as error:
        return None, str(error)
    return found, "" if found else "There is no article in these topics yet."


def _choice(request: Request, newsletter_id: int, topics: Sequence[str], language: str) -> Choice:
    value = _stored(request, newsletter_id).value
    chosen = frozenset(topics) & frozenset(value.topics)
    return Choice(chosen or frozenset(value.topics), language if language in LANGUAGES else value.language)


def _outcome_words(outcomes: Sequence[Outcome]) -> str:
    taken = sum(isinstance(one, Accepted) for one in outcomes)
    refused = [one.reply.text for one in outcomes if isinstance(one, Deferred | Failed)]
    words = f"{taken} of {len(outcomes)} taken by the mail server."
    return f"{words} It said: {refused[0]}" if refused else words


def _stored(request: Request, newsletter_id: int) -> StoredNewsletter:
    with deps_of(request).database.read() as session:
        found = newsletter(session, newsletter_id)
    if found is None:
        raise HTTPException(404)
    return found


def _page(  # noqa: PLR0913 - what the page shows
    request: Request,
    admin: Admin,
    stored: StoredNewsletter,
    choice: Choice,
    *,
    to: str = "",
    said: str = "",
    faults: dict[str, str] | None = None,
    count: bool = False,
) -> Response:
    deps = deps_of(request)
    draft, fault = _draft(request, stored.id, choice)
    with deps.database.read() as session:
        is_costly = not count and has_more_readers(session, stored.id, _COUNTED_AT_ONCE)
    try:
        is_counted = draft and not is_costly
        all_readers = whole(deps.database, deps.site, stored.value.slug, deps.clock()) if is_counted else None
    except (IssueError, TemplateError):
        all_readers = None
    return private_page(
        request,
        "admin/draft.html",
        status=422 if faults else 200,
        admin=admin,
        stored=stored,
        choice=choice,
        languages=own_names(LANGUAGES),
        draft=readable(draft.body) if draft else None,
        is_next=bool(draft and draft.is_next),
        fault=fault,
        all_readers=all_readers,
        is_costly=is_costly,
        to=to,
        said=said,
        faults=faults or {},
    )
