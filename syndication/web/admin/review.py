"""The console's page of an issue in review: its words, its articles, the mail as any reader would get it, a test."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, HTTPException, Query
from pydantic import BaseModel, ConfigDict
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from syndication.domain.digests import MailBody
from syndication.domain.errors import IssueError, TemplateError
from syndication.domain.newsletters import INTRO_LENGTH, SUBJECT_LENGTH, Choice
from syndication.domain.roles import Role
from syndication.domain.states import Edit, IssueState
from syndication.jobs import drafts
from syndication.jobs.reviewed import reviewed_body
from syndication.lang.words import LANGUAGES, own_names
from syndication.store.admins import Admin, audit
from syndication.store.announcing import readers_of, rewrite
from syndication.store.drafting import Draft, addable, article_id_of, draft
from syndication.store.newsletters import StoredNewsletter, default_schedule, newsletter
from syndication.store.reviewing import Words, edit_article, in_review, write_words
from syndication.web.admin.access import Editor, SignedIn
from syndication.web.admin.drafts import post_test
from syndication.web.admin.forms import Filled, changes, mark_of, overtaken
from syndication.web.deps import deps_of
from syndication.web.mailbox import mail_page
from syndication.web.render import private_page

router = APIRouter(prefix="/admin/issues/{issue_id}/review")

_LABELS: Final = MappingProxyType({"subject": "Subject", "intro": "Words", "topics": "Topics", "at": "Goes at"})
_BEFORE: Final = (IssueState.REVIEW, IssueState.COMPOSING, IssueState.DUE)
_SAVED: Final = MappingProxyType(
    {"words": "Saved.", "drop": "It is out.", "add": "It is in.", "": ""},
)


class _AsReader(BaseModel):
    """For whom the mail is shown."""

    model_config = ConfigDict(frozen=True)

    topics: tuple[str, ...] = ()
    language: str = ""


class _WordsForm(BaseModel):
    """What an editor writes. topics, at: of an announcement."""

    subject: str = ""
    intro: str = ""
    topics: tuple[str, ...] = ()
    at: str = ""
    mark: str = ""

    def values(self) -> dict[str, object]:
        """As they are kept."""
        intro = "\n".join(self.intro.splitlines()).strip()
        return {"subject": " ".join(self.subject.split()), "intro": intro, "topics": sorted(self.topics), "at": self.at}


_Reader = Annotated[_AsReader, Query()]


@dataclass(frozen=True, slots=True)
class _Case:
    """An issue in review with its newsletter. zone: of its times."""

    issue: Draft
    letter: StoredNewsletter
    zone: str

    def choice(self, reader: _AsReader) -> Choice:
        """What a reader wants whom the preview stands for."""
        value = self.letter.value
        chosen = frozenset(reader.topics) & frozenset(value.topics)
        language = reader.language if reader.language in LANGUAGES else value.language
        return Choice(chosen or frozenset(value.topics), language)


@router.get("")
def review_page(request: Request, admin: SignedIn, issue_id: int, reader: _Reader, saved: str = "") -> Response:
    """The forms, and the mail."""
    case = _case(request, issue_id)
    if case.issue.state not in _BEFORE:
        return RedirectResponse(f"/admin/issues/{issue_id}", 303)
    return _page(request, admin, case, reader, said=_SAVED.get(saved, ""))


@router.get("/mail")
def review_mail(request: Request, admin: SignedIn, issue_id: int, reader: _Reader) -> Response:
    """The mail itself, for a frame."""
    del admin
    case = _case(request, issue_id)
    body, fault = _body(request, case, reader)
    if body is None:
        raise HTTPException(404, fault)
    return mail_page(drafts.readable(body).html)


@router.post("")
def save_words(request: Request, admin: Editor, issue_id: int, form: Annotated[_WordsForm, Form()]) -> Response:
    """Save the words; an announcement's topics and time too."""
    deps, case = deps_of(request), _case(request, issue_id)
    values = form.values() if case.issue.is_announcement else {**form.values(), "topics": [], "at": ""}
    filled = Filled(values, form.mark)
    try:
        with deps.database.write() as session:
            in_review(session, issue_id)
            before = _values(_loaded(session, case), case.zone)
            if mark_of(before) == form.mark:
                _write(session, case, values, deps.clock())
                audit(session, admin.login, "issue.words", f"issue {issue_id}", deps.clock(), changes(before, values))
                return RedirectResponse(f"/admin/issues/{issue_id}/review?saved=words", 303)
            conflict = overtaken(session, filled, before, _LABELS, f"issue {issue_id}")
    except IssueError as error:
        return _page(request, admin, case, _AsReader(), form=replace(filled, faults={"": str(error)}))
    return _page(request, admin, case, _AsReader(), form=conflict)


@router.post("/articles")
def edit(
    request: Request,
    admin: Editor,
    issue_id: int,
    act: Annotated[Edit, Form()],
    article: Annotated[str, Form()] = "",
    other: Annotated[str, Form()] = "",
) -> Response:
    """Drop an article or add one. other: a number or address that was typed; it wins."""
    deps, now = deps_of(request), deps_of(request).clock()
    case = _case(request, issue_id)
    try:
        with deps.database.write() as session:
            number = article_id_of(session, other.strip() or article)
            if number is None:
                return _page(request, admin, case, _AsReader(), faults={"other": "There is no such article here."})
            edit_article(session, issue_id, number, act, admin.login, now)
            after = {"article": number}
            audit(session, admin.login, f"issue.{act}", f"issue {issue_id}", now, ({}, after))
    except IssueError as error:
        return _page(request, admin, case, _AsReader(), faults={"other": str(error)})
    return RedirectResponse(f"/admin/issues/{issue_id}/review?saved={act}#articles", 303)


