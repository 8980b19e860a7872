"""This machine: backups, clock, disk, and how its operator hears of trouble."""

import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import TZPATH, ZoneInfo, available_timezones

from syndication.backup import archives
from syndication.doctor.patient import Patient
from syndication.domain.findings import Finding, Verdict
from syndication.store.installing import newest_instant
from syndication.store.overview import machine_troubles
from syndication.upkeep import MINIMUM_FREE

_LOW_FREE: Final = 5 << 30
_OTHERS: Final = 0o077
_SKEW: Final = timedelta(minutes=10)


def alerts(patient: Patient) -> list[Finding]:
    """Whether somebody is told of trouble."""
    alerts = patient.app.settings.alerts
    used = [name for name in ("webhook", "command", "smtp") if getattr(alerts, name)]
    if used:
        return [Finding("alerts", "Alerts", Verdict.OK, f"You hear of trouble by {' and '.join(used)}.")]
    words = "Nobody is told when something goes wrong; it only stands in the console and in the log."
    remedy = "Set [alerts] webhook, command or smtp in var/syndication.toml."
    return [Finding("alerts", "Alerts", Verdict.WARNING, words, remedy)]


def backup(patient: Patient) -> list[Finding]:
    """Whether there is a fresh backup, on another disk, and the last one succeeded."""
    settings = patient.app.settings
    name, title = "backup", "Backup"
    kept = archives(settings.backup_folder)
    if not settings.backup.every_hours:
        words = "Switched off ([backup] every_hours = 0)."
        remedy = "Set it to 24, or make sure that another tool runs `syndication backup`."
        return [Finding(name, title, Verdict.WARNING, words, remedy)]
    with patient.app.database.read() as session:
        failed = next((one for one in machine_troubles(session) if one.cause == name), None)
    if failed:
        return [Finding(name, title, Verdict.FAULT, failed.what, f"Mend the cause. {failed.remedy}")]
    if not kept:
        words = "There is none yet; `serve` makes the first one within the hour."
        return [Finding(name, title, Verdict.WARNING, words, "Or run `syndication backup` now.")]
    made_at = datetime.fromtimestamp(kept[0].stat().st_mtime, tz=patient.now.tzinfo)
    words = f"The newest of {len(kept)} is of {made_at:%Y-%m-%d %H:%M} UTC, in {settings.backup_folder}."
    if patient.now - made_at > 2 * timedelta(hours=settings.backup.every_hours):
        remedy = "Run `syndication backup` and see what it says; the log names the cause."
        return [Finding(name, title, Verdict.FAULT, words, remedy)]
    if settings.backup_folder.is_relative_to(settings.var_folder):
        remedy = "It is on the same disk as the data: set [backup] folder to another disk or a network folder."
        return [Finding(name, title, Verdict.WARNING, words, remedy)]
    return [Finding(name, title, Verdict.OK, words)]


def clock(patient: Patient) -> list[Finding]:
    """Whether the clock went back."""
    with patient.app.database.read() as session:
        newest = newest_instant(session)
    name, title = "clock", "Clock"
    if newest and newest - patient.now > _SKEW:
        words = f"It says {patient.now:%Y-%m-%d %H:%M} UTC, but something was recorded at {newest:%Y-%m-%d %H:%M} UTC."
        remedy = "Set the clock, and let it be kept by NTP (timedatectl set-ntp true)."
        return [Finding(name, title, Verdict.FAULT, words, remedy)]
    return [Finding(name, title, Verdict.OK, f"{patient.now:%Y-%m-%d %H:%M} UTC, and nothing is recorded after it.")]


def zones(patient: Patient) -> list[Finding]:
    """Which time zone, and whose data of zones."""
    zone = ZoneInfo(patient.app.settings.site.zone)
    place = "the system's" if any(TZPATH) and available_timezones() else "the package's"
    words = f"{zone.key}, now {patient.now.astimezone(zone):%H:%M}; data from {place} zone files."
    return [Finding("zone", "Time zone", Verdict.OK, words)]


def database_file(patient: Patient) -> list[Finding]:
    """Whether other users of this machine can read the database."""
    path = Path(patient.app.database.engine.url.database or "")
    if not patient.app.database.is_sqlite or not path.exists():
        return []
    name, title = "database", "Database"
    if path.stat().st_mode & _OTHERS and path.parent.stat().st_mode & _OTHERS:
        words = f"Other users of this machine can read {path}, with the addresses of your readers."
        return [Finding(name, title, Verdict.WARNING, words, f"chmod go= {path}*")]
    return [Finding(name, title, Verdict.OK, f"{path} can be read by its owner alone.")]


def disk(patient: Patient) -> list[Finding]:
    """Whether there is room."""
    folder = patient.app.settings.var_folder
    free = shutil.disk_usage(folder).free
    words = f"{free / (1 << 30):.1f} GB are free in {folder}."
    if free >= _LOW_FREE:
        return [Finding("disk", "Disk", Verdict.OK, words)]
    verdict = Verdict.FAULT if free < MINIMUM_FREE else Verdict.WARNING
    remedy = "Free some space, or move var/ to a larger disk; a full disk stops everything."
    return [Finding("disk", "Disk", verdict, words, remedy)]
