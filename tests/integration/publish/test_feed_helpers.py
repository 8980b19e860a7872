"""Many feeds at once are made by several processes, which changes nothing but the time."""

import os
import sys
from collections import deque
from dataclasses import replace
from pathlib import Path

import pytest
from sqlmodel import Session, delete
from structlog.testing import capture_logs

from syndication.domain.site import Site
from syndication.jobs import publish
from syndication.jobs.feed_builder import FeedBuilder, Outcome
from syndication.jobs.feed_helpers import Helpers
from syndication.jobs.publish import PublishReport, batched, publish_feeds
from syndication.store.database import Database, open_database
from syndication.store.feed_documents import documents_since
from syndication.store.feed_plans import FeedPlan, planned_feeds
from syndication.store.tables import FeedDocumentRow
from tests.support.feeds import PREFIX, PUBLIC_URL
from tests.support.rows import NOW, add_article, add_counters, add_source, add_topic

SITE = Site("News", "What is new.", PUBLIC_URL, "en", "UTC", PREFIX)
TOPICS = 20
FEEDS = TOPICS + 3  # everything, one source, one language


@pytest.fixture
def filled(database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """A database with many topics, on a machine with two processors."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    with database.write() as session:
        add_counters(session)
        source = add_source(session)
        for number in range(TOPICS):
            add_topic(session, f"topic-{number}")
            add_article(session, source, [f"topic-{number}"], title=f"Article {number}")
    return database


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Helpers are worth their start for a few feeds already."""
    monkeypatch.setattr(publish, "_AT_ONCE", 2)
    monkeypatch.setattr(publish, "_MANY", 2)


def groups_of(session: Session) -> deque[list[FeedPlan]]:
    return deque(batched(planned_feeds(session, SITE), 4))


def tags(database: Database) -> dict[str, str]:
    with database.read() as session:
        stored = [found.document for found in documents_since(session, 0)]
    return {f"{document.path}.{document.form}": document.etag for document in stored}


def test_a_helper_takes_groups_until_none_is_left(filled: Database) -> None:
    with filled.read() as session:
        groups = groups_of(session)
    with Helpers(FeedBuilder(filled, SITE, NOW)) as helpers:
        helpers.start(groups)
        helpers.join()
        assert sum(helpers.done(), Outcome()) == Outcome(written=FEEDS * 3)
    assert not groups
    assert len(tags(filled)) == FEEDS * 3


@pytest.fixture
def begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with a line for each helper that was begun."""
    record, program = tmp_path / "begun", tmp_path / "python"
    program.write_text(f'#!/bin/sh\necho begun >> {record}\nexec {sys.executable} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    return record


def test_a_helper_that_was_prepared_is_the_one_that_works(filled: Database, begun: Path) -> None:
    with filled.read() as session:
        groups = groups_of(session)
    with Helpers(FeedBuilder(filled, SITE, NOW)) as helpers:
        helpers.prepare()
        helpers.start(groups)
        helpers.join()
        assert sum(helpers.done(), Outcome()) == Outcome(written=FEEDS * 3)
    assert begun.read_text() == "begun\n"


def test_a_helper_that_was_prepared_for_nothing_ends_without_a_word(
    filled: Database, begun: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with Helpers(FeedBuilder(filled, SITE, NOW)) as helpers:
        helpers.prepare()
    assert begun.read_text() == "begun\n"
    assert capfd.readouterr() == ("", "")


@pytest.mark.usefixtures("hasty")
def test_helpers_are_begun_once_and_only_where_many_feeds_are_new(filled: Database, begun: Path) -> None:
    publish_feeds(filled, SITE, NOW)
    assert begun.read_text() == "begun\n"
    publish_feeds(filled, SITE, NOW)
    assert begun.read_text() == "begun\n"
    publish_feeds(filled, replace(SITE, title="Another name"), NOW)
    assert begun.read_text() == "begun\n" * 2


@pytest.mark.usefixtures("hasty")
def test_feeds_made_by_helpers_have_the_same_bytes(filled: Database) -> None:
    assert publish_feeds(filled, SITE, NOW) == PublishReport(written=FEEDS * 3, unchanged=0)
    with_helpers = tags(filled)
    with filled.write() as session:
        session.execute(delete(FeedDocumentRow))
    with pytest.MonkeyPatch.context() as alone:
        alone.setattr(os, "sched_getaffinity", lambda _: {0})
        publish_feeds(filled, SITE, NOW)
    assert tags(filled) == with_helpers


@pytest.mark.usefixtures("hasty")
def test_a_helper_that_ends_leaves_its_feeds_to_us(filled: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with capture_logs() as logs:
        assert publish_feeds(filled, SITE, NOW) == PublishReport(written=FEEDS * 3, unchanged=0)
    assert [entry["event"] for entry in logs] == ["feed_helper_ended"]
    assert len(tags(filled)) == FEEDS * 3


def test_a_helper_without_its_database_says_what_was_not_made(filled: Database, tmp_path: Path) -> None:
    with filled.read() as session:
        groups = groups_of(session)
    first = groups[0]
    nowhere = replace(FeedBuilder(filled, SITE, NOW), database=open_database(f"sqlite:///{tmp_path / 'empty.db'}"))
    with Helpers(nowhere) as helpers:
        helpers.start(groups)
        helpers.join()
        assert list(helpers.done()) == [Outcome(contended=tuple(first))]
        assert len(groups) == 5  # the others are still there for whoever can


def test_whoever_fails_does_not_wait_for_the_rest(filled: Database) -> None:
    with filled.read() as session:
        groups = groups_of(session)
    helpers = Helpers(FeedBuilder(filled, SITE, NOW))

    def fail() -> None:
        with helpers:
            helpers.start(groups)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert sum(helpers.done(), Outcome()).written <= 4 * 3  # of the one group that was under way


def test_where_there_is_one_processor_nobody_helps(filled: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0})
    with filled.read() as session:
        groups = groups_of(session)
    with Helpers(FeedBuilder(filled, SITE, NOW)) as helpers:
        helpers.start(groups)
        helpers.join()
        assert not list(helpers.done())
    assert len(groups) == 6
