"""A small newsletter on a real database, to compose issues of it and to look at what each reader gets."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from syndication.domain.delivery import Fault
from syndication.domain.seams import Task
from syndication.domain.site import Site
from syndication.domain.states import Cadence, DeliveryState, IssueState
from syndication.jobs.compose import compose_issue, send_now
from syndication.jobs.planning import ComposeReport
from syndication.store.counting import recount
from syndication.store.database import Database
from syndication.store.issues import close_finished_issues
from syndication.store.starts import apply_own_starts
from syndication.store.tables import (
    ArticleTextRow,
    DeliveryBatchRow,
    DeliveryRow,
    DigestRow,
    IssueRow,
    ScheduleRow,
)
from tests.support.rows import (
    NOW,
    accept,
    add_article,
    add_counters,
    add_newsletter,
    add_reader,
    add_schedule,
    add_source,
    add_template,
    add_topic,
    subscription_of,
)

SITE = Site("Radar", "News", "https://news.example.org", "en", "UTC", "tag:news.example.org,2026-11-06:x")


def ignore(task: Task, key: str, **ids: int) -> None:
    """An Enqueue for tests that call the jobs themselves."""
    del task, key, ids


class Killed(Exception):  # noqa: N818 - stands for SIGKILL
    """The process died."""


@dataclass(frozen=True, slots=True)
class Mortal(Database):
    """A database whose process dies at its n-th write: before the commit, so that this one is lost."""

    lives: list[int] = field(default_factory=lambda: [0])

    @contextmanager
    def write(self) -> Iterator[Session]:
        with Database(self.engine).write() as session:
            yield session
            self.lives[0] -= 1
            if self.lives[0] < 0:
                raise Killed


@dataclass(frozen=True, slots=True)
class Disturbed(Database):
    """A database in which something happens just before the n-th write of the one who uses it."""

    act: Callable[[], object]
    writes: list[int]

    @contextmanager
    def write(self) -> Iterator[Session]:
        if self.writes[0] == 0:
            self.act()
        self.writes[0] -= 1
        with Database(self.engine).write() as session:
            yield session


@dataclass(frozen=True, slots=True)
class Got:
    """What one delivery brought a reader. titles: listed, in order. more: counted."""

    titles: tuple[str, ...]
    more: int
    start: int
    state: DeliveryState


@dataclass
class World:
    """A weekly newsletter with three topics, one source and one schedule. `now` moves a week with every issue."""

    database: Database
    schedule_id: int = 0
    source_id: int = 0
    now: datetime = NOW

    @classmethod
    def build(cls, database: Database, topics: Sequence[str] = ("agents", "onprem", "chips")) -> "World":
        """With everything that `init` makes."""
        world = cls(database)
        with database.write() as session:
            add_counters(session)
            for position, slug in enumerate(topics):
                add_topic(session, slug, position=position)
            newsletter_id = add_newsletter(session, "radar", topics)
            world.schedule_id = add_schedule(session, newsletter_id, cadence=Cadence.WEEKLY)
            world.source_id = add_source(session)
            add_template(session, "digest", html="{{ sections }} {{ more }} {{ 'while you were away' if catch_up }}")
        return world

    def article(self, title: str, *topics: str, news: bool = True, source_id: int = 0) -> int:
        """An article first seen now, accepted in these topics."""
        with self.database.write() as session:
            return add_article(
                session, source_id or self.source_id, topics, title=title, news=news, at=self.now - timedelta(hours=1)
            )

    def accept(self, article_id: int, topic: str) -> None:
        """A further topic for an article."""
        with self.database.write() as session:
            accept(session, article_id, topic)

    def reader(self, *topics: str, from_seq: int | None = None, schedule_id: int = 0, language: str = "en") -> int:
        """A confirmed reader of these topics."""
        with self.database.write() as session:
            return add_reader(session, schedule_id or self.schedule_id, topics, from_seq=from_seq, language=language)

    def issue(self, *, days: int = 7) -> int:
        """An issue that is due now; the next one comes some days later."""
        issue_id = send_now(self.database, ignore, "radar", self.now)
        self.now += timedelta(days=days)
        return issue_id

    def compose(self, issue_id: int, database: Database | None = None) -> ComposeReport:
        """Plan an issue."""
        return compose_issue(database or self.database, SITE, issue_id, self.now)

    def sent(self, *, days: int = 7) -> int:
        """An issue that everybody got."""
        issue_id = self.issue(days=days)
        self.compose(issue_id)
        self.end(issue_id, DeliveryState.ACCEPTED)
        self.close()
        return issue_id

    def end(self, issue_id: int, state: DeliveryState, *readers: int, fault: Fault | None = None) -> None:
        """Let deliveries of an issue (all that have not ended, or these readers') end, as the ledger does it."""
        with self.database.write() as session:
            open_rows = select(DeliveryRow).where(
                DeliveryRow.issue_id == issue_id,
                col(DeliveryRow.state).in_((DeliveryState.READY, DeliveryState.DEFERRED, DeliveryState.IN_FLIGHT)),
            )
            rows = [row for row in session.exec(open_rows) if not readers or row.subscriber_id in readers]
            recount(session, issue_id)
            for row in rows:
                row.state, row.fault = state, fault
                session.add(row)
            session.flush()
            apply_own_starts(session, issue_id, [row.subscriber_id for row in rows])

    def close(self) -> list[int]:
        """What the sweep does once the sender has marked its batches done."""
        with self.database.write() as session:
            for batch in session.exec(select(DeliveryBatchRow)):
                session.delete(batch)
        return close_finished_issues(self.database, self.now)

    def got(self, issue_id: int) -> dict[int, Got]:
        """What an issue brings, by subscriber."""
        with self.database.read() as session:
            rows = session.exec(
                select(DeliveryRow, DigestRow)
                .join(DigestRow, col(DigestRow.id) == col(DeliveryRow.digest_id))
                .where(DeliveryRow.issue_id == issue_id)
            ).all()
            return {
                row.subscriber_id: Got(_titles(session, digest), digest.more, digest.start, row.state)
                for row, digest in rows
            }

    def titles(self, issue_id: int, reader: int) -> list[str]:
        """What an issue lists for a reader, sorted; empty when they get no mail."""
        got = self.got(issue_id).get(reader)
        return sorted(got.titles) if got else []

    def own_start(self, reader: int) -> int | None:
        """A reader's `from_seq`."""
        with self.database.read() as session:
            return subscription_of(session, reader).from_seq

    def state(self, issue_id: int) -> IssueState:
        """An issue's state."""
        with self.database.read() as session:
            return session.get_one(IssueRow, issue_id).state

    def row(self, issue_id: int) -> IssueRow:
        """An issue's row."""
        with self.database.read() as session:
            return session.get_one(IssueRow, issue_id)

    def last_cut(self) -> int:
        """What the schedule has served."""
        with self.database.read() as session:
            return session.get_one(ScheduleRow, self.schedule_id).last_cut


def _titles(session: Session, digest: DigestRow) -> tuple[str, ...]:
    listed = [article_id for article_id, _ in digest.items]
    texts = select(ArticleTextRow.article_id, ArticleTextRow.title).where(
        col(ArticleTextRow.article_id).in_(listed), ArticleTextRow.language == "en"
    )
    titles = dict(session.exec(texts).all())
    return tuple(titles[article_id] for article_id in listed)
