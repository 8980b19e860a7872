"""Every page that visitors and readers can come to, with something on it; and the site served on loopback for a browser."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from sqlmodel import select

from syndication.domain.states import Cadence, IssueState, SubscriptionStatus
from syndication.domain.tokens import Purpose
from syndication.store.tables import IssueArticleRow, IssueRow, NewsletterRow, ScheduleRow
from syndication.store.tables.articles import ArticleRow
from tests.support import rows
from tests.support.web_server import Reply, Seen, web_server
from tests.support.website import KEYS, SITE, Website

_KEPT = frozenset({"accept-language", "content-type", "cookie", "origin", "referer", "user-agent"})


def furnish(website: Website) -> tuple[str, ...]:
    """Articles, past issues, own hours and a second cadence; answers the addresses of the pages for everybody."""
    (first, *_) = website.articles(
        "agents", titles=("Uno", "Due con un titolo che non finisce mai su uno schermo piccolo")
    )
    with website.database.write() as session:
        uid = session.get_one(ArticleRow, first).uid
        letter = session.exec(select(NewsletterRow)).one()
        letter.own_hours = True
        session.add(letter)
        schedule = session.exec(select(ScheduleRow)).one()
        for number, state in enumerate((IssueState.SENT, IssueState.EMPTY, IssueState.SKIPPED)):
            row = IssueRow(
                newsletter_id=schedule.newsletter_id,
                schedule_id=schedule.id,
                slot=website.now - timedelta(weeks=number),
                state=state,
                created_at=website.now,
            )
            session.add(row)
            session.flush()
            session.add(IssueArticleRow(issue_id=row.id or 0, article_id=first))
    letter_page = "/newsletters/weekly/"
    feeds = ("/feeds/", "/feeds/all/", "/feeds/topics/agents/")
    forms = ("/", "/subscribe", "/subscribe/sent", "/link", "/link/sent")
    return (*forms, *feeds, letter_page, f"{letter_page}1", f"{letter_page}sample", f"/articles/{uid}", "/nothing")


def monthly_too(website: Website) -> None:
    """The newsletter offers a monthly issue beside the weekly one."""
    with website.database.write() as session:
        letter = session.exec(select(NewsletterRow.id)).one() or 0
        slot = website.now + timedelta(days=20)
        rows.add_schedule(session, letter, cadence=Cadence.MONTHLY, zone="Europe/Rome", next_slot=slot)


def own_pages(website: Website, language: str) -> tuple[str, ...]:
    """A reader who speaks a language and has a private feed; answers the addresses of their pages."""
    visitor, number = website.visitor(), website.reader("agents", status=SubscriptionStatus.UNCONFIRMED)
    confirm, preferences, leave = (
        website.link(purpose, number) for purpose in (Purpose.CONFIRM, Purpose.PREFERENCES, Purpose.UNSUBSCRIBE)
    )
    visitor.post(confirm)
    visitor.post(preferences, data={"topics": ["agents"], "language": language})
    visitor.post(f"{preferences}/feed")
    monthly_too(website)
    yours = f"/yours/{KEYS.sign_for_an_hour(Purpose.YOURS, number, website.now)}"
    return confirm, preferences, leave, yours


@contextmanager
def on_loopback(website: Website) -> Iterator[str]:
    """Serve the site until the end of the block; gives its address."""
    with web_server(lambda _: Reply(503)) as server:
        address = server.url("")
        visitor = website.visitor(site=replace(SITE, public_url=address))

        def answer(seen: Seen) -> Reply:
            kept = {name: value for name, value in seen.headers.items() if name in _KEPT} | {"host": address[7:]}
            got = visitor.request(seen.method, seen.path, content=seen.body, headers=kept)
            hidden = {"content-length", "transfer-encoding"}
            headers = {name: value for name, value in got.headers.items() if name not in hidden}
            return Reply(got.status_code, headers, got.content)

        server.script = answer
        yield address
