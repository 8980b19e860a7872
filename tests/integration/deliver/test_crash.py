"""SIGKILL in the middle of an issue, again and again: nobody lost, and no more doubled than was in flight."""

import os
import random
import signal
import time
from collections import Counter
from datetime import datetime, timedelta

from sqlmodel import select

from syndication.deliver.smtp import smtp_transport_from_url
from syndication.domain.states import TERMINAL, DeliveryState, IssueState
from syndication.jobs.deliver import deliver_ready
from syndication.store.consent import Visit
from syndication.store.database import Database
from syndication.store.leaving import unsubscribe
from syndication.store.tables import DeliveryRow, IssueRow, SubscriptionRow
from tests.support.delivering import Delivering, now
from tests.support.mailing import POST, Mailing, add_mailing, address, states
from tests.support.smtp import DROP, SmtpServer, Stage, Stall

READERS = 200
KILLS = 5
CONNECTIONS = 4


class Rough:
    """A server that is slow after it has kept a message, and sometimes defers, refuses or hangs up there."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.lost_replies = 0

    def __call__(self, stage: Stage, _: str) -> object:
        dice = self.chance.random()
        if stage == "rcpt" and dice < 0.03:
            return "450 4.2.2 Mailbox full"
        if stage == "dot" and dice < 0.02:
            return "554 5.6.0 Not this one"
        if stage == "stored" and dice < 0.01:
            self.lost_replies += 1
            return DROP
        return Stall(0.005) if stage == "stored" else None


def test_nobody_is_lost_or_doubled_beyond_what_was_in_flight(database: Database, database_url: str) -> None:
    chance = random.Random(7)  # noqa: S311 - to begin alike each time
    rough = Rough(chance)
    mailing = add_mailing(database, now(), READERS, batch=50)
    left: dict[int, datetime] = {}
    with SmtpServer(fault=rough) as server, Delivering() as delivering:
        for kill in range(KILLS):
            pid = delivering.start(database_url, server.url, is_alone=database.is_sqlite)
            wait_for(server, min(len(server.messages) + chance.randint(5, 30), READERS - 40))
            leave(database, mailing, READERS - 1 - kill, left)
            time.sleep(chance.random() * 0.02)
            os.kill(pid, signal.SIGKILL)
            assert delivering.wait() == signal.SIGKILL
        delivering.start(database_url, server.url, is_alone=database.is_sqlite)
        assert delivering.wait() == 0
        server.fault = lambda _stage, _argument: None
        for hours in (1, 2):
            drain(database, server, now() + timedelta(hours=hours))
    judge(database, mailing, server, left, KILLS * CONNECTIONS + rough.lost_replies)


def wait_for(server: SmtpServer, messages: int) -> None:
    end = time.monotonic() + 20
    while len(server.messages) < messages and time.monotonic() < end:
        time.sleep(0.001)


def leave(database: Database, mailing: Mailing, number: int, left: dict[int, datetime]) -> None:
    """A reader unsubscribes while the issue is sent."""
    subscriber_id = mailing.subscribers[number]
    with database.write() as session:
        found = select(SubscriptionRow.id).where(SubscriptionRow.subscriber_id == subscriber_id)
        assert unsubscribe(session, session.exec(found).one() or 0, Visit(), now())
    left[subscriber_id] = now()


def drain(database: Database, server: SmtpServer, at: datetime) -> None:
    deliver_ready(database, smtp_transport_from_url(server.url), POST, lambda: at, lambda: False)


def judge(
    database: Database, mailing: Mailing, server: SmtpServer, left: dict[int, datetime], most_doubled: int
) -> None:
    copies = Counter(server.recipients)
    with database.read() as session:
        rows = session.exec(select(DeliveryRow).where(DeliveryRow.issue_id == mailing.issue_id)).all()
        assert session.get_one(IssueRow, mailing.issue_id).state is IssueState.SENT
    assert sum(states(database, mailing.issue_id).values()) == READERS
    for number, row in enumerate(sorted(rows, key=lambda row: row.subscriber_id)):
        assert row.state in TERMINAL
        if row.state is DeliveryState.UNKNOWN:
            assert row.resends == 1
        if row.state is DeliveryState.ACCEPTED:
            assert copies[address(number)] >= 1
        if row.subscriber_id in left and row.taken_off_at:
            assert row.taken_off_at <= left[row.subscriber_id]
        if row.state is DeliveryState.CANCELLED:
            assert row.subscriber_id in left
    assert sum(copies.values()) - len(copies) <= most_doubled
    bodies = {(one.recipient, one.message) for one in server.messages}
    assert len(bodies) == len(copies)
