"""The console's pages of issues: how each stands, who got it, who did not and why; pause, resume, cancel, send to the rest."""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from types import MappingProxyType
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Form, HTTPException, Query
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from syndication.deliver.addresses import parse_address
from syndication.deliver.retry import LIFETIME
from syndication.domain.delivery import Fault
from syndication.domain.errors import AddressError, IssueError
from syndication.domain.roles import Role
from syndication.domain.seams import Task
from syndication.domain.spreadsheet import guarded
from syndication.domain.states import UNSETTLED, DeliveryState, IssueState
from syndication.domain.tokens import suppression_mark
from syndication.store.admins import Admin, audit
from syndication.store.browsing import offers
from syndication.store.counting import Chosen
from syndication.store.database import Database
from syndication.store.dossiers import dossier_of
from syndication.store.explaining import Explained, explain, in_words
from syndication.store.gating import findings_of, send_anyway
from syndication.store.issues import (
    DeliveryLine,
    IssueSummary,
    all_delivery_rows,
    cancel_issue,
    delivery_rows,
    issue_summary,
    list_issues,
    pause_issue,
    resume_issue,
)
from syndication.store.resending import send_to_rest
from syndication.store.reviewing import hold, send_reviewed
from syndication.web.admin.access import Editor, SignedIn
from syndication.web.deps import Deps, deps_of
from syndication.web.render import private_page
from syndication.web.security import PRIVATE

router = APIRouter(prefix="/admin/issues")

_LISTED: Final = 50
_PAGE: Final = 50
_LINES_A_PIECE: Final = 1_000
_COLUMNS: Final = ("subscriber", "address", "state", "why", "code", "enhanced", "reply", "attempts", "settled")


@dataclass(frozen=True, slots=True)
class Act:
    """What a button does. question: asked before. states: in which it is offered. run: does it; False when it is too late."""

    label: str
    question: str
    states: frozenset[IssueState]
    run: Callable[[Database, int, datetime], bool]


def _pause(database: Database, issue_id: int, now: datetime) -> bool:
    del now
    with database.write() as session:
        return pause_issue(session, issue_id, "Paused in the console.")


def _resume(database: Database, issue_id: int, now: datetime) -> bool:
    del now
    with database.write() as session:
        return resume_issue(session, issue_id)


def _rest(database: Database, issue_id: int, now: datetime) -> bool:
    return send_to_rest(database, issue_id, now, LIFETIME) > 0


def _anyway(database: Database, issue_id: int, now: datetime) -> bool:
    del now
    with database.write() as session:
        return send_anyway(session, issue_id)


def _hold(database: Database, issue_id: int, now: datetime) -> bool:
    del now
    with database.write() as session:
        return hold(session, issue_id)


def _send_reviewed(database: Database, issue_id: int, now: datetime) -> bool:
    with database.write() as session:
        return send_reviewed(session, issue_id, now)


ACTS: Final = MappingProxyType(
    {
        "send": Act("Send now", "Its review ends, and it goes out.", frozenset({IssueState.REVIEW}), _send_reviewed),
        "hold": Act(
            "Hold",
            "It waits until you send or cancel it; later slots are skipped.",
            frozenset({IssueState.REVIEW}),
            _hold,
        ),
        "pause": Act("Pause", "Nobody more gets it until you resume it.", frozenset({IssueState.SENDING}), _pause),
        "resume": Act(
            "Resume",
            "It goes on where it stopped; who had it does not get it again.",
            frozenset({IssueState.PAUSED}),
            _resume,
        ),
        "anyway": Act(
            "Send anyway",
            "The check before sending found something. It goes out all the same, and it is kept that you decided so.",
            frozenset({IssueState.PAUSED}),
            _anyway,
        ),
        "cancel": Act(
            "Cancel",
            "It ends for good. Who has not had it finds its articles in the next issue.",
            frozenset({IssueState.DUE, IssueState.COMPOSING, IssueState.REVIEW, IssueState.SENDING, IssueState.PAUSED}),
            cancel_issue,
        ),
        "rest": Act(
            "Send to the rest",
            "Who did not get it for no fault of theirs (cancelled, too late, or the server refused us) gets the same mail now.",
            frozenset({IssueState.SENT, IssueState.CANCELLED}),
            _rest,
        ),
    }
)


@router.get("/")
def issues_page(request: Request, admin: SignedIn) -> Response:
    """The latest issues."""
    with deps_of(request).database.read() as session:
        issues, letters = list_issues(session, _LISTED), _letters(session)
    return private_page(request, "admin/issues.html", admin=admin, issues=issues, newsletters=letters)


@router.get("/readers/{subscriber_id}")
def reader_page(request: Request, admin: Editor, subscriber_id: int) -> Response:
    """Every mail to one reader, with what became of it."""
    with deps_of(request).database.read() as session:
        found = dossier_of(session, subscriber_id)
    if found is None:
        raise HTTPException(404)
    return private_page(request, "admin/reader_mails.html", admin=admin, reader=found)


