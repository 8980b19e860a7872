"""Files against the database: what differs, which of the two changed, and what becomes of it."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given

from syndication.domain.configuration import (
    HIDDEN,
    LOG_IN,
    Fields,
    Side,
    State,
    compare,
    fields_of,
    is_alike,
    marks_of,
    named_schedules,
)
from syndication.domain.entries import Entries, ScheduleEntry
from syndication.domain.newsletters import Newsletter
from syndication.domain.source_options import ApiRules, Identity, PageRules, SourceOptions
from syndication.domain.sources import Source
from syndication.domain.states import Cadence, SourceKind
from syndication.domain.topics import Topic
from syndication.domain.web_address import names_of_secrets, with_secrets_of, without_secrets
from tests.support.entries import all_entries

FILE: Fields = {"title": "New", "enabled": True}
OLD: Fields = {"title": "Old", "enabled": True}


def state_of(file: Fields, stored: Fields, before: Fields | None) -> tuple[State, list[Side]]:
    taken = {} if before is None else {"topic/a": marks_of(before)}
    (found,) = compare({"topic/a": file}, {"topic/a": stored}, taken)
    return found.state, [field.changed_in for field in found.fields]


def test_what_only_the_file_changed_is_taken_over() -> None:
    assert state_of(FILE, OLD, before=OLD) == (State.CHANGED, [Side.FILE])


def test_what_only_the_database_changed_is_a_conflict() -> None:
    assert state_of(OLD, FILE, before=OLD) == (State.CONFLICT, [Side.DATABASE])


def test_what_both_changed_is_a_conflict() -> None:
    assert state_of(FILE, {**OLD, "title": "Console"}, before=OLD) == (State.CONFLICT, [Side.BOTH])


def test_one_field_that_the_database_changed_keeps_the_whole_entry_from_being_written_over() -> None:
    assert state_of({**FILE, "enabled": True}, {**OLD, "enabled": False}, before=OLD) == (
        State.CONFLICT,
        [Side.FILE, Side.DATABASE],
    )


def test_what_nobody_remembers_is_a_conflict() -> None:
    assert state_of(FILE, OLD, before=None) == (State.CONFLICT, [Side.UNKNOWN])


def test_a_field_that_came_with_a_later_version_counts_as_unchanged_in_the_database() -> None:
    assert state_of({"title": "T", "enabled": False}, {"title": "T", "enabled": True}, before={"title": "T"}) == (
        State.CHANGED,
        [Side.FILE],
    )


def test_an_option_that_was_not_named_was_as_by_default() -> None:
    before: Fields = {"title": "T"}
    assert state_of(before, {"title": "T", "options.zone": "Asia/Tokyo"}, before) == (State.CONFLICT, [Side.DATABASE])
    assert state_of({"title": "T", "options.zone": "UTC"}, before, before) == (State.CHANGED, [Side.FILE])


def test_what_was_changed_to_the_same_in_both_differs_in_nothing() -> None:
    assert compare({"topic/a": FILE}, {"topic/a": FILE}, {"topic/a": marks_of(OLD)}) == ()


@pytest.mark.parametrize(
    ("taken", "removed", "state"),
    [
        ({}, (), State.NEW),
        ({"source/a": marks_of(OLD)}, (), State.GONE),
        ({"source/a": marks_of(OLD)}, ("source/a",), State.REFUSED),
        ({}, ("source/a",), State.REFUSED),
    ],
)
def test_an_entry_that_the_database_lacks(
    taken: Mapping[str, Mapping[str, str]], removed: tuple[str, ...], state: State
) -> None:
    (found,) = compare({"source/a": {**FILE, LOG_IN: "x"}}, {}, taken, removed)
    assert found.state is state
    assert bool(found.why) is (state is State.REFUSED)
    assert [field.file for field in found.fields] == ["New", True, HIDDEN]


def test_a_source_cannot_become_one_of_another_kind() -> None:
    (found,) = compare({"source/a": {"kind": "feed"}}, {"source/a": {"kind": "page"}}, {})
    assert (found.state, bool(found.why)) == (State.REFUSED, True)


def test_a_file_need_not_name_the_log_in_of_an_address_and_never_shows_it() -> None:
    with_secret = source_fields("https://me:hush@example.org/rss")
    without = source_fields("https://example.org/rss")
    assert is_alike(without, with_secret)
    assert not is_alike(with_secret, without)
    (found,) = compare({"source/a": with_secret}, {"source/a": source_fields("https://me:old@example.org/rss")}, {})
    assert [(one.name, one.file, one.database) for one in found.fields] == [(LOG_IN, HIDDEN, HIDDEN)]
    assert "hush" not in str(with_secret)


def source_fields(location: str, **options: object) -> Fields:
    source = Source("a", "A", SourceKind.FEED, location, options=SourceOptions(**options))  # type: ignore[arg-type]
    return fields_of(Entries(sources=(source,), off=frozenset({"source/a"})))["source/a"]


def test_options_are_fields_of_their_own() -> None:
    fields = source_fields(
        "https://example.org/",
        identity=Identity.URL,
        max_items=5,
        page=PageRules(item="li"),
        api=ApiRules(languages=("en", "it")),
    )
    assert {name: value for name, value in fields.items() if name.startswith("options")} == {
        "options.identity": "url",
        "options.max_items": 5,
        "options.page.item": "li",
        "options.api.languages": ("en", "it"),
    }
    assert fields["enabled"] is False


def test_a_topic_is_its_words_and_whether_it_is_on() -> None:
    topics = (Topic("a", "A", "About A", " agent*\n"), Topic("b", "B", "", "x"))
    assert fields_of(Entries(topics, off=frozenset({"topic/b"}))) == {
        "topic/a": {"title": "A", "description": "About A", "rule": "agent*", "enabled": True},
        "topic/b": {"title": "B", "description": "", "rule": "x", "enabled": False},
    }


def test_schedules_are_known_by_newsletter_cadence_and_number() -> None:
    letter = Newsletter("w", "W", "", "W", "w@example.org", "Street 1", "en", ("a",))
    weekly, daily = (ScheduleEntry(cadence, "0 8 * * *", "UTC") for cadence in (Cadence.WEEKLY, Cadence.DAILY))
    found = fields_of(Entries(newsletters=((letter, (weekly, daily, weekly)),)))
    assert list(found) == ["newsletter/w", "schedule/w/weekly", "schedule/w/daily", "schedule/w/weekly-2"]


def test_a_schedule_with_a_name_of_its_own_keeps_it_and_no_other_takes_it() -> None:
    daily = ScheduleEntry(Cadence.DAILY, "0 8 * * *", "UTC")
    evening, second = replace(daily, slug="evening"), replace(daily, slug="daily-2")
    assert list(named_schedules("w", (evening, daily, second, daily))) == [
        "schedule/w/evening",
        "schedule/w/daily",
        "schedule/w/daily-2",
        "schedule/w/daily-3",
    ]


@given(all_entries())
def test_what_was_taken_over_differs_in_nothing_from_itself(entries: Entries) -> None:
    fields = fields_of(entries)
    assert compare(fields, fields, {}) == ()
    assert all(one.state is State.NEW for one in compare(fields, {}, {}))


@pytest.mark.parametrize(
    ("url", "shown", "secret"),
    [
        ("https://example.org/a?page=2", "https://example.org/a?page=2", ""),
        ("https://example.org/a?key=politics&token=", "https://example.org/a?key=politics&token=", ""),
        ("https://me:pw@example.org:8443/a", "https://example.org:8443/a", "me:pw"),
        ("https://example.org/a?x=1&Token=abc&y=2", "https://example.org/a?x=1&y=2", "Token=abc"),
        ("https://me@example.org/?api_key=k", "https://example.org/", "me&api_key=k"),
        (
            "https://example.org/?feed_token=k&X-Amz-Signature=s",
            "https://example.org/",
            "feed_token=k&X-Amz-Signature=s",
        ),
        ("https://example.org/?api%5Fkey=k&pwd=s&passage=4", "https://example.org/?passage=4", "api%5Fkey=k&pwd=s"),
        ("https://example.org/?key=AIzaSyD-9tSrke72PouQMnMX", "https://example.org/", "key=AIzaSyD-9tSrke72PouQMnMX"),
        ("https://example.org/?rsskey=0f1e2d3c4b5a69788796", "https://example.org/", "rsskey=0f1e2d3c4b5a69788796"),
        ("https://example.org/?key=ai-agents-and-chips-2026", "https://example.org/?key=ai-agents-and-chips-2026", ""),
        ("https://example.org/?key=a1b2", "https://example.org/?key=a1b2", ""),
        ("/srv/me@home?token=x", "/srv/me@home?token=x", ""),
        ("https://[broken", "https://[broken", ""),
    ],
)
def test_an_address_is_shown_without_its_secrets(url: str, shown: str, secret: str) -> None:
    assert without_secrets(url) == (shown, secret)


@pytest.mark.parametrize(
    ("url", "names"),
    [
        ("https://me:pw@example.org/a?page=2&token=x", ("log-in", "token")),
        ("https://example.org/a?page=2&API_KEY=x", ("API_KEY",)),
        ("https://example.org/a?page=2", ()),
    ],
)
def test_the_secrets_of_an_address_are_told_by_their_names(url: str, names: tuple[str, ...]) -> None:
    assert names_of_secrets(url) == names


@pytest.mark.parametrize(
    ("url", "known", "whole"),
    [
        ("https://e.org/b", "https://me:pw@e.org/a?x=1&token=t", "https://me:pw@e.org/b?token=t"),
        ("https://e.org/b?y=2", "https://e.org/a?token=t", "https://e.org/b?y=2&token=t"),
        ("https://e.org/b?token=new", "https://e.org/a?token=t", "https://e.org/b?token=new"),
        ("https://other.org/b", "https://e.org/a?token=t", "https://other.org/b"),
        ("http://e.org/b", "https://e.org/a?token=t", "http://e.org/b"),
        ("https://e.org/b", "https://e.org/a", "https://e.org/b"),
    ],
)
def test_an_address_gets_the_secrets_of_a_known_one_of_the_same_server(url: str, known: str, whole: str) -> None:
    assert with_secrets_of(url, known) == whole
