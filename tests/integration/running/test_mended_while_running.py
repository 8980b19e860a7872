"""What is mended in the settings counts without a restart, and nobody gets anything twice: a wrong password, a limit."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from syndication.app import App, Sending
from syndication.domain.states import DeliveryState, Health, IssueState
from syndication.keys import load_keys, make_keys
from syndication.settings import Reloading, load_settings
from syndication.store.database import Database
from syndication.store.tables import IssueRow, SourceRow
from syndication.upkeep import Upkeep
from tests.support import rows
from tests.support.console import colleague
from tests.support.mailing import SITE, Mailing, add_mailing, address, states
from tests.support.rows import NOW
from tests.support.smtp import SmtpServer
from tests.support.website import Website

MINUTE = timedelta(minutes=1)
RIGHT = "AG1lAHNlY3JldA=="  # PLAIN of "me" and "secret"
READERS = 7


@dataclass
class Serving:
    """`serve` with its clock in our hand: what every minute does, with the settings as their file is then."""

    sending: Sending
    upkeep: Upkeep
    now: datetime = NOW

    def minute(self) -> None:
        """Deliver, keep up, and let a minute pass."""
        self.sending.run(lambda: self.now, lambda: False)
        self.upkeep(self.now)
        self.now += MINUTE

    def minutes_until(self, done: Callable[[], bool]) -> int:
        """How many minutes it takes; 60 is for ever."""
        begun = self.now
        while not done() and self.now - begun < 60 * MINUTE:
            self.minute()
        return (self.now - begun) // MINUTE


def write_settings(folder: Path, port: int, password: str, more: str = "") -> None:
    told = json.dumps(f"tee -a {folder / 'told'}")
    url = f"smtp://me:{password}@127.0.0.1:{port}?starttls=off"
    text = f'[mail]\ntransport = "{url}"\n{more}\n[backup]\nevery_hours = 0\n[alerts]\ncommand = {told}\n'
    (folder / "syndication.toml").write_text(text, "utf-8")


@pytest.fixture
def mailing(database: Database) -> Mailing:
    """An issue at its slot, and a source that is gone."""
    with database.write() as session:
        session.get_one(SourceRow, rows.add_source(session, "radar", title="The Radar")).health = Health.GONE
    return add_mailing(database, NOW, READERS)


def serving(database: Database, folder: Path) -> Serving:
    environ = {"SYNDICATION_VAR": str(folder)}
    settings = load_settings(environ, Path(__file__).parents[3])
    make_keys(folder / "secrets")
    app = App(settings, database, load_keys(folder / "secrets"), SITE)
    # The sender's own pauses before it gives up add up to 55 seconds: they would fit into a minute.
    return Serving(Sending(app, Reloading(settings, environ), pause_s=0.001), Upkeep(lambda: settings, database))


def issue_state(database: Database, mailing: Mailing) -> IssueState:
    with database.read() as session:
        return IssueState(session.exec(select(IssueRow.state).where(IssueRow.id == mailing.issue_id)).one())


def test_a_wrong_password_and_a_gone_source_are_told_and_mended_without_a_restart(
    database: Database, mailing: Mailing, tmp_path: Path
) -> None:
    told = tmp_path / "told"
    website = Website(database, tmp_path / "outbox")
    with SmtpServer(password=RIGHT) as relay:
        write_settings(tmp_path, relay.port, "guess")
        running = serving(database, tmp_path)

        def both_are_told() -> bool:
            words = told.read_text("utf-8") if told.exists() else ""
            return "535" in words and "The source The Radar is gone." in words

        assert running.minutes_until(both_are_told) <= 5
        assert told.read_text("utf-8").count("is gone.") == 1
        assert "guess" not in told.read_text("utf-8")
        page = colleague(website).words("/admin/")
        assert "2 things need you." in page
        assert "535" in page
        assert "The source The Radar is gone." in page
        assert 'href="/admin/live/">Test the relay' in page
        assert 'href="/admin/sources/' in page
        assert not relay.recipients

        write_settings(tmp_path, relay.port, "secret")
        assert running.minutes_until(lambda: issue_state(database, mailing) is IssueState.SENT) <= 10
        running.minute()
        assert sorted(relay.recipients) == sorted(address(number) for number in range(READERS))
    assert states(database, mailing.issue_id) == {DeliveryState.ACCEPTED: READERS}
    assert "1 thing needs you." in colleague(website).words("/admin/")


def test_a_limit_of_the_relay_holds_mail_back_until_its_hour_and_a_higher_one_counts_at_once(
    database: Database, tmp_path: Path
) -> None:
    mailing = add_mailing(database, NOW, READERS)
    with SmtpServer(password=RIGHT) as relay:
        write_settings(tmp_path, relay.port, "secret", "per_hour = 2")
        running = serving(database, tmp_path)
        running.minute()
        assert len(relay.recipients) == 2
        page = colleague(Website(database, tmp_path / "outbox")).words(f"/admin/issues/{mailing.issue_id}")
        assert "The limit of 2 mails an hour is reached" in page
        running.now += 50 * MINUTE
        assert running.minutes_until(lambda: len(relay.recipients) > 2) <= 15
        assert len(relay.recipients) == 4
        write_settings(tmp_path, relay.port, "secret", "per_hour = 100")
        assert running.minutes_until(lambda: issue_state(database, mailing) is IssueState.SENT) == 1
    assert sorted(relay.recipients) == sorted(address(number) for number in range(READERS))
