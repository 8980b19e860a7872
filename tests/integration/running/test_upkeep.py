"""`serve` backs up in time, keeps the newest few, and notices when it cannot."""

import os
import shutil
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from syndication.backup import archives
from syndication.keys import make_keys
from syndication.settings import Settings, load_settings
from syndication.store.database import Database, open_database
from syndication.store.tables import AlertRow
from syndication.upkeep import Upkeep
from tests.support.rows import NOW

HOUR = timedelta(hours=1)


@pytest.fixture
def settings(migrated_sqlite_file: Path, tmp_path: Path) -> Settings:
    environ = {"SYNDICATION_VAR": str(tmp_path / "var"), "SYNDICATION_BACKUP__KEEP": "2"}
    settings = load_settings(environ, Path(__file__).parents[3])
    make_keys(settings.var_folder / "secrets")
    shutil.copy(migrated_sqlite_file, settings.var_folder / "syndication.db")
    return settings


def made(settings: Settings, now: datetime) -> list[str]:
    """The archives, the newest dated as if it had been made at this instant."""
    found = archives(settings.backup_folder)
    if found and found[0].stat().st_mtime > NOW.timestamp() + 1e6:
        os.utime(found[0], (now.timestamp(), now.timestamp()))
    return [path.name for path in found]


def causes(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.exec(select(AlertRow.cause)))


def test_a_backup_is_made_once_a_day_and_two_are_kept(settings: Settings) -> None:
    with closing(open_database(settings.database_url)) as database:
        upkeep = Upkeep(lambda: settings, database)
        names = []
        for hours in (0, 1, 24, 25, 48):
            upkeep(NOW + hours * HOUR)
            names.append(made(settings, NOW + hours * HOUR))
    assert [len(found) for found in names] == [1, 1, 2, 2, 2]
    assert names[0][0] not in names[-1]


def test_a_backup_that_fails_is_told_and_tried_again_every_hour(settings: Settings) -> None:
    settings.backup_folder.parent.mkdir(exist_ok=True)
    settings.backup_folder.write_text("in the way")
    with closing(open_database(settings.database_url)) as database:
        upkeep = Upkeep(lambda: settings, database)
        upkeep(NOW)
        assert causes(database) == ["backup"]
        settings.backup_folder.unlink()
        upkeep(NOW + HOUR / 2)
        assert causes(database) == ["backup"]
        upkeep(NOW + HOUR)
        assert causes(database) == []
    assert len(archives(settings.backup_folder)) == 1


def test_a_backup_that_fails_for_a_reason_nobody_foresaw_is_told_all_the_same(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def surprise(*_: object) -> None:
        raise TypeError("unforeseen")  # noqa: EM101 - as a library would

    monkeypatch.setattr("syndication.upkeep.make_backup", surprise)
    with closing(open_database(settings.database_url)) as database:
        Upkeep(lambda: settings, database)(NOW)
        assert causes(database) == ["backup"]


def test_another_folder_of_backups_counts_without_a_restart(settings: Settings, tmp_path: Path) -> None:
    now_set = [settings]
    with closing(open_database(settings.database_url)) as database:
        upkeep = Upkeep(lambda: now_set[-1], database)
        upkeep(NOW)
        elsewhere = settings.backup.model_copy(update={"folder": str(tmp_path / "elsewhere")})
        now_set.append(settings.model_copy(update={"backup": elsewhere}))
        upkeep(NOW + HOUR)
    assert [len(archives(one.backup_folder)) for one in now_set] == [1, 1]