@router.get("/{issue_id}")
def issue_page(  # noqa: PLR0913 - the filters in the address
    request: Request,
    admin: SignedIn,
    issue_id: int,
    *,
    state: DeliveryState | None = None,
    fault: Fault | None = None,
    code: Annotated[int | None, Query()] = None,
    enhanced: Annotated[str | None, Query()] = None,
    after: int = 0,
    reader: str = "",
) -> Response:
    """One issue: counts with the servers' replies, the deliveries of one kind, one reader looked up."""
    deps = deps_of(request)
    chosen = Chosen(state, fault, code, enhanced)
    with deps.database.read() as session:
        summary = issue_summary(session, issue_id)
        if summary is None:
            raise HTTPException(404)
        lines = delivery_rows(session, issue_id, chosen, after=after, limit=_PAGE + 1)
        is_waiting, findings = findings_of(session, issue_id)
        letters = _letters(session)
    found, fault_words = _look_up(deps, issue_id, reader)
    filters = {name: str(value) for name, value in chosen._asdict().items() if value is not None}
    return private_page(
        request,
        "admin/issue.html",
        admin=admin,
        summary=summary,
        newsletters=letters,
        settled=_settled(summary),
        rows=lines[:_PAGE],
        in_words=in_words,
        chosen=chosen,
        filters=urlencode(filters),
        next_page=urlencode({**filters, "after": lines[_PAGE - 1].subscriber_id}) if len(lines) > _PAGE else "",
        is_editor=admin.role.includes(Role.EDITOR),
        acts={
            name: act
            for name, act in ACTS.items()
            if admin.role.includes(Role.EDITOR)
            and summary.line.state in act.states
            and (name != "anyway" or is_waiting)
        },
        is_waiting=is_waiting,
        findings=findings,
        reader=reader,
        found=found,
        fault=fault_words,
    )


@router.get("/{issue_id}/deliveries.csv")
def deliveries_csv(request: Request, admin: Editor, issue_id: int, state: DeliveryState | None = None) -> Response:
    """All deliveries of an issue, or those in one state, as a file."""
    del admin
    deps = deps_of(request)
    with deps.database.read() as session:
        if issue_summary(session, issue_id) is None:
            raise HTTPException(404)
    name = f"issue-{issue_id}{f'-{state}' if state else ''}.csv"
    return StreamingResponse(
        _csv(deps.database, issue_id, Chosen(state)),
        media_type="text/csv; charset=utf-8",
        headers={**PRIVATE, "Content-Disposition": f'attachment; filename="{name}"'},
    )


@router.get("/{issue_id}/{act}")
def ask(request: Request, admin: Editor, issue_id: int, act: str) -> Response:
    """The question before anything is done."""
    if act not in ACTS:
        raise HTTPException(404)
    return _question(request, admin, issue_id, act)


@router.post("/{issue_id}/{act}")
def do(request: Request, admin: Editor, issue_id: int, act: str, sure: Annotated[str, Form()] = "") -> Response:
    """Do it, when the question was answered, and keep who did."""
    if act not in ACTS:
        raise HTTPException(404)
    if not sure:
        return _question(request, admin, issue_id, act)
    deps = deps_of(request)
    now = deps.clock()
    try:
        done = ACTS[act].run(deps.database, issue_id, now)
    except IssueError as error:
        return _question(request, admin, issue_id, act, fault=str(error))
    if not done:
        fault = "There is nothing to do any more: the issue has moved on meanwhile."
        return _question(request, admin, issue_id, act, fault=fault)
    with deps.database.write() as session:
        _, found = findings_of(session, issue_id)
        overruled = {"findings": [one.problem for one in found]} if act == "anyway" else {}
        audit(session, admin.login, f"issue.{act}", f"issue {issue_id}", now, (overruled, {}))
    deps.enqueue(Task.SWEEP, "sweep")
    return RedirectResponse(f"/admin/issues/{issue_id}", 303)


def _question(request: Request, admin: Admin, issue_id: int, act: str, *, fault: str = "") -> Response:
    with deps_of(request).database.read() as session:
        summary, letters = issue_summary(session, issue_id), _letters(session)
    if summary is None:
        raise HTTPException(404)
    return private_page(
        request,
        "admin/issue_act.html",
        status=409 if fault else 200,
        admin=admin,
        summary=summary,
        newsletters=letters,
        act_name=act,
        act=ACTS[act],
        fault=fault,
    )


def _look_up(deps: Deps, issue_id: int, reader: str) -> tuple[Explained | None, str]:
    """What became of one reader, by address; else what is wrong with the address."""
    if not reader.strip():
        return None, ""
    try:
        key = parse_address(reader).key
    except AddressError as error:
        return None, str(error)
    with deps.database.read() as session:
        return explain(session, issue_id, key, suppression_mark(deps.suppression_key, key)), ""


def _settled(summary: IssueSummary) -> int:
    """How many deliveries have come to an end."""
    return sum(number for state, number in summary.counts.items() if state not in UNSETTLED)


def _csv(database: Database, issue_id: int, chosen: Chosen) -> Iterator[str]:
    """In pieces of many lines: each piece is a change of threads, which costs fifty times what a line does (measured)."""
    with database.read() as session:
        yield ",".join(_COLUMNS) + "\n"
        lines = map(_csv_line, all_delivery_rows(session, issue_id, chosen))
        while piece := "".join(islice(lines, _LINES_A_PIECE)):
            yield piece


def _csv_line(line: DeliveryLine) -> str:
    file = io.StringIO()
    values = (
        line.subscriber_id,
        line.address,
        line.state.value,
        line.why,
        line.code,
        line.enhanced,
        line.reply,
        line.attempt,
        line.settled_at,
    )
    csv.writer(file, lineterminator="\n").writerow([guarded(value) for value in values])
    return file.getvalue()


def _letters(session: Session) -> dict[str, str]:
    """Titles of newsletters by slug."""
    return {one.newsletter.slug: one.newsletter.title for one in offers(session)}
