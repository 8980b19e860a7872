"""An installation ↔ one archive: database, keys and own settings, checked when it is made and again when it is restored.

A restored installation never mails again what went out after the backup, and forgets again who was erased since.
"""

import hashlib
import json
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from syndication import __version__
from syndication.domain.errors import ConfigError, StoreError
from syndication.engine.role import RunnerRole
from syndication.jobs.erase import RECORD, erase_again
from syndication.keys import load_keys
from syndication.settings import Settings
from syndication.store.copies import SQLITE_FILE, is_empty, load_postgres, load_sqlite, save_copy
from syndication.store.database import open_database
from syndication.store.migrate import current, migrate, require_current, require_known
from syndication.store.restoring import hold_mail

MANIFEST: Final = "manifest.json"
_PREFIX: Final = "syndication-"
_SUFFIX: Final = ".tar.gz"
_KEPT: Final = ("secrets", "uploads", "syndication.toml", RECORD)
"""What of var/ is in an archive beside the database."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did. made_at: when the archive was made. held: issues and schedules that wait for an admin's word."""

    made_at: datetime
    old: Path | None
    erased: int
    held: int


def make_backup(settings: Settings, now: datetime, folder: Path | None = None) -> Path:
    """Write and verify an archive while the service runs; its path. Readable by its owner only: it holds the keys.

    folder: where to, by default [backup] folder. Raises StoreError or ConfigError in words; then no half archive stays.
    """
    folder = folder or settings.backup_folder
    target = folder / f"{_PREFIX}{now:%Y%m%d-%H%M%S}{_SUFFIX}"
    part = target.with_suffix(".part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".backup-", dir=folder) as scratch:
            _gather(settings, Path(scratch), now)
            part.touch(mode=0o600)
            with tarfile.open(part, "w:gz", compresslevel=1) as archive:
                archive.add(scratch, arcname=".")
        with _unpacked(part, folder):
            part.replace(target)
    except OSError as error:
        message = f"The backup could not be written to {folder}: {error.strerror or error}. Is the disk full?"
        raise StoreError(message) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return target


def archives(folder: Path) -> list[Path]:
    """The archives in a folder, the newest first."""
    return sorted(folder.glob(f"{_PREFIX}*{_SUFFIX}"), reverse=True)


def remove_old(folder: Path, keep: int) -> int:
    """Remove all archives but the newest `keep`; answers how many went."""
    old = archives(folder)[keep:]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


def restore_backup(settings: Settings, archive: Path, now: datetime, *, force: bool = False) -> Restored:
    """Put an archive in the place of this installation's data, which is backed up first.

    force: also over a database that is in use. Raises StoreError or ConfigError in words before anything is changed.
    """
    settings.var_folder.mkdir(parents=True, exist_ok=True)
    role = RunnerRole(settings.var_folder)
    try:
        with _unpacked(archive, settings.var_folder) as (folder, manifest):
            _require_same_kind(settings, manifest)
            require_known(manifest["revision"])
            old = _keep_present(settings, now, force=force)
            _put_files(settings, folder / "var")
            _put_database(settings, folder / "database", manifest)
        return _settle(settings, datetime.fromisoformat(manifest["made_at"]), old, now)
    finally:
        role.release()


def _gather(settings: Settings, scratch: Path, now: datetime) -> None:
    data, var = scratch / "database", scratch / "var"
    data.mkdir()
    var.mkdir()
    with closing(open_database(settings.database_url)) as database:
        revision = current(database)
        # A file is copied whole, whatever its tables: so the way back from a newer version can keep what was there.
        if revision is None or not database.is_sqlite:
            require_current(database)
        columns = save_copy(database, data)
        kind = "sqlite" if database.is_sqlite else "postgresql"
    for name in _KEPT:
        source = settings.var_folder / name
        if source.is_dir():
            shutil.copytree(source, var / name)
        elif source.exists():
            shutil.copy2(source, var / name)
    manifest = {
        "made_at": now.isoformat(),
        "version": __version__,
        "kind": kind,
        "revision": revision,
        "columns": columns,
        "files": {
            str(path.relative_to(scratch)): _digest(path) for path in sorted(scratch.rglob("*")) if path.is_file()
        },
    }
    (scratch / MANIFEST).write_text(json.dumps(manifest, indent=1), "utf-8")


@contextmanager
def _unpacked(archive: Path, beside: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """An archive's files and manifest, every one of them checked."""
    with tempfile.TemporaryDirectory(prefix=".restore-", dir=beside) as scratch:
        folder = Path(scratch)
        try:
            with tarfile.open(archive, "r:gz") as packed:
                _extract(packed, folder)
            manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
            damaged = [name for name, digest in manifest["files"].items() if _digest(folder / name) != digest]
        except (OSError, tarfile.TarError, EOFError, ValueError, KeyError) as error:
            message = f"{archive}: this is no whole backup of this service ({error})."
            raise ConfigError(message) from error
        if damaged:
            message = f"{archive}: damaged in {', '.join(damaged)}. Use an older backup."
            raise ConfigError(message)
        yield folder, manifest


def _extract(packed: tarfile.TarFile, folder: Path) -> None:
    """Write what an archive holds. Raises ValueError for what is neither file nor folder, or leads elsewhere.

    `extractall(filter="data")` does the same from Python 3.11.4 on; Debian 12 has 3.11.2.
    """
    for member in packed:
        target = (folder / member.name).resolve()
        if not (target.is_relative_to(folder.resolve()) and (member.isfile() or member.isdir())):
            message = f"{member.name} is no file of a backup"
            raise ValueError(message)
        if member.isdir():
            target.mkdir(mode=0o700, parents=True, exist_ok=True)
        elif content := packed.extractfile(member):
            with content, target.open("xb") as file:
                target.chmod((member.mode | 0o600) & 0o755)
                shutil.copyfileobj(content, file)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _require_same_kind(settings: Settings, manifest: dict[str, Any]) -> None:
    with closing(open_database(settings.database_url)) as database:
        is_same = database.is_sqlite == (manifest["kind"] == "sqlite")
    if not is_same:
        message = (
            f"The backup is of {manifest['kind']}; [database] url names another kind. Set it to the kind of the backup."
        )
        raise ConfigError(message)


def _keep_present(settings: Settings, now: datetime, *, force: bool) -> Path | None:
    with closing(open_database(settings.database_url)) as database:
        if is_empty(database):
            return None
    if not force:
        message = (
            "This installation has data already. Add --force to put the backup in its place; a backup is made first."
        )
        raise ConfigError(message)
    return make_backup(settings, now, settings.var_folder / "before-restore")


def _put_files(settings: Settings, source: Path) -> None:
    for name in _KEPT:
        kept, target = source / name, settings.var_folder / name
        if name == RECORD:
            _merge(kept, target)
        elif kept.is_dir():
            shutil.copytree(kept, target, dirs_exist_ok=True)
        elif kept.exists() and not target.exists():
            shutil.copy2(kept, target)


def _merge(kept: Path, target: Path) -> None:
    """Who was erased, then or since."""
    lines = [line for path in (target, kept) if path.exists() for line in path.read_text("ascii").splitlines()]
    if lines:
        target.write_text("\n".join(dict.fromkeys(lines)) + "\n", "ascii")
        target.chmod(0o600)


def _put_database(settings: Settings, folder: Path, manifest: dict[str, Any]) -> None:
    with closing(open_database(settings.database_url)) as database:
        if database.is_sqlite:
            load_sqlite(folder / SQLITE_FILE, Path(database.engine.url.database or ""))
        else:
            load_postgres(database, folder, manifest["columns"], manifest["revision"])


def _settle(settings: Settings, made_at: datetime, old: Path | None, now: datetime) -> Restored:
    with closing(open_database(settings.database_url)) as database:
        migrate(database)
        keys = load_keys(settings.var_folder / "secrets")
        erased = erase_again(database, keys.suppression, settings.var_folder, now)
        with database.write() as session:
            held = hold_mail(session, made_at, now)
    return Restored(made_at, old, erased, held)
