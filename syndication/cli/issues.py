"""`syndication issues …`: list, send, show who got it and why, pause, resume, cancel, send to the rest."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from syndication.app import App, later, now, open_app
from syndication.cli.output import FAILED, Json, errors_in_words, out, print_facts, print_json, report
from syndication.deliver.addresses import parse_address
from syndication.deliver.retry import LIFETIME
from syndication.domain.errors import StoreError
from syndication.domain.plural import plural
from syndication.domain.spreadsheet import guarded
from syndication.domain.states import DeliveryState
from syndication.domain.tokens import suppression_mark
from syndication.jobs.compose import compose_issue, preview, send_now
from syndication.jobs.deliver import deliver_ready
from syndication.settings import load_settings
from syndication.store.admins import audit
from syndication.store.counting import Chosen
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

issues = typer.Typer(no_args_is_help=True)

IssueId = Annotated[int, typer.Argument(help="The issue's number, as `issues list` shows it.")]
_COLUMNS: Final = ("subscriber", "address", "state", "why", "reply", "attempts", "settled")


@issues.command("list", epilog="Example: syndication issues list --json")
def list_all(*, as_json: Json = False) -> None:
    """The latest issues, newest first."""
    with errors_in_words(), open_app(load_settings()) as app, app.database.read() as session:
        rows = [
            {
                "issue": line.id,
                "newsletter": line.newsletter,
                "slot": line.slot,
                "state": line.state.value,
                "readers": line.planned,
                "subject": line.subject,
                "note": line.note,
            }
            for line in list_issues(session)
        ]
    report(rows, as_json=as_json, columns=("issue", "newsletter", "slot", "state", "readers", "subject", "note"))


@issues.command("send", epilog="Example: syndication issues send weekly --dry-run")
def send(
    newsletter: Annotated[str, typer.Argument(help="The newsletter's slug.")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go out.")] = False,
    as_json: Json = False,
) -> None:
    """Send an issue now, with what is new since the last one."""
    with errors_in_words(), open_app(load_settings()) as app:
        facts = _would_send(app, newsletter) if dry_run else _send(app, newsletter)
    if as_json:
        print_json(facts)
    else:
        print_facts(facts)


def _would_send(app: App, newsletter: str) -> dict[str, object]:
    seen = preview(app.database, app.site, newsletter, now())
    return {
        "readers": seen.readers,
        "readers without news": seen.without_news,
        "digests": seen.digests,
        "articles": [story.title for story in seen.stories],
        "subject": seen.sample.subject if seen.sample else "",
    }


def _send(app: App, newsletter: str) -> dict[str, object]:
    issue_id = send_now(app.database, later, newsletter, now())
    composed = compose_issue(app.database, app.site, issue_id, now())
    app.preflight().open_gates(now())
    done = deliver_ready(app.database, app.transport(), app.post_office(), now, lambda: False)
    with app.database.read() as session:
        summary = issue_summary(session, issue_id)
    note = summary.line.note if summary else ""
    facts = {"issue": issue_id, "state": composed.state, "readers": composed.planned, "accepted": done.accepted}
    return {**facts, **({"note": note} if note else {})}


@issues.command("show", epilog="Example: syndication issues show 12 --state failed")
def show(
    issue: IssueId,
    *,
    state: Annotated[DeliveryState | None, typer.Option("--state", help="Only deliveries in this state.")] = None,
    reader: Annotated[str, typer.Option("--reader", help="Only why this address got it, or did not.")] = "",
    most: Annotated[int, typer.Option("--most", min=0, help="How many deliveries to list.")] = 20,
    to: Annotated[Path | None, typer.Option("--csv", help="Write all of these deliveries into this file.")] = None,
    as_json: Json = False,
) -> None:
    """One issue: its window, its digests, who got it, who did not and why."""
    chosen = Chosen(state)
    with errors_in_words(), open_app(load_settings()) as app, app.database.read() as session:
        summary = issue_summary(session, issue)
        if summary is None:
            message = f"There is no issue {issue}. `syndication issues list` shows them all."
            raise StoreError(message)
        if reader:
            _show_reader(_explained(app, issue, reader), as_json=as_json)
            return
        if to:
            number = _write_csv(to, all_delivery_rows(session, issue, chosen))
            out.print(f"{to} has {plural(number, 'delivery', 'deliveries')}.")
            return
        lines = delivery_rows(session, issue, chosen, limit=most)
    _show(summary, [_row(line) for line in lines], as_json=as_json)


def _show(summary: IssueSummary, rows: list[dict[str, Any]], *, as_json: bool) -> None:
    line = summary.line
    facts: dict[str, object] = {
        "issue": line.id,
        "newsletter": line.newsletter,
        "state": line.state.value,
        "slot": line.slot,
        "subject": line.subject,
        "articles": summary.articles,
        "digests": summary.digests,
        "readers": line.planned,
        "note": line.note,
        **{state.value: number for state, number in summary.counts.items()},
    }
    reasons = [
        {
            "deliveries": one.deliveries,
            "state": one.state.value,
            "why": in_words(one.state, one.fault),
            "reply": f"{one.code or ''} {one.enhanced} {one.reply}".strip(),
        }
        for one in summary.tallies
    ]
    if as_json:
        print_json({**facts, "reasons": reasons, "deliveries": rows})
        return
    print_facts(facts)
    for title, data in (("what became of them", reasons), ("deliveries", rows)):
        if data:
            out.print()
            report(data, as_json=False, columns=tuple(data[0]), title=title)


def _explained(app: App, issue: int, reader: str) -> Explained:
    key = parse_address(reader).key
    with app.database.read() as session:
        return explain(session, issue, key, suppression_mark(app.keys.suppression, key))


def _show_reader(found: Explained, *, as_json: bool) -> None:
    facts: dict[str, object] = {
        "state": found.state.value if found.state else "no delivery",
        "why": found.why,
        "reply": found.reply,
        "at": found.at,
        "attempts": found.attempts,
    }
    if as_json:
        print_json(facts)
    else:
        print_facts(facts)


def _write_csv(to: Path, lines: Iterator[DeliveryLine]) -> int:
    try:
        with to.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, _COLUMNS, lineterminator="\n")
            writer.writeheader()
            number = 0
            for line in lines:
                writer.writerow({name: guarded(value) for name, value in _row(line).items()})
                number += 1
            return number
    except OSError as error:
        message = f"{to}: cannot be written: {error.strerror}."
        raise StoreError(message) from error


def _row(line: DeliveryLine) -> dict[str, Any]:
    return {
        "subscriber": line.subscriber_id,
        "address": line.address,
        "state": line.state.value,
        "why": line.why,
        "reply": f"{line.code or ''} {line.enhanced} {line.reply}".strip(),
        "attempts": line.attempt,
        "settled": line.settled_at,
    }


@issues.command("pause", epilog="Example: syndication issues pause 12")
def pause(issue: IssueId) -> None:
    """Stop an issue that is being sent; nobody more gets it until `resume`."""
    with errors_in_words(), open_app(load_settings()) as app, app.database.write() as session:
        done = pause_issue(session, issue, "Paused by command.")
    say(issue, "paused", done=done)


@issues.command("resume", epilog="Example: syndication issues resume 12")
def resume(issue: IssueId) -> None:
    """Go on with a paused issue; who had it does not get it again."""
    with errors_in_words(), open_app(load_settings()) as app, app.database.write() as session:
        done = resume_issue(session, issue)
    say(issue, "resumed", done=done)


@issues.command("cancel", epilog="Example: syndication issues cancel 12")
def cancel(issue: IssueId) -> None:
    """End an issue for good; who did not get it finds its articles in the next one."""
    with errors_in_words(), open_app(load_settings()) as app:
        done = cancel_issue(app.database, issue, now())
    say(issue, "cancelled", done=done)


@issues.command("rest", epilog="Example: syndication issues rest 12")
def rest(
    issue: IssueId,
    *,
    unknown: Annotated[
        bool, typer.Option("--unknown", help="Also to those whose mail may have arrived: they may get it twice.")
    ] = False,
) -> None:
    """Send an issue that is over to those who did not get it, for no fault of theirs. Only until the next issue."""
    with errors_in_words(), open_app(load_settings()) as app:
        number = send_to_rest(app.database, issue, now(), LIFETIME, unknown=unknown)
    out.print(
        f"{plural(number, 'more delivery goes', 'more deliveries go')} out; a running `serve` sends them, or `syndication deliver`."
    )


@issues.command("check", epilog="Example: syndication issues check 12")
def check(issue: IssueId, *, as_json: Json = False) -> None:
    """Check an issue as before sending. One that is held goes on when nothing stands in its way any more."""
    with errors_in_words(), open_app(load_settings()) as app:
        found = app.preflight().check(issue, now())
        held = any(one.holds for one in found)
        with app.database.write() as session:
            is_waiting, _ = findings_of(session, issue)
            goes_on = is_waiting and not held and resume_issue(session, issue)
    rows = [{"check": one.check, "problem": one.problem, "remedy": one.remedy, "holds": one.holds} for one in found]
    if as_json:
        print_json({"issue": issue, "findings": rows, "goes_on": goes_on})
    elif rows:
        report(rows, as_json=False, columns=("check", "problem", "remedy", "holds"))
    else:
        out.print(f"Nothing stands in the way of issue {issue}.{' It goes on.' if goes_on else ''}")
    if held:
        raise SystemExit(FAILED)


@issues.command("send-anyway", epilog="Example: syndication issues send-anyway 12")
def anyway(issue: IssueId) -> None:
    """Send an issue that the check before sending holds. It is kept that you did."""
    with errors_in_words(), open_app(load_settings()) as app, app.database.write() as session:
        _, found = findings_of(session, issue)
        done = send_anyway(session, issue)
        if done:
            overruled = {"findings": [one.problem for one in found]}
            audit(session, "command", "issue.send_anyway", f"issue {issue}", now(), (overruled, {}))
    say(issue, "sent anyway", done=done)


def say(issue: int, what: str, *, done: bool) -> None:
    """Say that an issue is paused, held and so on, or end the command because it cannot be."""
    if done:
        out.print(f"Issue {issue} is {what}.")
        return
    out.print(f"Issue {issue} cannot be {what} now. `syndication issues show {issue}` says how it stands.")
    raise SystemExit(FAILED)
