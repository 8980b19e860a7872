"""A backup is whole or absent; a restore brings everything back, mails nothing twice and keeps forgotten who was erased."""

import io
import json
import shutil
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType

import pytest
from sqlalchemy import select as core_select
from sqlmodel import select

from syndication.backup import archives, make_backup, remove_old, restore_backup
from syndication.domain.errors import ConfigError, StoreError
from syndication.domain.states import DeliveryState, IssueState, NoticeKind
from syndication.engine.role import RunnerRole
from syndication.jobs.erase import erase_reader
from syndication.keys import load_keys, make_keys
from syndication.settings import Settings, load_settings
from syndication.store.database import Database, open_database
from syndication.store.migrate import require_current
from syndication.store.tables import (
    CounterRow,
    DeliveryRow,
    IssueRow,
    ScheduleRow,
    SourceRow,
    SubscriberRow,
    metadata,
)
from tests.support import rows
from tests.support.rows import NOW
from tests.support.subscribing import mailed, waiting_issue

DAY = timedelta(days=1)


@pytest.fixture
def settings(migrated_url: str, tmp_path: Path) -> Settings:
    """An installation with a reader whose issue is on its way."""
    environ = {"SYNDICATION_DATABASE__URL": migrated_url, "SYNDICATION_VAR": str(tmp_path / "var")}
    settings = load_settings(environ, Path(__file__).parents[3])
    make_keys(settings.var_folder / "secrets")
    (settings.var_folder / "syndication.toml").write_text('[site]\ntitle = "Ours"\n', "utf-8")
    return settings


@pytest.fixture
def lived_in(settings: Settings) -> Iterator[Database]:
    """The installation's database, with a reader whose issue is on its way."""
    with closing(open_database(settings.database_url)) as database:
        with database.write() as session:
            rows.add_counters(session)
            rows.add_topic(session, "agents")
            newsletter = rows.add_newsletter(session, "weekly", ["agents"])
            schedule = rows.add_schedule(session, newsletter, next_slot=NOW + DAY)
            rows.add_source(session, "desk")
            subscriber_id = rows.add_reader(session, schedule, ["agents"], address="ann@example.com")
            subscription = rows.subscription_of(session, subscriber_id)
            waiting_issue(session, newsletter, subscription.id or 0, DeliveryState.READY)
            mailed(session, subscriber_id, newsletter, NoticeKind.WELCOME, NOW)
        yield database


def contents(database: Database) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    with database.read() as session:
        return {
            table.name: sorted((tuple(row) for row in session.execute(core_select(table))), key=repr)
            for table in metadata.sorted_tables
        }


def forget_everything(settings: Settings) -> None:
    """The machine is lost; what is left is the archive."""
    with closing(open_database(settings.database_url)) as database:
        metadata.drop_all(database.engine)
        with database.engine.begin() as connection:
            connection.exec_driver_sql("DROP TABLE IF EXISTS alembic_version")
        database_file = Path(database.engine.url.database or "")
        is_sqlite = database.is_sqlite
    shutil.rmtree(settings.var_folder)
    if is_sqlite:
        database_file.unlink(missing_ok=True)


def test_a_restore_on_a_new_machine_brings_everything_back(
    settings: Settings, lived_in: Database, tmp_path: Path
) -> None:
    keys = load_keys(settings.var_folder / "secrets")
    before = contents(lived_in)
    archive = make_backup(settings, NOW, tmp_path / "kept")
    lived_in.close()
    forget_everything(settings)
    done = restore_backup(settings, archive, NOW)
    assert (done.made_at, done.old, done.erased) == (NOW, None, 0)
    with closing(open_database(settings.database_url)) as database:
        if database.is_sqlite:
            assert Path(database.engine.url.database or "").stat().st_mode & 0o077 == 0
        after = contents(database)
        with database.write() as session:
            rows.add_topic(session, "added-after-the-restore")
    held = {"issue", "notice", "delivery", "schedule"}
    assert {name: found for name, found in after.items() if name not in held} == {
        name: found for name, found in before.items() if name not in held
    }
    assert {name: len(after[name]) for name in held} == {name: len(before[name]) for name in held}
    assert load_keys(settings.var_folder / "secrets") == keys
    assert (settings.var_folder / "syndication.toml").read_text("utf-8") == '[site]\ntitle = "Ours"\n'


