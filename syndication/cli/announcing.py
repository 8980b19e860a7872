"""`syndication issues announce|preview|test`: a mail outside the schedules, and an issue in review looked at."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from syndication.app import App, now, open_app
from syndication.cli.issues import IssueId, issues
from syndication.cli.output import Json, errors_in_words, out, print_facts, print_json
from syndication.deliver.addresses import parse_address
from syndication.domain.digests import MailBody
from syndication.domain.errors import IssueError, StoreError
from syndication.domain.newsletters import Choice
from syndication.domain.states import IssueState
from syndication.jobs.announce import compose_announcement
from syndication.jobs.deliver import deliver_ready
from syndication.jobs.drafts import Draft, readable, send_test
from syndication.jobs.reviewed import reviewed_body
from syndication.settings import load_settings
from syndication.store.admins import audit
from syndication.store.announcing import add_articles, announce, announcement, readers_of
from syndication.store.drafting import article_id_of, draft
from syndication.store.issues import issue_summary
from syndication.store.newsletters import StoredNewsletter, default_schedule, newsletter
from syndication.store.reviewing import Words, send_reviewed, take_back

__all__ = ["issues"]

Topics = Annotated[list[str] | None, typer.Option("--topic", help="A topic's slug; may be given several times.")]
Language = Annotated[str, typer.Option("--language", help="The reader's language; else the newsletter's.")]


@issues.command("announce", epilog="Example: syndication issues announce weekly 'We move' --file words.md")
def announce_it(  # noqa: PLR0913 - the options of a command
    newsletter_name: Annotated[str, typer.Argument(metavar="NEWSLETTER", help="The newsletter's slug.")],
    subject: Annotated[str, typer.Argument(help="The mail's subject.")],
    *,
    words: Annotated[str, typer.Option("--words", help="What it says, Markdown.")] = "",
    file: Annotated[Path | None, typer.Option("--file", help="Or a file that says it.")] = None,
    topic: Topics = None,
    article: Annotated[
        list[str] | None, typer.Option("--article", help="An article to point out: its number or address.")
    ] = None,
    at: Annotated[str, typer.Option("--at", help="When it goes, as 2026-11-27T07:30 in the newsletter's zone.")] = "",
    send: Annotated[bool, typer.Option("--send", help="Send it now; else it waits for `issues send-now`.")] = False,
    as_json: Json = False,
) -> None:
    """Write one mail to the readers of a newsletter, outside its schedules. It goes to each of them once."""
    with errors_in_words(), open_app(load_settings()) as app:
        written = Words(subject, _read(file) if file else words)
        with app.database.write() as session:
            letter = newsletter(session, newsletter_name)
            if letter is None:
                message = f"There is no newsletter '{newsletter_name}'. `syndication issues list` shows the names."
                raise IssueError(message)
            of = default_schedule(session, letter.id)
            until = _instant(at, of.value.zone if of else app.site.zone)
            number = announce(session, letter.id, written, now(), topics=topic or (), until=until)
            chosen = [_number(article_id_of(session, one), one) for one in article or ()]
            add_articles(session, number, chosen, "command", now())
            audit(session, "command", "issue.announce", f"issue {number}", now(), ({}, {"subject": written.subject}))
            if send:
                send_reviewed(session, number, now())
        facts = _composed(app, number, send=send)
    if as_json:
        print_json(facts)
    else:
        print_facts(facts)


@issues.command("preview", epilog="Example: syndication issues preview 12 --topic ai-agents")
def preview_it(issue: IssueId, *, topic: Topics = None, language: Language = "", as_json: Json = False) -> None:
    """Show the mail of an issue in review as a reader of some topics would get it now."""
    with errors_in_words(), open_app(load_settings()) as app:
        body = readable(_body(app, issue, topic or (), language)[1])
    if as_json:
        print_json({"subject": body.subject, "text": body.text, "html": body.html})
    else:
        out.print(body.subject, markup=False)
        out.print()
        out.print(body.text, markup=False)


@issues.command("test", epilog="Example: syndication issues test 12 me@example.org")
def send_test_mail(
    issue: IssueId,
    to: Annotated[list[str], typer.Argument(help="Any addresses.")],
    *,
    topic: Topics = None,
    language: Language = "",
) -> None:
    """Send the mail of an issue in review to some addresses, marked [Test]; it stands in no count."""
    with errors_in_words(), open_app(load_settings()) as app:
        letter, body = _body(app, issue, topic or (), language)
        mail = Draft(letter.value, body, is_next=True)
        addresses = [parse_address(one).address for one in to]
        outcomes = send_test(app.transport(), app.post_office(), mail, addresses, now())
    for address, outcome in zip(addresses, outcomes, strict=True):
        out.print(f"{address}: {type(outcome).__name__.lower()}", markup=False)


def _body(app: App, issue: int, topics: Sequence[str], language: str) -> tuple[StoredNewsletter, MailBody]:
    with app.database.read() as session:
        found = draft(session, issue, app.site.language)
        letter = newsletter(session, found.newsletter_id) if found else None
    if found is None or letter is None:
        message = f"There is no issue {issue}. `syndication issues list` shows them all."
        raise StoreError(message)
    choice = Choice(frozenset(topics or letter.value.topics), language or letter.value.language)
    body = reviewed_body(app.database, app.site, issue, choice, now())
    if body is None:
        message = f"Nothing is new in these topics in issue {issue}: a reader of them gets no mail."
        raise IssueError(message)
    return letter, body


def _composed(app: App, number: int, *, send: bool) -> dict[str, object]:
    """Compose it here, as a running `serve` may not be there; deliver it when it goes."""
    take_back(app.database, number)
    report = compose_announcement(app.database, app.site, number, now())
    if report and report.state is IssueState.SENDING:
        app.preflight().open_gates(now())
        deliver_ready(app.database, app.transport(), app.post_office(), now, lambda: False)
    with app.database.read() as session:
        summary = issue_summary(session, number)
        written = announcement(session, number)
        # A running `serve` may have planned it before us, or be at it.
        meant = readers_of(session, written.newsletter_id, written.topics, now()) if written else 0
    state = summary.line.state.value if summary else ""
    facts: dict[str, object] = {"issue": number, "state": state, "readers": (report and report.planned) or meant}
    if summary and send:
        facts |= {one.value: count for one, count in summary.counts.items()}
    return {**facts, **({"note": summary.line.note} if summary and summary.line.note else {})}


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        message = f"{file}: cannot be read: {error}"
        raise StoreError(message) from error


def _instant(written: str, zone: str) -> datetime | None:
    if not written:
        return None
    try:
        return datetime.fromisoformat(written).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    except ValueError as error:
        message = f"'{written}' is no date with a time; write it as 2026-11-27T07:30."
        raise IssueError(message) from error


def _number(found: int | None, written: str) -> int:
    if found is None:
        message = f"There is no article '{written}'."
        raise IssueError(message)
    return found
