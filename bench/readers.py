"""A list of readers taken in by the command, killed half-way and run again; then written out again.

The yardstick of the import is the plain INSERT of as many subscribers by the same driver, a thousand at a time, in the same
run. It fails unless the counts after the kill are exact: nobody lost, nobody twice. BENCH_READERS asks for fewer lines.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from sqlalchemy import insert, text

from bench import Case
from bench._databases import fresh_database
from syndication.jobs.export_readers import readers_csv
from syndication.store.database import Database
from syndication.store.tables import SubscriberRow
from tests.support.rows import NOW
from tests.support.tracked import ROOT

LINES: Final = int(os.environ.get("BENCH_READERS", "300000"))
_AT_ONCE: Final = 1_000
_BROKEN_ONE_IN: Final = 100
_REPEATED_ONE_IN: Final = 50
_OUT_ONE_IN: Final = 25


def run() -> Iterator[Case]:
    """Each database: the import in two runs with a kill between them, and the export of what came of it."""
    for name in ("sqlite", "postgresql"):
        with fresh_database(name) as plain:
            limit = LINES / _inserted_s(plain)
        with (
            fresh_database(name, has_tables=False) as database,
            tempfile.TemporaryDirectory(prefix="bench") as folder,
        ):
            yield from _cases(name, database, Path(folder), limit)


def _cases(name: str, database: Database, folder: Path, limit: float) -> Iterator[Case]:
    environ = {
        **os.environ,
        "SYNDICATION_VAR": str(folder / "var"),
        "SYNDICATION_CONFIG": str(ROOT / "config"),
        "SYNDICATION_DATABASE__URL": database.engine.url.render_as_string(hide_password=False),
    }
    _command(environ, "init")
    list_file, expected = folder / "list.csv", _write(folder / "list.csv")
    words = ("subscribers", "import", str(list_file), "weekly", "--consent", "of a benchmark", "--json")
    begun = time.perf_counter()
    killed_at = _killed_half_way(environ, words, database)
    report = json.loads(_command(environ, *words))
    spent = time.perf_counter() - begun
    found = {fate: report[fate] for fate in expected}
    assert found == expected, (killed_at, found, expected)
    with database.read() as session:
        there = session.execute(text("SELECT count(*), count(DISTINCT subscriber_id) FROM subscription")).one()
    assert tuple(there) == (expected["added"], expected["added"]), there
    yield Case(f"{name} import, killed at {killed_at:,}", LINES / spent, "lines/s", limit)
    begun = time.perf_counter()
    lines = sum(part.count("\n") for part in readers_csv(database)) - 1
    assert lines == expected["added"], lines
    yield Case(f"{name} export", lines / (time.perf_counter() - begun), "lines/s")


def _killed_half_way(environ: dict[str, str], words: tuple[str, ...], database: Database) -> int:
    """Import, and kill -9 once half of the lines are taken; how many were."""
    command = [sys.executable, "-m", "syndication", *words]
    with subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL) as process:  # noqa: S603 - our own command
        while (taken := _position(database)) < LINES // 2:
            assert process.poll() is None, "it ended before half of the lines"
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    return taken


def _position(database: Database) -> int:
    with database.read() as session:
        return int(session.execute(text("SELECT coalesce(max(position), 0) FROM reader_import")).scalar_one())


def _write(path: Path) -> dict[str, int]:
    """A list as they are: some lines broken, some twice, some who left; and what must come of it."""
    expected = dict.fromkeys(("added", "known", "opted_out", "suppressed", "rejected"), 0)
    with path.open("w", encoding="utf-8") as file:
        file.write("email,name,status,created_at\n")
        for number in range(1, LINES + 1):
            if number % _BROKEN_ONE_IN == 0:
                file.write(f"reader{number}.example.org,Reader {number},enabled,2024-05-01\n")
                expected["rejected"] += 1
            elif number % _REPEATED_ONE_IN == 1 and number > 1:
                file.write(f"READER{number - 2}@example.org,Reader {number},enabled,2024-05-01\n")
                expected["known"] += 1
            elif number % _OUT_ONE_IN == 2:
                file.write(f"reader{number}@example.org,Reader {number},unsubscribed,2024-05-01\n")
                expected["opted_out"] += 1
            else:
                file.write(f"reader{number}@example.org,Reader {number},enabled,2024-05-01\n")
                expected["added"] += 1
    return expected


def _inserted_s(database: Database) -> float:
    rows = [
        {
            "address": f"reader{number}@example.org",
            "address_key": f"reader{number}@example.org",
            "name": "",
            "created_at": NOW,
        }
        for number in range(LINES)
    ]
    begun = time.perf_counter()
    for start in range(0, LINES, _AT_ONCE):
        with database.write() as session:
            session.connection().execute(insert(SubscriberRow), rows[start : start + _AT_ONCE])
    return time.perf_counter() - begun


def _command(environ: dict[str, str], *words: str) -> str:
    command = [sys.executable, "-m", "syndication", *words]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