@router.post("/test")
def send_a_test(
    request: Request,
    admin: Editor,
    issue_id: int,
    topics: Annotated[tuple[str, ...], Form()] = (),
    language: Annotated[str, Form()] = "",
    to: Annotated[str, Form()] = "",
) -> Response:
    """Send the mail as it is now to any address, marked [Test]; it is in no count."""
    case, reader = _case(request, issue_id), _AsReader(topics=topics, language=language)
    body, fault = _body(request, case, reader)
    said = ""
    if body:
        mail = drafts.Draft(case.letter.value, body, is_next=True)
        said, fault = post_test(request, admin, mail, to, f"issue {issue_id}")
    return _page(request, admin, case, reader, to=to, said=said, faults={"to": fault} if fault else None)


def _write(session: Session, case: _Case, values: Mapping[str, object], now: datetime) -> None:
    words = Words(str(values["subject"]), str(values["intro"]))
    if not case.issue.is_announcement:
        write_words(session, case.issue.id, words)
        return
    topics = values["topics"]
    assert isinstance(topics, list)  # noqa: S101 - as `_WordsForm.values` makes it
    rewrite(session, case.issue.id, words, tuple(topics), _instant(str(values["at"]), case.zone, now))


def _instant(written: str, zone: str, now: datetime) -> datetime | None:
    """When an announcement goes by itself, None for never. Raises IssueError."""
    if not written:
        return None
    try:
        at = datetime.fromisoformat(written).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    except ValueError as error:
        message = f"'{written}' is no date with a time; write it as 2026-11-27T07:30."
        raise IssueError(message) from error
    if at <= now:
        message = "That time has passed. Leave it empty, and send it with the button."
        raise IssueError(message)
    return at


def _readers(request: Request, session: Session, case: _Case) -> int:
    """How many would get this announcement now."""
    now, topics = deps_of(request).clock(), case.issue.topics
    counted = None if topics else request.state.reader_counts.of(session, now)
    return readers_of(session, case.letter.id, topics, now, counted)


def _values(issue: Draft, zone: str) -> dict[str, object]:
    """The form as it is saved."""
    at = issue.until.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M") if issue.until else ""
    announced = {"topics": sorted(issue.topics), "at": at} if issue.is_announcement else {"topics": [], "at": ""}
    return {"subject": issue.words.subject, "intro": issue.words.intro, **announced}


def _body(request: Request, case: _Case, reader: _AsReader) -> tuple[MailBody | None, str]:
    """The mail as it would be now, else why there is none."""
    deps = deps_of(request)
    try:
        body = reviewed_body(deps.database, deps.site, case.issue.id, case.choice(reader), deps.clock())
    except TemplateError as error:
        return None, str(error)
    return body, "" if body else "Nothing is new in these topics, so a reader of them gets no mail."


def _case(request: Request, issue_id: int) -> _Case:
    deps = deps_of(request)
    with deps.database.read() as session:
        found = draft(session, issue_id, deps.site.language)
        letter = newsletter(session, found.newsletter_id) if found else None
        of = default_schedule(session, letter.id) if letter else None
        if found is None or letter is None:
            raise HTTPException(404)
        issue = draft(session, issue_id, letter.value.language) or found
    return _Case(issue, letter, of.value.zone if of else deps.site.zone)


def _loaded(session: Session, case: _Case) -> Draft:
    return draft(session, case.issue.id, case.letter.value.language) or case.issue


def _page(  # noqa: PLR0913 - what the page shows
    request: Request,
    admin: Admin,
    case: _Case,
    reader: _AsReader,
    *,
    form: Filled | None = None,
    faults: Mapping[str, str] | None = None,
    to: str = "",
    said: str = "",
) -> Response:
    deps, issue = deps_of(request), case.issue
    body, fault = _body(request, case, reader)
    saved = _values(issue, case.zone)
    form = form or Filled(saved, mark_of(saved))
    with deps.database.read() as session:
        offered = addable(session, issue, case.letter.value.language)
        readers = _readers(request, session, case) if issue.is_announcement else 0
    status = form.status if form.status != 200 else 422 if faults else 200  # noqa: PLR2004 - HTTP's own
    return private_page(
        request,
        "admin/review.html",
        status=status,
        admin=admin,
        issue=issue,
        letter=case.letter,
        zone=case.zone,
        form=form,
        faults=dict(faults or {}),
        is_editor=admin.role.includes(Role.EDITOR) and issue.state is IssueState.REVIEW,
        offered={str(story.article_id): f"{story.title} ({story.source_title})" for story in offered},
        readers=readers,
        choice=case.choice(reader),
        languages=own_names(LANGUAGES),
        mail=drafts.readable(body) if body else None,
        mail_fault=fault,
        limits={"subject": SUBJECT_LENGTH, "intro": INTRO_LENGTH},
        to=to,
        said=said,
    )
