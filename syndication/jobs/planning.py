"""Frozen window → digests → deliveries: the part of composing that runs in many short transactions.

Between any two of them the process may be killed: what is written stays, and the next run writes the rest. Readers may
leave, pause, move or choose anew at any time; a new choice is composed too before the plan is finished.
"""

import gc
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlmodel import Session

from syndication.domain.site import Site
from syndication.domain.states import IssueState
from syndication.jobs.digests import Kit, load_kit, occasion_of
from syndication.jobs.stride import Stride
from syndication.store.composing import Group, IssuePlan, groups_of, issue_plan
from syndication.store.database import Database
from syndication.store.planning import (
    OwnStart,
    drop_own_starts,
    end_of_range,
    finish_plan,
    first_of_each_batch,
    hold_composing,
    insert_deliveries,
    keep_articles,
    keep_digests,
    kept_bodies,
    kept_choices,
    own_starts_after,
    start_sending,
    subject_of,
)

_ROWS_AT_ONCE: Final = 2_000


@dataclass(frozen=True, slots=True)
class ComposeReport:
    """What became of an issue. waits: the one before it is not settled yet; ask again in a moment.

    planned: readers. digests: distinct ones. articles: that somebody may get. fault: why it does not get on.
    """

    issue_id: int
    state: IssueState | None
    planned: int = 0
    digests: int = 0
    articles: int = 0
    waits: bool = False
    fault: str = ""


class _Interrupted(Exception):  # noqa: N818 - no fault: an admin cancelled the issue, or another process finished it
    """The issue is not being composed any more."""


class Planning:
    """One run over one frozen issue."""

    def __init__(self, database: Database, site: Site, plan: IssuePlan, now: datetime) -> None:
        """Nothing happens yet. now: aware UTC; decides who is paused."""
        if plan.window is None or plan.at is None:
            message = f"issue {plan.id} is not frozen"
            raise ValueError(message)
        self._database = database
        self._site = site
        self._plan = plan
        self._window = plan.window
        self._now = now
        self._known: set[tuple[int, int]] = set()
        self._empty: set[tuple[int, int]] = set()
        self._articles: set[int] = set()
        self._stride = Stride(size=8_000, least=2_000, most=64_000)

    def run(self) -> ComposeReport:
        """Write what is not written yet, then let the issue go. Raises TemplateError."""
        try:
            groups = self._compose()
            return self._finish(groups)
        except _Interrupted:
            with self._database.read() as session:
                plan = issue_plan(session, self._plan.id)
            return ComposeReport(self._plan.id, plan.state if plan else None)

    def _compose(self) -> list[Group]:
        """Digests and deliveries, until no reader has a choice that was not looked at; all groups of readers."""
        while True:
            with self._database.read() as session:
                groups = groups_of(session, self._plan.schedule_id, self._window, self._now)
            fresh = [group for group in groups if (group.start, group.segment_id) not in self._known]
            if not fresh:
                return groups
            self._known.update((group.start, group.segment_id) for group in fresh)
            self._keep_digests(fresh)
            self._insert_deliveries()

    def _keep_digests(self, groups: list[Group]) -> None:
        with _collector_paused():
            self._keep_digests_of(self._load(groups), groups)

    def _keep_digests_of(self, kit: Kit, groups: list[Group]) -> None:
        self._keep_articles(kit, groups)
        sorted_groups = kit.sort(groups)
        self._empty.update((group.start, group.segment_id) for group in sorted_groups.empty)
        with self._database.read() as session:
            kept = kept_choices(session, self._plan.id)
            bodies = kept_bodies(session, self._plan.id)
        missing = [
            (chosen, left)
            for chosen, served in sorted_groups.chosen
            if (left := [group for group in served if (group.start, group.segment_id) not in kept])
        ]
        stride = Stride(size=512, least=64, most=4_096)
        while missing:
            digests = [kit.digest(chosen, served, bodies) for chosen, served in missing[: stride.size]]
            del missing[: stride.size]
            with self._chunk(stride) as session:
                keep_digests(session, self._plan.id, digests, kit.parts.take_new(), kit.template_id)

    def _load(self, groups: list[Group]) -> Kit:
        with self._database.read() as session:
            occasion = occasion_of(session, self._site, self._plan)
            if occasion is None:
                raise _Interrupted
            return load_kit(session, self._site, occasion, groups)

    def _keep_articles(self, kit: Kit, groups: list[Group]) -> None:
        ids = kit.articles(groups)
        self._articles.update(ids)
        for first in range(0, len(ids), _ROWS_AT_ONCE):
            with self._chunk() as session:
                keep_articles(session, self._plan.id, ids[first : first + _ROWS_AT_ONCE])

    def _insert_deliveries(self) -> None:
        last = 0
        while True:
            with self._database.read() as session:
                end = end_of_range(session, self._plan.schedule_id, last, self._stride.size)
            if end is None:
                return
            with self._chunk(self._stride) as session:
                insert_deliveries(session, self._plan, self._window, range(last + 1, end + 1), self._now)
            last = end

    def _finish(self, groups: list[Group]) -> ComposeReport:
        with self._database.read() as session:
            batches = first_of_each_batch(session, self._plan.id)
            choices = kept_choices(session, self._plan.id)
            largest = _largest(choices, groups)
            subject = "" if largest is None else subject_of(session, largest)
        with self._chunk() as session:
            planned = finish_plan(session, self._plan.id, batches, subject, self._now)
        self._drop_own_starts()
        with self._chunk() as session:
            state = start_sending(session, self._plan.id, planned, self._now)
        return ComposeReport(self._plan.id, state, planned, len(set(choices.values())), len(self._articles))

    def _drop_own_starts(self) -> None:
        """Give the issue's window back to whose own start says the same, or had nothing new. Source: architecture, section 2, rule 5."""
        last = 0
        while True:
            with self._database.read() as session:
                readers = own_starts_after(session, self._plan, self._now, last, _ROWS_AT_ONCE)
            if not readers:
                return
            last = readers[-1].subscriber_id
            done = [reader for reader in readers if self._has_had_all(reader)]
            if done:
                with self._chunk() as session:
                    drop_own_starts(session, self._plan, done, self._now)

    def _has_had_all(self, reader: OwnStart) -> bool:
        as_the_issue = reader.is_served and reader.start == self._window.start
        return as_the_issue or (reader.start, reader.segment_id) in self._empty

    @contextmanager
    def _chunk(self, stride: Stride | None = None) -> Iterator[Session]:
        """A short write transaction on an issue that is being composed."""
        with self._database.write() as session:
            if stride:
                stride.begin()
            if not hold_composing(session, self._plan.id):
                raise _Interrupted
            yield session
        if stride:
            stride.end()


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Make many objects without having them looked through for cycles, which they are not in (a fifth of the time, measured)."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        # Of two at once the first one that began switches it on again.
        if was_on:
            gc.enable()


def _largest(choices: Mapping[tuple[int, int], int], groups: Sequence[Group]) -> int | None:
    """The digest that most readers get."""
    readers: Counter[int] = Counter()
    for group in groups:
        digest_id = choices.get((group.start, group.segment_id))
        if digest_id is not None:
            readers[digest_id] += group.readers
    return max(readers, key=lambda digest_id: (readers[digest_id], -digest_id), default=None)
