"""Commands about mail: issues, deliver, subscribers."""

from typing import Annotated

import typer

from syndication.app import App, now, open_app
from syndication.cli.content import later
from syndication.cli.output import FAILED, Json, errors_in_words, out, print_facts, print_json, report
from syndication.domain.errors import StoreError
from syndication.jobs.compose import compose_issue, preview, send_now
from syndication.jobs.deliver import deliver_ready
from syndication.settings import load_settings
from syndication.store.issues import (
    cancel_issue,
    delivery_rows,
    issue_summary,
    list_issues,
    pause_issue,
    resume_issue,
)

commands = typer.Typer()
issues = typer.Typer(help="The issues of the newsletters.", no_args_is_help=True)

IssueId = Annotated[int, typer.Argument(help="The issue's number, as `issues list` shows it.")]


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
    done = deliver_ready(app.database, app.transport(), app.post_office(), now, lambda: False)
    return {"issue": issue_id, "state": composed.state, "readers": composed.planned, "accepted": done.accepted}


@issues.command("show", epilog="Example: syndication issues show 12 --json")
def show(issue: IssueId, *, as_json: Json = False) -> None:
    """One issue: its window, its digests, what became of every delivery."""
    with errors_in_words(), open_app(load_settings()) as app:
        with app.database.read() as session:
            summary = issue_summary(session, issue)
            lines = delivery_rows(session, issue) if summary else []
        if summary is None:
            message = f"There is no issue {issue}. `syndication issues list` shows them all."
            raise StoreError(message)
    facts: dict[str, object] = {
        "issue": issue,
        "newsletter": summary.line.newsletter,
        "state": summary.line.state.value,
        "slot": summary.line.slot,
        "subject": summary.line.subject,
        "articles": summary.articles,
        "digests": summary.digests,
        "readers": summary.line.planned,
        "note": summary.line.note,
        **{state.value: number for state, number in summary.counts.items()},
    }
    rows = [
        {
            "subscriber": line.subscriber_id,
            "state": line.state.value,
            "attempts": line.attempt,
            "settled": line.settled_at,
            "reply": f"{line.code or ''} {line.reply}".strip(),
        }
        for line in lines
    ]
    if as_json:
        print_json({**facts, "deliveries": rows})
        return
    print_facts(facts)
    out.print()
    report(rows, as_json=False, columns=("subscriber", "state", "attempts", "settled", "reply"))


@issues.command("pause", epilog="Example: syndication issues pause 12")
def pause(issue: IssueId) -> None:
    """Stop an issue that is being sent; nobody more gets it until `resume`."""
    with errors_in_words(), open_app(load_settings()) as app, app.database.write() as session:
        done = pause_issue(session, issue, "Paused by command.")
    _say(issue, "paused", done=done)


@issues.command("resume", epilog="Example: syndication issues resume 12")
def resume(issue: IssueId) -> None:
    """Go on with a paused issue; who had it does not get it again."""
    with errors_in_words(), open_app(load_settings()) as app, app.database.write() as session:
        done = resume_issue(session, issue)
    _say(issue, "resumed", done=done)


@issues.command("cancel", epilog="Example: syndication issues cancel 12")
def cancel(issue: IssueId) -> None:
    """End an issue for good; who did not get it finds its articles in the next one."""
    with errors_in_words(), open_app(load_settings()) as app:
        done = cancel_issue(app.database, issue, now())
    _say(issue, "cancelled", done=done)


def _say(issue: int, what: str, *, done: bool) -> None:
    if done:
        out.print(f"Issue {issue} is {what}.")
        return
    out.print(f"Issue {issue} cannot be {what} now. `syndication issues show {issue}` says how it stands.")
    raise SystemExit(FAILED)


@commands.command(epilog="Example: syndication deliver")
def deliver(*, as_json: Json = False) -> None:
    """Send everything that waits, once. A running `serve` does this by itself."""
    with errors_in_words(), open_app(load_settings()) as app:
        done = deliver_ready(app.database, app.transport(), app.post_office(), now, lambda: False)
    facts: dict[str, object] = {
        "accepted": done.accepted,
        "deferred": done.deferred,
        "failed": done.failed,
        "unknown": done.unknown,
    }
    if as_json:
        print_json(facts)
    else:
        print_facts(facts)