def test_an_archive_can_be_read_by_its_owner_only(settings: Settings, lived_in: Database) -> None:
    assert lived_in
    archive = make_backup(settings, NOW)
    assert archive.stat().st_mode & 0o777 == 0o600
    assert archives(settings.backup_folder) == [archive]
    assert {path.name for path in settings.backup_folder.iterdir()} == {archive.name}


def test_what_may_have_been_mailed_since_the_backup_is_not_mailed_by_itself(
    settings: Settings, lived_in: Database
) -> None:
    with lived_in.write() as session:
        session.get_one(CounterRow, "seq").n = 60
        session.exec(select(SourceRow)).one().fetched_before = True
        session.exec(select(ScheduleRow)).one().next_slot = NOW + DAY
    archive = make_backup(settings, NOW)
    done = restore_backup(settings, archive, NOW + 2 * DAY, force=True)
    assert done.held == 2
    with closing(open_database(settings.database_url)) as database, database.read() as session:
        issue = session.exec(select(IssueRow)).one()
        schedule = session.exec(select(ScheduleRow)).one()
        assert (issue.state, session.exec(select(DeliveryRow.state)).one()) == (IssueState.PAUSED, DeliveryState.READY)
        assert "may have got this issue" in issue.note
        assert schedule.next_slot > NOW + 2 * DAY
        assert schedule.last_cut == 60
        assert not session.exec(select(SourceRow)).one().fetched_before


def test_a_schedule_that_missed_no_slot_goes_on_as_if_nothing_had_been(settings: Settings, lived_in: Database) -> None:
    with lived_in.write() as session:
        session.exec(select(ScheduleRow)).one().next_slot = NOW + 3 * DAY
        before = session.exec(select(ScheduleRow)).one().last_cut
    restore_backup(settings, make_backup(settings, NOW), NOW + DAY, force=True)
    with closing(open_database(settings.database_url)) as database, database.read() as session:
        schedule = session.exec(select(ScheduleRow)).one()
        assert (schedule.next_slot, schedule.last_cut) == (NOW + 3 * DAY, before)


def test_who_was_erased_after_the_backup_stays_erased(settings: Settings, lived_in: Database) -> None:
    archive = make_backup(settings, NOW)
    keys = load_keys(settings.var_folder / "secrets")
    with lived_in.read() as session:
        subscriber_id = session.exec(select(SubscriberRow.id)).one() or 0
    erase_reader(lived_in, keys.suppression, settings.var_folder, subscriber_id, NOW)
    lived_in.close()
    assert restore_backup(settings, archive, NOW, force=True).erased == 1
    with closing(open_database(settings.database_url)) as database:
        assert "ann@example.com" not in json.dumps(contents(database), default=str)


def test_data_that_is_there_is_only_replaced_by_force_and_kept(settings: Settings, lived_in: Database) -> None:
    archive = make_backup(settings, NOW)
    with lived_in.write() as session:
        rows.add_topic(session, "newer")
    with pytest.raises(ConfigError, match="--force"):
        restore_backup(settings, archive, NOW)
    lived_in.close()
    done = restore_backup(settings, archive, NOW, force=True)
    assert done.old
    restore_backup(settings, done.old, NOW, force=True)
    with closing(open_database(settings.database_url)) as database, database.read() as session:
        assert rows.topic_id_of(session, "newer")


def newer(database: Database) -> None:
    """What a version to come may have left."""
    with database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")


