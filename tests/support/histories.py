"""Random histories of a newsletter, checked against a plain model of what each reader is owed.

The model knows nothing of own starts: a reader has been served up to a mark, and that is all. Whatever happens, each
issue must bring exactly the articles after the mark that are in a topic chosen at planning, listed or counted, and the
mark moves only when a digest was served, or when there was nothing to serve.
"""

import itertools
from collections.abc import Callable
from datetime import timedelta
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlmodel import Session, col, select

from syndication.domain.delivery import Fault
from syndication.domain.newsletters import Choice
from syndication.domain.states import DeliveryState, IssueState, SubscriptionStatus
from syndication.store.consent import Visit
from syndication.store.counters import counter
from syndication.store.database import Database
from syndication.store.issues import cancel_issue, close_finished_issues
from syndication.store.leaving import pause, resume, unsubscribe
from syndication.store.scheduling import insert_issue, schedule
from syndication.store.starts import apply_own_starts, start_when_leaving
from syndication.store.subscribing import change_choice, confirm
from syndication.store.tables import ArticleRow, DeliveryRow, DigestRow, IssueRow
from tests.support.history_words import (
    TOPICS,
    WAITING,
    Reader,
    Run,
    Sent,
    any_number,
    some_end,
    some_run,
    some_topics,
)
from tests.support.issues import Killed, Mortal, World
from tests.support.rows import accept, add_schedule, next_seq, subscription_of


