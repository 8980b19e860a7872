"""Commands for an issue in review: hold it, send it now, change its introduction, drop or add an article."""

from typing import Annotated, Final

import typer

from syndication.app import now, open_app
from syndication.cli.announcing import issues
from syndication.cli.issues import IssueId, say
from syndication.cli.output import errors_in_words, out
from syndication.domain.states import Edit
from syndication.settings import load_settings
from syndication.store.issues import cancel_issue
from syndication.store.reviewing import Words, edit_article, hold, send_reviewed, words_of, write_words

__all__ = ["issues"]

ArticleId = Annotated[int, typer.Argument(help="The article's number.")]

_AGAIN: Final = "It is composed again within seconds, then its review goes on."


@issues.command("hold", epilog="Example: syndication issues hold 12")
def hold_it(issue: IssueId) -> None:
    """Keep an issue in review until you send or skip it."""
    with errors_in_words(), open_app(load_settings()) as app, app.database.write() as session:
        done = hold(session, issue)
    say(issue, "held", done=done)


@issues.command("send-now", epilog="Example: syndication issues send-now 12")
def send_it(issue: IssueId) -> None:
    """End the review of an issue before its slot: it goes out."""
    with errors_in_words(), open_app(load_settings()) as app, app.database.write() as session:
        done = send_reviewed(session, issue, now())
    say(issue, "sent", done=done)


@issues.command("skip", epilog="Example: syndication issues skip 12")
def skip(issue: IssueId) -> None:
    """Leave this one out: nobody gets it, and its articles come with the next issue."""
    with errors_in_words(), open_app(load_settings()) as app:
        done = cancel_issue(app.database, issue, now())
    say(issue, "skipped", done=done)


@issues.command("intro", epilog="Example: syndication issues intro 12 'A short week: two stories.'")
def intro(issue: IssueId, words: Annotated[str, typer.Argument(help="Your words, Markdown; '' for none.")]) -> None:
    """Put words of yours above the stories of an issue in review."""
    with errors_in_words(), open_app(load_settings()) as app, app.database.write() as session:
        write_words(session, issue, Words(words_of(session, issue).subject, words))
    out.print(f"Issue {issue} has its introduction. {_AGAIN}")


@issues.command("subject", epilog="Example: syndication issues subject 12 'Two stories and a correction'")
def subject(
    issue: IssueId, words: Annotated[str, typer.Argument(help="Your subject; '' for the strongest headline.")]
) -> None:
    """Put a subject of yours on an issue in review."""
    with errors_in_words(), open_app(load_settings()) as app, app.database.write() as session:
        write_words(session, issue, Words(words, words_of(session, issue).intro))
    out.print(f"Issue {issue} has its subject. {_AGAIN}")


@issues.command("drop", epilog="Example: syndication issues drop 12 345")
def drop(issue: IssueId, article: ArticleId) -> None:
    """Take an article out of an issue in review; it comes in no later one."""
    _edit(issue, article, Edit.DROP)
    out.print(f"Article {article} is out of issue {issue}. {_AGAIN}")


@issues.command("add", epilog="Example: syndication issues add 12 345")
def add(issue: IssueId, article: ArticleId) -> None:
    """Add an article of the history to an issue in review, or one that was dropped from it."""
    _edit(issue, article, Edit.ADD)
    out.print(f"Article {article} is in issue {issue}. {_AGAIN}")


def _edit(issue: int, article: int, edit: Edit) -> None:
    with errors_in_words(), open_app(load_settings()) as app, app.database.write() as session:
        edit_article(session, issue, article, edit, "command", now())
