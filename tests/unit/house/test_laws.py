"""Laws of the package that import-linter cannot state: what the domain may use, and who reads the clock."""

import ast
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.support.tracked import ROOT, lines_with, tracked

pytestmark = pytest.mark.no_cover  # tracing doubles its time and finds no module here that only decides

DOMAIN: Final = ROOT / "syndication" / "domain"
DOMAIN_MAY_USE: Final = frozenset(
    {
        "base64", "binascii", "bisect", "collections", "dataclasses", "datetime", "enum", "functools", "hashlib", "heapq",
        "hmac", "html", "itertools", "json", "math", "operator", "re", "string", "types", "typing", "unicodedata", "urllib.parse",
        "zoneinfo",
    }
)  # fmt: skip
"""Parts of the standard library that neither read nor write anything outside, and know no time."""


def _outsiders(source: str) -> set[str]:
    """The top-level modules a module of the domain imports but may not."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            names.add(node.module or "a relative import")
    inside = {name for name in names if name == "syndication.domain" or name.startswith("syndication.domain.")}
    return {name for name in names - inside if not {name, name.partition(".")[0]} & DOMAIN_MAY_USE}


@pytest.mark.parametrize("path", sorted(DOMAIN.rglob("*.py")), ids=lambda path: path.stem)
def test_the_domain_uses_only_itself_and_what_has_no_effect(path: Path) -> None:
    assert _outsiders(path.read_text("utf-8")) == set()


@pytest.mark.parametrize(
    "line",
    [
        "import sqlmodel",
        "from syndication.store import database",
        "import os",
        "import urllib.request",
        "from pathlib import Path",
        "from . import ids",
        "def f() -> None:\n    import time",
    ],
)
def test_an_outsider_in_the_domain_is_noticed(line: str) -> None:
    assert _outsiders(line)


def _taken_from_sqlmodel(source: str) -> set[str]:
    nodes = ast.walk(ast.parse(source))
    return {
        alias.name
        for node in nodes
        if isinstance(node, ast.ImportFrom) and node.module == "sqlmodel"
        for alias in node.names
    }


def test_outside_the_store_sqlmodel_gives_a_name_for_sessions_and_no_queries() -> None:
    package = [path for path in tracked(".py") if path.is_relative_to(ROOT / "syndication")]
    outside = [path for path in package if not path.is_relative_to(ROOT / "syndication" / "store")]
    found = {str(path.relative_to(ROOT)): _taken_from_sqlmodel(path.read_text("utf-8")) for path in outside}
    assert {name: names for name, names in found.items() if names - {"Session"}} == {}
    assert _taken_from_sqlmodel("from sqlmodel import Session, select") == {"Session", "select"}


def _ruff(source: str, path: str) -> str:
    command = [
        str(Path(sys.executable).parent / "ruff"),
        "check",
        "--no-cache",
        "--select=TID251",
        "--output-format=concise",
    ]
    options = ["--stdin-filename", str(ROOT / path), "-"]
    done = subprocess.run(  # noqa: S603 - our own words
        [*command, *options], cwd=ROOT, input=source, capture_output=True, text=True, check=False
    )
    return done.stdout


@pytest.mark.parametrize(
    "source",
    [
        "from datetime import UTC, datetime as when\n\nnow = when.now(UTC)\n",
        "import datetime\n\nnow = datetime.datetime.now(datetime.UTC)\n",
        "from datetime import date\n\ntoday = date.today()\n",
        "from time import time\n\nnow = time()\n",
    ],
)
def test_reading_the_clock_outside_app_is_noticed(source: str) -> None:
    assert "TID251" in _ruff(source, "syndication/jobs/fire.py")


def test_only_app_is_excused_from_the_law_of_the_clock() -> None:
    package = tuple(path for path in tracked(".py") if path.is_relative_to(ROOT / "syndication"))
    excused = lines_with(r"noqa:.*TID251", package)
    assert [line for line in excused if not line.startswith("syndication/app.py:")] == []
