"""The operator is told of trouble once a cause, by every channel, and told again only when it came back."""

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from sqlmodel import select

from syndication.domain.states import Health, IssueState
from syndication.domain.troubles import Trouble
from syndication.jobs.alerts import Channels, tell_troubles
from syndication.store.database import Database
from syndication.store.tables import AlertRow, IssueRow, SourceRow
from tests.support import rows
from tests.support.rows import NOW
from tests.support.smtp import SmtpServer

MINUTE = timedelta(minutes=1)
DISK = Trouble("disk", "The disk is full.", "Free some space.")


class Webhook:
    """Somebody's receiver; answers as it is told."""

    def __init__(self) -> None:
        self.told: list[dict[str, str]] = []
        self.status = 204
        webhook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                webhook.told.append(json.loads(body))
                self.send_response(webhook.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/hook"

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    webhook = Webhook()
    yield webhook
    webhook.stop()


@pytest.fixture
def troubled(database: Database) -> Database:
    """A gone source, a paused issue, and one that does not get out."""
    with database.write() as session:
        rows.add_topic(session, "agents")
        newsletter = rows.add_newsletter(session, "weekly", ["agents"])
        source = session.get_one(SourceRow, rows.add_source(session, "radar"))
        source.health, source.last_error = Health.GONE, "It says 410."
        notes = {
            IssueState.PAUSED: "The gate is red.",
            IssueState.SENDING: "Waiting for the mail server, which says: 535",
        }
        for state, note in notes.items():
            session.add(IssueRow(newsletter_id=newsletter, state=state, note=note, created_at=NOW))
    return database


def test_each_cause_is_told_once_with_what_to_do(troubled: Database, webhook: Webhook) -> None:
    channels = Channels("https://news.example.org", webhook=webhook.url)
    assert tell_troubles(troubled, channels, [DISK], NOW) == 4
    assert {told["cause"].partition(":")[0] for told in webhook.told} == {"source", "issue", "waiting", "disk"}
    assert all(told["remedy"] and told["site"] == "https://news.example.org" for told in webhook.told)
    assert tell_troubles(troubled, channels, [DISK], NOW + MINUTE) == 0
    assert len(webhook.told) == 4


def test_what_ended_and_came_back_is_told_again(database: Database, webhook: Webhook) -> None:
    channels = Channels("https://news.example.org", webhook=webhook.url)
    for besides in ([DISK], [], [DISK]):
        tell_troubles(database, channels, besides, NOW)
    assert [told["cause"] for told in webhook.told] == ["disk", "disk"]


def test_a_channel_that_fails_is_tried_again_ever_more_slowly(database: Database, webhook: Webhook) -> None:
    channels = Channels("https://news.example.org", webhook=webhook.url)
    webhook.status = 500
    for minutes in range(8):
        tell_troubles(database, channels, [DISK], NOW + minutes * MINUTE)
    assert len(webhook.told) == 4  # after 0, 1, 3 and 7 minutes
    with database.read() as session:
        assert "answered 500" in session.exec(select(AlertRow.last_error)).one()
    webhook.status = 200
    assert tell_troubles(database, channels, [DISK], NOW + 15 * MINUTE) == 1


def test_a_command_gets_the_words(database: Database, tmp_path: Path) -> None:
    target = tmp_path / "told"
    assert tell_troubles(database, Channels("https://news.example.org", command=f"tee {target}"), [DISK], NOW) == 1
    assert target.read_text("utf-8").splitlines() == [
        "The disk is full.", "", "Free some space.", "", "https://news.example.org/admin/",
    ]  # fmt: skip


@pytest.mark.parametrize("command", ["false", "/no/such/program", "'"])
def test_a_command_that_fails_is_no_word(database: Database, command: str) -> None:
    assert tell_troubles(database, Channels("https://news.example.org", command=command), [DISK], NOW) == 0


def test_one_channel_that_works_is_enough(database: Database) -> None:
    channels = Channels("https://news.example.org", webhook="http://127.0.0.1:9/", command="true")
    assert tell_troubles(database, channels, [DISK], NOW) == 1


def test_mail_goes_over_a_server_of_its_own(database: Database) -> None:
    with SmtpServer() as server:
        channels = Channels("https://news.example.org", smtp=server.url, recipient="ops@example.org")
        assert tell_troubles(database, channels, [DISK], NOW) == 1
        mail = server.messages[0]
    assert (mail.sender, mail.recipient) == ("ops@example.org", "ops@example.org")
    assert b"Subject: The disk is full." in mail.message
    assert b"Free some space." in mail.message


def test_a_mail_server_that_refuses_is_no_word(database: Database) -> None:
    with SmtpServer(fault=lambda stage, _: "550 5.7.1 No" if stage == "mail" else None) as server:
        channels = Channels("https://news.example.org", smtp=server.url, recipient="ops@example.org")
        assert tell_troubles(database, channels, [DISK], NOW) == 0
