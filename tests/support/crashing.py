"""An issue that is sent while its process is killed again and again, and what must be true of it in the end."""

import random
import signal
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlmodel import select

from syndication.deliver.smtp import smtp_transport_from_url
from syndication.domain.states import TERMINAL, DeliveryState, IssueState, UnknownPolicy
from syndication.jobs.deliver import deliver_ready
from syndication.store.consent import Visit
from syndication.store.database import Database
from syndication.store.leaving import unsubscribe
from syndication.store.tables import DeliveryRow, IssueRow, SubscriptionRow
from tests.support.delivering import now
from tests.support.forking import Forked, fork
from tests.support.mailing import POST, Mailing, add_mailing, address, states
from tests.support.smtp import DROP, SmtpServer, Stage, Stall

CONNECTIONS = 4
READERS_A_KILL = 40
# At the most, between two kills.
_MAILS_A_KILL = 30
_LONGEST_S = 240


class Rough:
    """A server that is slow after it has kept a message, and sometimes stalls, defers, refuses or hangs up there."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.lost_replies = 0
        self.is_holding = False
        """Whether it is so slow that nobody who sends is done before they are killed."""

    def __call__(self, stage: Stage, _: str) -> object:
        dice = self.chance.random()
        if stage == "rcpt" and dice < 0.03:
            return "450 4.2.2 Mailbox full"
        if stage == "dot" and dice < 0.02:
            return "554 5.6.0 Not this one"
        if stage == "dot" and dice < 0.03:
            return Stall(0.1)
        if stage == "stored" and dice < 0.01:
            self.lost_replies += 1
            return DROP
        return Stall(0.5 if self.is_holding else 0.005) if stage == "stored" else None


@dataclass(frozen=True, slots=True)
class Damage:
    """What the kills did. doubled: mails too many. most_doubled: as many as were in flight, and replies that were lost."""

    doubled: int
    most_doubled: int


@dataclass
class Crash:
    """One issue, so many kills."""

    database: Database
    url: str
    kills: int
    policy: UnknownPolicy = UnknownPolicy.RESEND
    chance: random.Random = field(default_factory=lambda: random.Random(7))  # noqa: S311 - to begin alike each time
    left: dict[int, datetime] = field(default_factory=dict)

    @property
    def readers(self) -> int:
        """How many the issue goes to."""
        return READERS_A_KILL * self.kills

    def run(self) -> Damage:
        """Send, kill, send …, and judge. Raises AssertionError when a promise is broken."""
        rough = Rough(self.chance)
        mailing = add_mailing(self.database, now(), self.readers, batch=50, policy=self.policy)
        with SmtpServer(fault=rough) as server:
            for kill in range(self.kills):
                self._kill_once(server, rough, mailing, kill)
            assert self._delivering(server).wait(_LONGEST_S) == 0
            server.fault = lambda _stage, _argument: None
            for hours in (1, 2):
                self._drain(server, now() + timedelta(hours=hours))
        return self._judge(mailing, server, self.kills * CONNECTIONS + rough.lost_replies)

    def _drain(self, server: SmtpServer, at: datetime) -> None:
        deliver_ready(self.database, smtp_transport_from_url(server.url), POST, lambda: at, lambda: False)

    def _delivering(self, server: SmtpServer) -> Forked:
        return fork("tests.support.delivering:deliver", self.url, server.url)

    def _kill_once(self, server: SmtpServer, rough: Rough, mailing: Mailing, kill: int) -> None:
        delivering = self._delivering(server)
        messages = len(server.messages) + self.chance.randint(5, _MAILS_A_KILL)
        end = time.monotonic() + 20
        while len(server.messages) < messages and time.monotonic() < end:
            time.sleep(0.001)
        rough.is_holding = True
        self._leave(mailing, self.readers - 1 - kill)
        time.sleep(self.chance.random() * 0.02)
        delivering.kill()
        assert delivering.wait(_LONGEST_S) == -signal.SIGKILL
        rough.is_holding = False

    def _leave(self, mailing: Mailing, number: int) -> None:
        """A reader unsubscribes while the issue is sent."""
        subscriber_id = mailing.subscribers[number]
        with self.database.write() as session:
            found = select(SubscriptionRow.id).where(SubscriptionRow.subscriber_id == subscriber_id)
            assert unsubscribe(session, session.exec(found).one() or 0, Visit(), now())
        self.left[subscriber_id] = now()

    def _judge(self, mailing: Mailing, server: SmtpServer, most_doubled: int) -> Damage:
        copies = Counter(server.recipients)
        with self.database.read() as session:
            rows = session.exec(select(DeliveryRow).where(DeliveryRow.issue_id == mailing.issue_id)).all()
            assert session.get_one(IssueRow, mailing.issue_id).state is IssueState.SENT
        assert sum(states(self.database, mailing.issue_id).values()) == self.readers
        for number, row in enumerate(sorted(rows, key=lambda row: row.subscriber_id)):
            self._judge_row(row, copies[address(number)])
        doubled = sum(copies.values()) - len(copies)
        assert doubled <= (most_doubled if self.policy is UnknownPolicy.RESEND else 0)
        assert len({(one.recipient, one.message) for one in server.messages}) == len(copies)
        return Damage(doubled, most_doubled)

    def _judge_row(self, row: DeliveryRow, copies: int) -> None:
        assert row.state in TERMINAL
        if row.state is DeliveryState.UNKNOWN:
            assert row.resends == (1 if self.policy is UnknownPolicy.RESEND else 0)
        else:
            assert row.resends == 0 or self.policy is UnknownPolicy.RESEND
        if row.state is DeliveryState.ACCEPTED:
            assert copies >= 1
        if row.subscriber_id in self.left and row.taken_off_at:
            assert row.taken_off_at <= self.left[row.subscriber_id]
        if row.state is DeliveryState.CANCELLED:
            assert row.subscriber_id in self.left
