"""What console and files are told before anything is saved: field by field, with what to write instead."""

from dataclasses import replace

import pytest

from syndication.domain.entries import ScheduleEntry
from syndication.domain.newsletters import Newsletter
from syndication.domain.sources import Source
from syndication.domain.states import Cadence, SourceKind
from syndication.domain.topics import Topic
from syndication.jobs.entry_faults import (
    look_fault,
    newsletter_faults,
    schedule_faults,
    source_faults,
    topic_faults,
)
from syndication.store.looks import look_of

TOPIC = Topic("agents", "Agents", "", "agent*")
LETTER = Newsletter(
    "weekly", "Weekly", "", "W", "w@example.org", "Street 1", "en", ("agents",), reply_to="r@example.org"
)


@pytest.mark.parametrize(
    ("change", "faulty"),
    [
        ({}, []),
        ({"title": ""}, ["title"]),
        ({"slug": "My Agents"}, ["slug"]),
        ({"slug": "a" * 65}, ["slug"]),
        ({"rule": "("}, ["rule"]),
    ],
)
def test_a_topic(change: dict[str, str], faulty: list[str]) -> None:
    assert list(topic_faults(replace(TOPIC, **change))) == faulty  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "faulty"),
    [
        ({}, []),
        ({"title": "", "sender_name": "", "postal_address": ""}, ["title", "sender_name", "postal_address"]),
        ({"sender_address": ""}, ["sender_address"]),
        ({"reply_to": ""}, []),
        ({"reply_to": "nobody"}, ["reply_to"]),
        ({"language": "tlh"}, ["language"]),
        ({"topics": ()}, ["topics"]),
    ],
)
def test_a_newsletter(change: dict[str, object], faulty: list[str]) -> None:
    assert list(newsletter_faults(replace(LETTER, **change))) == faulty  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, ""),
        ({"accent": "#ABCDEF"}, ""),
        ({"ground": "red"}, "Write colours"),
        ({"header": "x" * 201}, "too long"),
        ({"footer": "x" * 601}, "too long"),
        ({"postal_address": "x" * 301}, "too long"),
        ({"postal_address": ""}, "postal address is missing"),
    ],
)
def test_a_look(change: dict[str, str], words: str) -> None:
    fault = look_fault(look_of(replace(LETTER, **change)))  # type: ignore[arg-type]
    assert words in fault
    assert bool(fault) is bool(words)


@pytest.mark.parametrize(
    ("kind", "location", "is_faulty"),
    [
        (SourceKind.FEED, "https://example.org/rss", False),
        (SourceKind.FEED, "example.org/rss", True),
        (SourceKind.PUSH, "", False),
        (SourceKind.FOLDER, "/srv/articles", False),
    ],
)
def test_a_source(kind: SourceKind, location: str, *, is_faulty: bool) -> None:
    assert bool(source_faults(Source("a", "", kind, location))) is is_faulty


@pytest.mark.parametrize(
    ("entry", "is_faulty"),
    [
        (ScheduleEntry(Cadence.DAILY, "0 7 * * *", "UTC"), False),
        (ScheduleEntry(Cadence.INSTANT, "", "UTC"), False),
        (ScheduleEntry(Cadence.DAILY, "0 7 * * *", "UTC", 24 * 60 - 1), False),
        (ScheduleEntry(Cadence.DAILY, "0 7 * * *", "UTC", 24 * 60), True),
        (ScheduleEntry(Cadence.DAILY, "0 25 * * *", "UTC"), True),
        (ScheduleEntry(Cadence.DAILY, "0 7 * * *", "Mars/Olympus"), True),
    ],
)
def test_a_schedule(entry: ScheduleEntry, *, is_faulty: bool) -> None:
    assert bool(schedule_faults(entry)) is is_faulty
