"""What `serve` does by itself every minute: backups in time, tidying every hour, and word to the operator when something is wrong."""

import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import structlog

from syndication.backup import archives, make_backup, remove_old
from syndication.domain.errors import SyndicationError
from syndication.domain.troubles import Trouble
from syndication.jobs.alerts import Channels, tell_troubles
from syndication.jobs.tidy import tidy
from syndication.settings import Settings
from syndication.store.database import Database

MINIMUM_FREE: Final = 1 << 30
"""Bytes of disk below which nobody can be sure that the next issue is recorded."""

_BACKUP_REMEDY: Final = "It is tried again every hour; `syndication backup` tries now."
_AGAIN: Final = timedelta(hours=1)

_log = structlog.get_logger()


class Upkeep:
    """Remembers what went wrong with the machine itself; everything else is in the database."""

    def __init__(self, current: Callable[[], Settings], database: Database) -> None:
        """Nothing happens yet. current: the settings as their files are now."""
        self._current, self._settings, self._database = current, current(), database
        self._backup_trouble: Trouble | None = None
        self._tried_at: datetime | None = None
        self._tidied_at: datetime | None = None

    def __call__(self, now: datetime) -> None:
        """Do what is due; now: aware UTC."""
        self._settings = self._current()
        self._back_up(now)
        if self._tidied_at is None or now - self._tidied_at >= _AGAIN:
            self._tidied_at = now
            tidy(self._database, now, self._settings.keep.texts_months)
        alerts = self._settings.alerts
        channels = Channels(self._settings.site.public_url, **alerts.model_dump())
        besides = [trouble for trouble in (self._backup_trouble, self._disk_trouble()) if trouble]
        tell_troubles(self._database, channels, besides, now)

    def _back_up(self, now: datetime) -> None:
        wanted, folder = self._settings.backup, self._settings.backup_folder
        if not wanted.every_hours or (self._tried_at and now - self._tried_at < _AGAIN):
            return
        newest = next(iter(archives(folder)), None)
        if newest and now - datetime.fromtimestamp(newest.stat().st_mtime, tz=now.tzinfo) < timedelta(
            hours=wanted.every_hours
        ):
            return
        self._tried_at = now
        try:
            made = make_backup(self._settings, now)
            remove_old(folder, wanted.keep)
        except SyndicationError as error:
            _log.exception("backup_failed")
            self._backup_trouble = Trouble("backup", str(error), _BACKUP_REMEDY)
        except Exception as error:  # noqa: BLE001 - whatever it was, the operator has to hear of it
            _log.exception("backup_failed")
            self._backup_trouble = Trouble("backup", f"The backup failed: {error!r}.", _BACKUP_REMEDY)
        else:
            _log.info("backup_made", path=str(made))
            self._backup_trouble = None

    def _disk_trouble(self) -> Trouble | None:
        free = shutil.disk_usage(self._settings.var_folder).free
        if free >= MINIMUM_FREE:
            return None
        what = f"Only {free / (1 << 20):.0f} MB are free in {self._settings.var_folder}."
        return Trouble("disk", what, "Free some space, or move var/ to a larger disk; a full disk stops everything.")
