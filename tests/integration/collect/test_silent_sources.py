"""A source that brought an article a day and brings none any more: late by its own rhythm, told by mail, forgiven when it speaks."""

from datetime import timedelta
from email.utils import format_datetime

from sqlmodel import select

from syndication.collect.fetcher import SourceFetcher
from syndication.domain.states import Health
from syndication.jobs.alerts import Channels, tell_troubles
from syndication.jobs.collect import collect_source
from syndication.store.collecting import add_source
from syndication.store.database import Database
from syndication.store.tables import SourceRow
from tests.support.items import NOW, source
from tests.support.smtp import SmtpServer
from tests.support.web_server import Reply, Seen, web_server

DAY = timedelta(days=1)


def feed(days: list[int]) -> bytes:
    items = "".join(
        f"<item><guid>{day}</guid><title>Article {day}</title><link>https://e.org/{day}</link>"
        f"<pubDate>{format_datetime(NOW + day * DAY)}</pubDate></item>"
        for day in days
    )
    return (
        f"<rss version='2.0'><channel><title>Daily</title><link>https://e.org/</link>{items}</channel></rss>".encode()
    )


def test_a_source_that_goes_silent_is_late_and_the_operator_gets_one_mail(database: Database) -> None:
    days = list(range(-20, 0))

    def script(_: Seen) -> Reply:
        return Reply(body=feed(days))

    with web_server(script) as publisher, SmtpServer() as relay:
        channels = Channels("https://news.example.org", smtp=relay.url, recipient="ops@example.org")
        with database.write() as session:
            at = source(slug="daily", title="The Daily", location=publisher.url(), internal=True)
            number = add_source(session, at, NOW)

        def visit(day: float) -> tuple[Health, str]:
            now = NOW + day * DAY
            collect_source(database, SourceFetcher("Test/1"), lambda task, key, **_: None, number, now)  # noqa: ARG005 - as the seam has it
            tell_troubles(database, channels, [], now)
            with database.read() as session:
                row = session.exec(select(SourceRow)).one()
                return row.health, row.last_error

        assert visit(0.5) == (Health.OK, "")
        assert visit(1.5)[0] is Health.OK
        health, words = visit(4)
        assert health is Health.LATE
        assert words == "It usually brings an article every day and has been silent for 5 days."
        visit(4.5)
        (mail,) = relay.messages
        assert b"Subject: The source The Daily is late." in mail.message
        assert b"silent for 5 days" in mail.message

        days.append(5)
        assert visit(5.5) == (Health.OK, "")
        assert len(relay.messages) == 1
