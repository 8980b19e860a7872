"""Readers in many zones who chose when, and what they get through a long time with two articles a day."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

from sqlmodel import col, func, select

from syndication.domain.entries import ScheduleEntry
from syndication.domain.states import Cadence, DeliveryState
from syndication.jobs.compose import compose_issue
from syndication.jobs.fire import fire_due
from syndication.store.consent import Visit
from syndication.store.database import Database
from syndication.store.moving import Hour, choose_schedule
from syndication.store.newsletters import add_schedule
from syndication.store.tables import NewsletterRow, ScheduleRow
from tests.support.calendar import expected
from tests.support.issues import SITE, World, ignore
from tests.support.rows import subscription_of

_OFFERED = {Cadence.DAILY: "0 9 * * *", Cadence.MONTHLY: "0 9 31 * *"}
_HALF_A_DAY = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a reader chose: a cadence at an hour of their own zone."""

    cadence: Cadence
    at: time = time()
    zone: str = "UTC"

    def instants(self, begin: datetime, end: datetime) -> list[datetime]:
        """When they should get a digest."""
        days = {4} if self.cadence is Cadence.WEEKLY else None
        return expected(self.zone, self.at, begin, end, days=days, is_monthly=self.cadence is Cadence.MONTHLY)


@dataclass
class Year:
    """From `begin` to `end`, fired slot after slot. The weekly issue is that of Friday, the monthly that of the last day."""

    database: Database
    begin: datetime
    end: datetime
    readers: dict[int, Chosen] = field(default_factory=dict)
    got: dict[int, list[datetime]] = field(default_factory=lambda: defaultdict(list))
    titles: dict[int, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    more: Counter[int] = field(default_factory=Counter)
    came: list[datetime] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.world = World.build(self.database)
        self.world.now = self.begin
        with self.database.write() as session:
            session.get_one(NewsletterRow, 1).own_hours = True
            session.get_one(ScheduleRow, self.world.schedule_id).next_slot = self.begin + timedelta(days=1)
            for cadence, cron in _OFFERED.items():
                add_schedule(session, 1, ScheduleEntry(cadence, cron, "UTC"), self.begin)

    def add(self, chosen: Chosen) -> None:
        """A reader who chose."""
        reader = self.world.reader("agents")
        hour = None if chosen.cadence is Cadence.INSTANT else Hour(chosen.at.hour, chosen.at.minute, chosen.zone)
        with self.database.write() as session:
            if hour is None and not any(one.cadence is Cadence.INSTANT for one in self.readers.values()):
                add_schedule(session, 1, ScheduleEntry(Cadence.INSTANT, "", "UTC"), self.begin)
            subscription = subscription_of(session, reader).id or 0
            assert choose_schedule(session, subscription, chosen.cadence, hour, Visit(), self.begin)
        self.readers[reader] = chosen

    def live(self) -> int:
        """Let the time pass; how many digests there were."""
        while (at := self._next_slot()) < self.end:
            while self.begin + (len(self.came) + 1) * _HALF_A_DAY <= at:
                self.came.append(self.begin + (len(self.came) + 1) * _HALF_A_DAY)
                self.world.now = self.came[-1]
                self.world.article(f"article {len(self.came)}", "agents")
            self._fire(at)
        return sum(map(len, self.got.values()))

    def judge(self) -> None:
        """Raises AssertionError unless each reader had each article once, at the hours that they chose."""
        for reader, chosen in self.readers.items():
            got = self.got[reader]
            if chosen.cadence is Cadence.INSTANT:
                delays = [at - came for at, came in zip(got, self.came, strict=False)]
                assert len(delays) >= len(self.came) - 1
                assert max(delays) <= timedelta(minutes=30), delays
            else:
                assert got == chosen.instants(self.came[0], self.end), chosen
            assert set(self.titles[reader].values()) <= {1}, chosen
            owed = sum(came < at - timedelta(minutes=30) for at in got[-1:] for came in self.came)
            assert owed <= self.titles[reader].total() + self.more[reader] <= owed + 1, chosen

    def _fire(self, at: datetime) -> None:
        self.world.now = at
        for fired in fire_due(self.database, ignore, at):
            if fired.skipped:
                continue
            compose_issue(self.database, SITE, fired.issue_id, at)
            for reader, got in self.world.got(fired.issue_id).items():
                self.got[reader].append(at)
                self.titles[reader].update(got.titles)
                self.more[reader] += got.more
            self.world.end(fired.issue_id, DeliveryState.ACCEPTED)
            self.world.close()

    def _next_slot(self) -> datetime:
        with self.database.read() as session:
            found = session.exec(select(func.min(col(ScheduleRow.next_slot)))).one()
        assert found
        return found