class Histories(RuleBasedStateMachine):
    """Everything that can happen to articles, readers and issues, in any order."""

    open_database: ClassVar[Callable[[], Database]]

    @initialize()
    def build(self) -> None:
        self.database = type(self).open_database()
        self.world = World.build(self.database, TOPICS)
        with self.database.write() as session:
            other = add_schedule(session, 1, cron="0 9 * * *", last_cut=0)
        self.schedules = (self.world.schedule_id, other)
        self.cuts = dict.fromkeys(self.schedules, 0)
        self.articles: dict[int, tuple[int | None, set[str]]] = {}
        self.readers: list[Reader] = []
        self.open: dict[int, int] = {}
        for number in range(5):
            self.add_reader(set(TOPICS[: number % 3 + 1]), number)

    def teardown(self) -> None:
        if hasattr(self, "database"):
            self.database.close()

    # What comes in.

    @rule(topics=st.lists(some_topics, min_size=1, max_size=7), which=any_number, late=st.sampled_from(TOPICS))
    def articles_come(self, topics: list[set[str]], which: int, late: str) -> None:
        self.publish_articles(topics)
        self.collect_without_topic()
        self.accept_late(which, late)

    def publish_articles(self, topics: list[set[str]]) -> None:
        for chosen in topics:
            article_id = self.world.article("title", *sorted(chosen))
            with self.database.read() as session:
                self.articles[article_id] = (session.get_one(ArticleRow, article_id).seq, set(chosen))

    def collect_without_topic(self) -> None:
        self.articles[self.world.article("title")] = (None, set())

    def accept_late(self, which: int, topic: str) -> None:
        article_id = sorted(self.articles)[which % len(self.articles)]
        seq, topics = self.articles[article_id]
        if topic in topics:
            return
        with self.database.write() as session:
            accept(session, article_id, topic)
            if seq is None:
                seq = next_seq(session)
                session.get_one(ArticleRow, article_id).seq = seq
        self.articles[article_id] = (seq, {*topics, topic})

    # What readers do.

    @rule(topics=some_topics, which=any_number, act=st.sampled_from(("sign up", "choose", "pause", "leave", "move")))
    def reader_acts(self, act: str, which: int, topics: set[str]) -> None:
        match act:
            case "sign up":
                self.add_reader(topics, which)
            case "choose":
                self.choose(which, topics)
            case "pause":
                self.pause_or_resume(which)
            case "leave":
                self.leave_or_come_back(which)
            case _:
                self.change_schedule(which)

    def add_reader(self, topics: set[str], which: int) -> None:
        when = self.schedules[which % len(self.schedules)]
        with self.database.read() as session:
            mark = counter(session, "seq")
        key = self.world.reader(*sorted(topics), from_seq=mark, schedule_id=when)
        with self.database.read() as session:
            subscription = subscription_of(session, key).id or 0
        self.readers.append(Reader(key, subscription, when, set(topics), mark))

    def choose(self, which: int, topics: set[str]) -> None:
        reader = self.reader(which)
        if reader.has_left:
            return
        with self.database.write() as session:
            change_choice(session, reader.subscription, Choice(frozenset(topics), "en"), Visit(), self.world.now)
        reader.topics = set(topics)

    def pause_or_resume(self, which: int) -> None:
        reader = self.reader(which)
        with self.database.write() as session:
            if reader.is_paused:
                resume(session, reader.subscription, Visit(), self.world.now)
                reader.is_paused = False
            elif not reader.has_left:
                until = self.world.now + timedelta(days=9999)
                pause(session, reader.subscription, until, Visit(), self.world.now)
                reader.is_paused = True
                self.lose(reader)

    def leave_or_come_back(self, which: int) -> None:
        reader = self.reader(which)
        with self.database.write() as session:
            if not reader.has_left:
                unsubscribe(session, reader.subscription, Visit(), self.world.now)
                self.lose(reader)
                reader.has_left, reader.is_paused = True, False
                return
            row = subscription_of(session, reader.key)
            row.status = SubscriptionStatus.UNCONFIRMED
            session.add(row)
            session.flush()
            confirm(session, reader.subscription, Visit(), self.world.now)
            reader.mark = counter(session, "seq")
        reader.has_left = False

    def change_schedule(self, which: int) -> None:
        reader = self.reader(which)
        reader.schedule = next(each for each in self.schedules if each != reader.schedule)
        with self.database.write() as session:
            row = subscription_of(session, reader.key)
            row.from_seq = start_when_leaving(session, reader.subscription)
            row.schedule_id = reader.schedule
            session.add(row)
            self.set_states(session, reader, [sent.issue for sent in reader.waiting()], DeliveryState.CANCELLED)
        self.lose(reader)

    # What becomes of deliveries.

    @precondition(lambda self: any(reader.waiting() for reader in self.readers))
    @rule(ends=st.lists(some_end, min_size=1, max_size=6))
    def deliver(self, ends: list[tuple[DeliveryState, Fault | None]]) -> None:
        self.settle_all(ends)

    def settle_all(self, ends: list[tuple[DeliveryState, Fault | None]]) -> None:
        """Let these ends befall what waits, in turn."""
        for (reader, sent), end in zip(self.with_state(*WAITING), itertools.cycle(ends), strict=False):
            if end[0] is not DeliveryState.READY:
                self.settle(reader, sent, *end)

    @precondition(lambda self: self.with_state(DeliveryState.UNKNOWN))
    @rule(which=any_number)
    def learn_late_that_it_failed(self, which: int) -> None:
        unknown = self.with_state(DeliveryState.UNKNOWN)
        self.settle(*unknown[which % len(unknown)], DeliveryState.FAILED, Fault.SENDER)

    # What issues do.

    @rule(run=some_run)
    def issue_of_the_first_schedule(self, run: Run) -> None:
        self.issue(self.schedules[0], run)

    @rule(run=some_run, again=some_run)
    def two_issues_of_the_first_schedule(self, run: Run, again: Run) -> None:
        self.issue(self.schedules[0], run)
        self.issue(self.schedules[0], again)

    @rule(run=some_run)
    def issue_of_the_second_schedule(self, run: Run) -> None:
        self.issue(self.schedules[1], run)

    def issue(self, when: int, run: Run) -> None:
        self.publish_articles(run.news)
        issue = self.begin(when)
        if self.compose(when, issue, run):
            self.check(when, issue)
            self.settle_all(run.ends)

    def compose(self, when: int, issue: int, run: Run) -> bool:
        """Plan an issue, killed once on the way; whether it is planned in the end."""
        try:
            waits = self.world.compose(issue, Mortal(self.database.engine, [run.writes])).waits
        except Killed:
            if run.is_cancelled:
                self.cancel_half_planned(when, issue)
                return False
            waits = self.world.compose(issue).waits
        if waits:
            assert self.land(when)
            assert not self.world.compose(issue).waits
        self.roll_over(when)
        return True

    @precondition(lambda self: self.open)
    @rule(which=any_number)
    def cancel(self, which: int) -> None:
        when = sorted(self.open)[which % len(self.open)]
        cancel_issue(self.database, self.open[when], self.world.now)
        for reader in self.readers:
            for sent in reader.waiting():
                if sent.issue == self.open[when]:
                    sent.state = DeliveryState.CANCELLED

    @invariant()
    def nothing_twice(self) -> None:
        for reader in getattr(self, "readers", ()):
            listed = [article_id for sent in reader.served() for article_id in sent.listed]
            assert len(listed) == len(set(listed))

    # Helpers.

    def reader(self, which: int) -> Reader:
        return self.readers[which % len(self.readers)]

    def with_state(self, *states: DeliveryState) -> list[tuple[Reader, Sent]]:
        return [(reader, sent) for reader in self.readers for sent in reader.sent if sent.state in states]

    def lose(self, reader: Reader) -> None:
        for sent in reader.waiting():
            sent.state = DeliveryState.CANCELLED

    def settle(self, reader: Reader, sent: Sent, state: DeliveryState, fault: Fault | None) -> None:
        was_unknown = sent.state is DeliveryState.UNKNOWN
        with self.database.write() as session:
            self.set_states(session, reader, [sent.issue], state, fault)
            apply_own_starts(session, sent.issue, [reader.key])
        sent.state = state
        served = state in {DeliveryState.ACCEPTED, DeliveryState.UNKNOWN}
        refused = state is DeliveryState.FAILED and fault is Fault.RECIPIENT and not sent.had_own_start
        if (served or refused) and reader.mark == sent.start:
            reader.mark = sent.end
        elif was_unknown and reader.mark == sent.end and not any(each.start >= sent.end for each in reader.sent):
            reader.mark = sent.start

    def set_states(
        self,
        session: Session,
        reader: Reader,
        issues: list[int],
        state: DeliveryState,
        fault: Fault | None = None,
    ) -> None:
        for issue in issues:
            row = session.get_one(DeliveryRow, (issue, reader.key))
            row.state, row.fault = state, fault
            session.add(row)
        session.flush()

    def begin(self, when: int) -> int:
        self.world.now += timedelta(hours=7)
        with self.database.write() as session:
            stored = schedule(session, when)
            assert stored
            issue = insert_issue(session, stored, self.world.now, self.world.now)
        assert issue
        return issue

    def land(self, when: int) -> bool:
        """Let what is in flight of a schedule's issues, or to its readers, come back as deferred; whether there was any."""
        flying = [each for each in self.with_state(DeliveryState.IN_FLIGHT) if self.is_overtaken(when, *each)]
        for reader, sent in flying:
            self.settle(reader, sent, DeliveryState.DEFERRED, None)
        return bool(flying)

    def is_overtaken(self, when: int, reader: Reader, sent: Sent) -> bool:
        """Whether the next issue of a schedule ends this delivery."""
        with self.database.read() as session:
            return when in {session.get_one(IssueRow, sent.issue).schedule_id, reader.schedule}

    def roll_over(self, when: int) -> None:
        """What waited of the issue before has expired."""
        self.look()
        assert not any(self.is_overtaken(when, *each) for each in self.with_state(*WAITING))

    def look(self) -> None:
        """Learn which waiting deliveries were ended."""
        with self.database.read() as session:
            for reader, sent in self.with_state(*WAITING):
                sent.state = session.get_one(DeliveryRow, (sent.issue, reader.key)).state

    def cancel_half_planned(self, when: int, issue: int) -> None:
        """Nobody has had anything; whom the plan had passed over already is past this window, or not."""
        assert cancel_issue(self.database, issue, self.world.now)
        close_finished_issues(self.database, self.world.now)
        self.look()
        with self.database.read() as session:
            row = session.get_one(IssueRow, issue)
            rows = session.exec(select(DeliveryRow).where(DeliveryRow.issue_id == issue)).all()
            assert all(each.state is DeliveryState.CANCELLED for each in rows)
            if row.frozen_at is None:
                return
            if row.planned_at is None or row.cut_seq is None:
                return
            self.cuts[when] = row.cut_seq
            for reader in self.eligible(when):
                if reader.key not in {each.subscriber_id for each in rows}:
                    own_start = subscription_of(session, reader.key).from_seq
                    reader.mark = row.cut_seq if own_start is None else own_start
        self.open.pop(when, None)

    def eligible(self, when: int) -> list[Reader]:
        return [
            reader
            for reader in self.readers
            if reader.schedule == when and not reader.has_left and not reader.is_paused
        ]

    def check(self, when: int, issue: int) -> None:
        """Everybody has what the model says, and nobody else has anything."""
        with self.database.read() as session:
            row = session.get_one(IssueRow, issue)
            cut, begin = row.cut_seq or 0, row.from_seq or 0
            got = _got(session, issue)
        assert begin == self.cuts[when]
        assert row.state is (IssueState.SENDING if got else IssueState.EMPTY)
        self.cuts[when] = cut
        for reader in self.eligible(when):
            owed = {
                article_id
                for article_id, (seq, topics) in self.articles.items()
                if seq is not None and reader.mark < seq <= cut and topics & reader.topics
            }
            if not owed:
                assert reader.key not in got
                reader.mark = cut
                continue
            start, listed, more = got.pop(reader.key)
            assert start == reader.mark
            assert len(listed) == len(set(listed))
            assert set(listed) <= owed
            assert len(listed) + more == len(owed)
            reader.sent.append(Sent(issue, reader.mark, cut, reader.mark != begin, frozenset(listed)))
        assert got == {}
        self.open[when] = issue


def _got(session: Session, issue: int) -> dict[int, tuple[int, list[int], int]]:
    """What an issue brings, by subscriber: start, article ids, more."""
    rows = session.exec(
        select(DeliveryRow.subscriber_id, DigestRow)
        .join(DigestRow, col(DigestRow.id) == col(DeliveryRow.digest_id))
        .where(DeliveryRow.issue_id == issue)
    ).all()
    found = {}
    for key, digest in rows:
        found[key] = (digest.start, [article_id for article_id, _ in digest.items], digest.more)
    return found