def test_the_older_version_is_brought_back_by_its_own_backup(settings: Settings, lived_in: Database) -> None:
    archive = make_backup(settings, NOW)
    newer(lived_in)
    lived_in.close()
    if not lived_in.is_sqlite:
        with pytest.raises(StoreError, match="on PostgreSQL into an empty database"):
            restore_backup(settings, archive, NOW + DAY, force=True)
        return
    done = restore_backup(settings, archive, NOW + DAY, force=True)
    assert done.old is not None
    with closing(open_database(settings.database_url)) as database:
        require_current(database)
        with database.read() as session:
            assert session.exec(select(SubscriberRow.address)).one() == "ann@example.com"


def test_an_archive_of_a_newer_version_changes_nothing(settings: Settings, lived_in: Database, tmp_path: Path) -> None:
    archive, later = make_backup(settings, NOW), tmp_path / "later.tar.gz"
    with tarfile.open(archive) as packed, closing(packed.extractfile("./manifest.json") or io.BytesIO()) as file:
        manifest = json.load(file)
    rewritten(archive, later, {"manifest.json": json.dumps(manifest | {"revision": "9999"}).encode()})
    before = contents(lived_in)
    with pytest.raises(StoreError, match="made by a newer version"):
        restore_backup(settings, later, NOW + DAY, force=True)
    assert contents(lived_in) == before


def test_a_restore_waits_for_the_service_to_be_stopped(settings: Settings, lived_in: Database) -> None:
    assert lived_in
    archive = make_backup(settings, NOW)
    role = RunnerRole(settings.var_folder)
    with pytest.raises(StoreError, match="Stop it first"):
        restore_backup(settings, archive, NOW, force=True)
    role.release()


def rewritten(
    archive: Path, to: Path, others: Mapping[str, bytes] = MappingProxyType({}), more: tarfile.TarInfo | None = None
) -> None:
    """Write a copy of an archive in which some files hold other bytes, or that holds one thing more."""
    with tarfile.open(archive) as whole, tarfile.open(to, "w:gz") as other:
        for member in whole:
            content = whole.extractfile(member)
            body = content.read() if content else b""
            body = others.get(Path(member.name).name, body)
            member.size = len(body)
            other.addfile(member, io.BytesIO(body))
        if more is not None:
            other.addfile(more)


def link(name: str, to: str) -> tarfile.TarInfo:
    found = tarfile.TarInfo(name)
    found.type, found.linkname = tarfile.SYMTYPE, to
    return found


@pytest.mark.parametrize("damage", ["cut", "changed", "no archive", "a way out", "a link"])
def test_a_damaged_archive_changes_nothing(settings: Settings, lived_in: Database, tmp_path: Path, damage: str) -> None:
    archive = make_backup(settings, NOW)
    before = contents(lived_in)
    lived_in.close()
    broken = tmp_path / "broken.tar.gz"
    if damage == "changed":
        rewritten(archive, broken, {"suppression.key": b"00" * 32})
    elif damage == "a way out":
        rewritten(archive, broken, more=tarfile.TarInfo("./../elsewhere"))
    elif damage == "a link":
        rewritten(archive, broken, more=link("./var/secrets/link", "/etc/passwd"))
    else:
        broken.write_bytes(archive.read_bytes()[:-2_000] if damage == "cut" else b"hello")
    with pytest.raises(ConfigError, match="backup"):
        restore_backup(settings, broken, NOW, force=True)
    with closing(open_database(settings.database_url)) as database:
        assert contents(database) == before


def test_a_backup_that_cannot_be_written_says_so_and_leaves_nothing(
    settings: Settings, lived_in: Database, tmp_path: Path
) -> None:
    assert lived_in
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    with pytest.raises(StoreError, match="could not be written"):
        make_backup(settings, NOW, in_the_way)


def test_old_archives_are_removed(settings: Settings, lived_in: Database) -> None:
    assert lived_in
    made = [make_backup(settings, NOW + number * DAY) for number in range(3)]
    assert remove_old(settings.backup_folder, 2) == 1
    assert archives(settings.backup_folder) == [made[2], made[1]]
