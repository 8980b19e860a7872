"""Files and database: out, in, and what the console changed meanwhile is never written over unasked."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from sqlmodel import col, delete, select

from syndication.domain.configuration import Difference, State, fields_of
from syndication.domain.entries import Entries, ScheduleEntry
from syndication.domain.errors import ConfigError
from syndication.domain.newsletters import Newsletter
from syndication.domain.sources import Source
from syndication.domain.states import Cadence, SourceKind
from syndication.domain.topics import Topic
from syndication.entries import load_entries
from syndication.entry_files import written
from syndication.jobs.configure import Applied, Wish, apply, differences, remember_written
from syndication.jobs.insert_entries import insert_entries
from syndication.store.admins import audit
from syndication.store.classifying import save_topic
from syndication.store.configured import stored_entries
from syndication.store.database import Database
from syndication.store.editing import save_newsletter
from syndication.store.managing import pause_source, remove_source, use_address
from syndication.store.newsletters import add_schedule, newsletter
from syndication.store.scheduling import save_schedule, schedule
from syndication.store.tables import (
    AuditEntryRow,
    CounterRow,
    NewsletterRow,
    NewsletterTopicRow,
    PictureRow,
    ScheduleRow,
    SourceRow,
    TakenEntryRow,
    TopicRow,
)
from syndication.store.topics import rename_topic
from tests.support import rows
from tests.support.entries import all_entries, picture
from tests.support.rows import NOW

LATER = NOW + timedelta(hours=1)
CONFIGURED = (
    TakenEntryRow,
    AuditEntryRow,
    ScheduleRow,
    NewsletterTopicRow,
    NewsletterRow,
    SourceRow,
    TopicRow,
    PictureRow,
)

LETTER = Newsletter("weekly", "Weekly", "", "W", "w@example.org", "Street 1", "en", ("agents",))
FRIDAYS = ScheduleEntry(Cadence.WEEKLY, "30 7 * * FRI", "Europe/Rome")
RADAR = "https://radar.example.org/rss"
FILES = Entries(
    (Topic("agents", "Agents", "", "agent*"), Topic("chips", "Chips", "", "gpu*")),
    (Source("radar", "Radar", SourceKind.FEED, RADAR),),
    ((LETTER, (FRIDAYS,)),),
)


def emptied(database: Database) -> None:
    """As it is before the first `init` inserts anything."""
    with database.write() as session:
        for table in CONFIGURED:
            session.execute(delete(table))
        if session.get(CounterRow, "rules") is None:
            rows.add_counters(session)


def held(database: Database) -> Entries:
    with database.read() as session:
        return stored_entries(session)


def exported(database: Database) -> Entries:
    """What a fresh installation reads of what this one exports."""
    with TemporaryDirectory() as place:
        folder = Path(place)
        for name, body in written(held(database), folder=folder).documents().items():
            (folder / name).write_bytes(body)
        return load_entries(folder)


def states(found: tuple[Difference, ...]) -> dict[str, State]:
    return {one.name: one.state for one in found}


@pytest.fixture
def installed(database: Database) -> Database:
    """FILES as `init` took them over."""
    emptied(database)
    insert_entries(database, FILES, NOW)
    return database


def taken(database: Database, files: Entries, *only: str, force: bool = False) -> Applied:
    return apply(database, files, Wish(only, force=force), LATER)


def with_topic(**changes: object) -> Entries:
    first, second = FILES.topics
    return replace(FILES, topics=(replace(first, **changes), second))  # type: ignore[arg-type]


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(all_entries(), all_entries())
def test_entries_go_out_and_in_without_a_difference(database: Database, before: Entries, after: Entries) -> None:
    emptied(database)
    insert_entries(database, before, NOW)
    assert fields_of(held(database)) == fields_of(before)
    assert differences(database, before).differences == ()

    files = exported(database)
    done = taken(database, files)
    assert (done.written, done.left.differences, done.left.beyond) == ((), (), ())
    emptied(database)
    insert_entries(database, files, NOW)
    assert list(fields_of(held(database)).items()) == list(fields_of(before).items())

    done = taken(database, after)
    assert set(states(done.written).values()) <= {State.NEW, State.CHANGED}
    assert set(states(done.left.differences).values()) <= {State.REFUSED}
    assert states(differences(database, after).differences) == states(done.left.differences)
    assert taken(database, after, force=True).written == ()
    assert set(fields_of(before)) <= set(fields_of(held(database)))


def test_what_only_a_file_changed_is_taken_over_with_a_line_in_the_log(installed: Database) -> None:
    done = taken(installed, with_topic(title="AI agents", rule="agent* OR mcp"))

    assert states(done.written) == {"topic/agents": State.CHANGED}
    with installed.read() as session:
        topic = session.exec(select(TopicRow).where(TopicRow.slug == "agents")).one()
        line = session.exec(select(AuditEntryRow).order_by(col(AuditEntryRow.id).desc())).first()
    assert (topic.title, topic.version) == ("AI agents", 2)
    assert line is not None
    assert (line.actor, line.action, line.target) == ("command", "topic.change", f"topic {topic.id}")
    assert (line.before["title"], line.after["title"]) == ("Agents", "AI agents")


def test_a_title_alone_asks_for_no_new_look_at_the_articles(installed: Database) -> None:
    with installed.read() as session:
        before = session.get_one(CounterRow, "rules").n
    taken(installed, with_topic(title="AI agents", rule="\n  agent*  \n"))
    with installed.read() as session:
        assert session.get_one(CounterRow, "rules").n == before
        assert session.exec(select(TopicRow.rule).where(TopicRow.slug == "agents")).one() == "agent*"


def test_what_the_console_changed_is_a_conflict_until_it_is_forced(installed: Database) -> None:
    with installed.write() as session:
        save_topic(session, Topic("agents", "From the console", "", "agent*"))
        number = session.exec(select(TopicRow.id).where(TopicRow.slug == "agents")).one()
        audit(session, "anna", "topic.change", f"topic {number}", LATER)
    files = replace(with_topic(title="From the file"), sources=(replace(FILES.sources[0], title="Radar news"),))

    done = taken(installed, files)
    assert states(done.written) == {"source/radar": State.CHANGED}
    assert states(done.left.differences) == {"topic/agents": State.CONFLICT}
    assert done.left.saved == {"topic/agents": ("anna", LATER)}
    assert held(installed).topics[0].title == "From the console"

    assert states(taken(installed, files, force=True).written) == {"topic/agents": State.CONFLICT}
    assert held(installed).topics[0].title == "From the file"
    assert states(taken(installed, with_topic(title="Again")).written)["topic/agents"] is State.CHANGED


def test_an_export_into_the_files_makes_the_consoles_word_theirs(installed: Database) -> None:
    with installed.write() as session:
        save_topic(session, Topic("agents", "From the console", "", "agent*"))
    remember_written(installed, held(installed), LATER)
    assert states(taken(installed, with_topic(title="Edited after the export")).written) == {
        "topic/agents": State.CHANGED
    }


def test_what_an_older_version_inserted_is_a_conflict_where_it_differs_and_known_where_not(
    installed: Database,
) -> None:
    with installed.write() as session:
        session.execute(delete(TakenEntryRow))
    assert set(states(differences(installed, with_topic(title="?")).differences).values()) == {State.CONFLICT}
    taken(installed, FILES)
    assert set(states(differences(installed, with_topic(title="?")).differences).values()) == {State.CHANGED}


def test_a_dry_run_says_the_same_and_keeps_nothing(installed: Database) -> None:
    files = with_topic(title="AI agents")
    tried = apply(installed, files, Wish(dry_run=True), LATER)
    assert differences(installed, files).differences == tried.written
    with installed.read() as session:
        assert session.exec(select(AuditEntryRow)).all() == []
    assert taken(installed, files).written == tried.written


def test_only_what_is_named_is_taken_over_a_newsletter_with_its_schedules(installed: Database) -> None:
    letter = replace(LETTER, title="The week", topics=("chips", "agents"))
    schedules = (replace(FRIDAYS, cron="0 8 * * FRI"), ScheduleEntry(Cadence.DAILY, "0 7 * * *", "UTC"))
    files = replace(with_topic(title="?"), newsletters=((letter, schedules),))

    assert set(states(taken(installed, files, "schedule/weekly/daily").written)) == {"schedule/weekly/daily"}
    assert set(states(taken(installed, files, "newsletter/weekly").written)) == {
        "newsletter/weekly",
        "schedule/weekly/weekly",
    }
    assert set(states(differences(installed, files).differences)) == {"topic/agents"}


def test_what_files_do_not_have_stays(installed: Database) -> None:
    done = taken(installed, Entries(), force=True)
    assert done.written == ()
    assert done.left.beyond == (
        "topic/agents",
        "topic/chips",
        "source/radar",
        "newsletter/weekly",
        "schedule/weekly/weekly",
    )


def test_one_entry_that_cannot_stand_keeps_all_others_out(installed: Database) -> None:
    twin = Source("twin", "Twin", SourceKind.FEED, FILES.sources[0].location)
    files = replace(with_topic(title="AI agents"), sources=(*FILES.sources, twin))
    with pytest.raises(ConfigError, match=r"source/twin: 'radar' is a source with this address already"):
        taken(installed, files)
    assert held(installed).topics[0].title == "Agents"


@pytest.mark.parametrize(
    ("only", "words"),
    [
        ("newsletter/second", "the topic 'new', which the database lacks: take topic/new over, too"),
        ("schedule/second/weekly", "of a newsletter that the database lacks: take newsletter/second over, too"),
    ],
)
def test_what_an_entry_needs_is_named_when_it_is_left_out(installed: Database, only: str, words: str) -> None:
    topics = (*FILES.topics, Topic("new", "New", "", "new"))
    second = (replace(LETTER, slug="second", topics=("new",)), (FRIDAYS,))
    files = replace(FILES, topics=topics, newsletters=(*FILES.newsletters, second))
    with pytest.raises(ConfigError, match=words):
        taken(installed, files, only)
    assert len(taken(installed, files).written) == 3


def with_schedules(*schedules: ScheduleEntry) -> Entries:
    return replace(FILES, newsletters=((LETTER, schedules),))


def test_a_schedule_is_the_same_whatever_stands_before_it_in_the_file(installed: Database) -> None:
    morning, evening = (
        ScheduleEntry(Cadence.DAILY, "0 7 * * *", "UTC"),
        ScheduleEntry(Cadence.DAILY, "0 19 * * *", "UTC"),
    )
    taken(installed, with_schedules(FRIDAYS, morning, evening))
    of_file = exported(installed)
    assert of_file.newsletters[0][1] == (FRIDAYS, morning, replace(evening, slug="daily-2"))

    alone = with_schedules(FRIDAYS, of_file.newsletters[0][1][2])
    assert differences(installed, alone).differences == ()
    later = with_schedules(replace(evening, slug="daily-2", cron="0 20 * * *"), FRIDAYS)
    assert states(taken(installed, later).written) == {"schedule/weekly/daily-2": State.CHANGED}
    assert [one.cron for one in held(installed).newsletters[0][1]] == [FRIDAYS.cron, "0 7 * * *", "0 20 * * *"]


def test_a_schedule_keeps_its_name_when_the_console_changes_its_cadence(installed: Database) -> None:
    with installed.write() as session:
        stored = schedule(session, session.exec(select(ScheduleRow.id)).one() or 0)
        assert stored is not None
        changed = replace(stored, value=replace(stored.value, cadence=Cadence.DAILY))
        assert save_schedule(session, changed, LATER, expected_version=stored.version)
        add_schedule(session, stored.newsletter_id, FRIDAYS, NOW)
    (found,) = differences(installed, FILES).differences
    assert (found.name, found.state) == ("schedule/weekly/weekly", State.CONFLICT)
    assert [(field.name, field.database) for field in found.fields] == [("cadence", "daily")]
    first, second = exported(installed).newsletters[0][1]
    assert ((first.slug, first.cadence), second.slug) == (("weekly", Cadence.DAILY), "weekly-2")
    assert states(taken(installed, FILES, force=True).written) == {"schedule/weekly/weekly": State.CONFLICT}
    assert held(installed).newsletters[0][1][0] == FRIDAYS


def test_hours_of_readers_and_a_review_that_only_the_database_has_exclude_each_other(installed: Database) -> None:
    with installed.write() as session:
        letter = newsletter(session, "weekly")
        assert letter is not None
        add_schedule(session, letter.id, ScheduleEntry(Cadence.DAILY, "0 7 * * *", "UTC", review_minutes=30), NOW)
    files = replace(FILES, newsletters=((replace(LETTER, own_hours=True), (FRIDAYS,)),))
    with pytest.raises(ConfigError, match="exclude each other"):
        taken(installed, files)


def test_a_renamed_topic_and_a_removed_source_do_not_come_back_by_themselves(installed: Database) -> None:
    with installed.write() as session:
        number = session.exec(select(TopicRow.id).where(TopicRow.slug == "chips")).one()
        rename_topic(session, number or 0, "hardware")
        source = session.exec(select(SourceRow.id)).one()
        assert remove_source(session, source or 0, NOW)

    inserted = insert_entries(installed, FILES, LATER)
    assert (inserted.topics, inserted.sources) == (0, 0)
    assert states(differences(installed, FILES).differences) == {"topic/chips": State.GONE, "source/radar": State.GONE}
    assert taken(installed, FILES).written == ()
    assert states(taken(installed, FILES, "source/radar", force=True).written) == {"source/radar": State.GONE}
    assert [source.slug for source in held(installed).sources] == ["radar"]


def test_a_source_that_left_articles_behind_never_comes_back(installed: Database) -> None:
    with installed.write() as session:
        source = session.exec(select(SourceRow)).one()
        source.removed_at = NOW
        session.add(source)
    done = taken(installed, FILES, force=True)
    assert (done.written, states(done.left.differences)) == ((), {"source/radar": State.REFUSED})


def test_a_source_that_moved_by_itself_is_a_conflict_not_moved_back(installed: Database) -> None:
    with installed.write() as session:
        number = session.exec(select(SourceRow.id)).one() or 0
        use_address(session, number, "https://radar.example.org/new")
    done = taken(installed, FILES)
    assert (done.written, states(done.left.differences)) == ((), {"source/radar": State.CONFLICT})
    assert done.left.saved == {}


def test_a_switched_off_topic_stays_where_a_newsletter_has_it(installed: Database) -> None:
    letter = replace(LETTER, topics=("chips", "agents"))
    files = replace(FILES, newsletters=((letter, (FRIDAYS,)),), off=frozenset({"topic/chips", "source/radar"}))
    taken(installed, files)
    assert differences(installed, files).differences == ()
    assert held(installed).newsletters[0][0].topics == ("chips", "agents")
    shorter = replace(files, newsletters=((LETTER, (FRIDAYS,)),))
    taken(installed, shorter)
    assert held(installed).newsletters[0][0].topics == ("agents",)


def test_a_paused_source_that_gets_another_address_stays_paused(installed: Database) -> None:
    with installed.write() as session:
        pause_source(session, session.exec(select(SourceRow.id)).one() or 0)
    moved = replace(FILES.sources[0], location="https://radar.example.org/atom")
    files = replace(FILES, sources=(moved,), off=frozenset({"source/radar"}))
    assert states(taken(installed, files).written) == {"source/radar": State.CHANGED}
    assert held(installed).sources[0].location == moved.location
    assert held(installed).off == {"source/radar"}
    assert states(taken(installed, replace(files, off=frozenset())).written) == {"source/radar": State.CHANGED}
    assert held(installed).off == frozenset()


def test_the_log_in_of_an_address_survives_files_that_do_not_name_it(installed: Database) -> None:
    secret = replace(FILES.sources[0], location="https://me:hush@radar.example.org/rss")
    taken(installed, replace(FILES, sources=(secret,)))
    files = exported(installed)
    assert files.sources[0].location == FILES.sources[0].location
    assert taken(installed, files).written == ()
    taken(installed, replace(files, sources=(replace(files.sources[0], title="Other"),)))
    assert held(installed).sources[0].location == secret.location
    with installed.read() as session:
        assert "hush" not in str([(line.before, line.after) for line in session.exec(select(AuditEntryRow)).all()])


@pytest.mark.parametrize(
    ("moved", "held_then"),
    [
        ("https://radar.example.org/atom?page=2", "https://radar.example.org/atom?page=2&api_key=hush"),
        ("https://radar.example.org/atom?api_key=new", "https://radar.example.org/atom?api_key=new"),
        ("https://elsewhere.example.org/rss", "https://elsewhere.example.org/rss"),
    ],
)
def test_a_new_address_keeps_the_key_of_the_old_one_on_the_same_server_alone(
    installed: Database, moved: str, held_then: str
) -> None:
    taken(installed, replace(FILES, sources=(replace(FILES.sources[0], location=f"{RADAR}?api_key=hush"),)))
    files = exported(installed)
    taken(installed, replace(files, sources=(replace(files.sources[0], location=moved),)))
    assert held(installed).sources[0].location == held_then


def test_a_look_with_its_logo_is_taken_over(installed: Database) -> None:
    logo = picture(7)
    letter = replace(LETTER, accent="#ABCDEF", logo=logo.name, header="H", footer="F")
    files = replace(FILES, newsletters=((letter, (FRIDAYS,)),), pictures=(logo,))
    taken(installed, files)
    assert held(installed).pictures == (logo,)
    assert differences(installed, files).differences == ()
    with installed.write() as session:
        stored = newsletter(session, "weekly")
        assert stored is not None
        save_newsletter(session, stored.id, replace(stored.value, title="Console"))
    assert exported(installed).newsletters[0][0].title == "Console"
