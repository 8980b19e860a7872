"""Who may import whom: the package keeps every contract of .importlinter, and every contract notices a breach.

All breaches are put into one copy of the package, so that import-linter runs once; each must be named, with the import
that makes it, under the contract it breaks.
"""

import configparser
import itertools
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final, NamedTuple

import pytest

pytestmark = pytest.mark.no_cover  # tracing doubles its time and finds no module here that only decides

ROOT: Final = Path(__file__).parents[3]
CONTRACTS: Final = configparser.ConfigParser()
CONTRACTS.read(ROOT / ".importlinter", "utf-8")
SECTION: Final = "importlinter:contract:"
UPWARDS: Final = (
    ("domain", "html"),
    ("html", "store"),
    ("classify", "jobs"),
    ("store", "jobs"),
    ("jobs", "engine"),
    ("jobs", "settings"),
    ("jobs", "keys"),
    ("engine", "entries"),
    ("store.tables", "app"),
    ("web", "cli"),
)


class Breach(NamedTuple):
    """An import that must not be, and the contract that forbids it. importer: a package or module below syndication."""

    contract: str
    importer: str
    imported: str


def _names(section: str, key: str) -> list[str]:
    return CONTRACTS[section][key].split()


def _breaches() -> list[Breach]:
    found = [Breach("layers", importer, f"syndication.{imported}") for importer, imported in UPWARDS]
    for section in CONTRACTS.sections():
        contract = section.removeprefix(SECTION)
        if CONTRACTS[section].get("type") == "independence":
            pairs = itertools.permutations(_names(section, "modules"), 2)
            found += [Breach(contract, one.removeprefix("syndication."), other) for one, other in pairs]
        # The domain may import nothing from outside, so it stands for everybody who may not.
        for key in ("protected_modules", "forbidden_modules"):
            if key in CONTRACTS[section]:
                found += [Breach(contract, "domain", library) for library in _names(section, key)]
    return found


BREACHES: Final = _breaches()


def _commit(number: int, folder: Path) -> None:
    """Put a breach into a copy of the package: a new module of a package, a new line of a module."""
    path = folder / "syndication" / BREACHES[number].importer.replace(".", "/")
    path = path / f"breach_{number}.py" if path.is_dir() else path.with_suffix(".py")
    with path.open("a", encoding="utf-8") as file:
        file.write(f"import {BREACHES[number].imported}\n")


def _lint(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-logo", "--no-cache", *arguments]
    environment = {"COLUMNS": "1000", "PATH": "/usr/bin:/bin"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - our own words


@pytest.fixture(scope="module")
def complaints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Contract → what import-linter says of it, in a copy of the package that breaks every contract."""
    folder = tmp_path_factory.mktemp("breached")
    shutil.copytree(ROOT / "syndication", folder / "syndication", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / ".importlinter", folder)
    for number in range(len(BREACHES)):
        _commit(number, folder)
    (folder / "syndication" / "stray.py").write_text("")
    done = _lint(folder)
    assert done.returncode == 1, done.stdout + done.stderr
    parts = re.split(r"\n([^\n]+)\n-{3,}\n", done.stdout.partition("Broken contracts")[2])
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def _name(contract: str) -> str:
    return CONTRACTS[f"{SECTION}{contract}"]["name"]


def test_the_package_keeps_every_contract() -> None:
    done = _lint(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("number", range(len(BREACHES)), ids=lambda number: " ".join(BREACHES[number]))
def test_an_import_that_must_not_be_is_named_under_its_contract(number: int, complaints: dict[str, str]) -> None:
    contract, importer, imported = BREACHES[number]
    named = rf"syndication\.{re.escape(importer)}(\.breach_{number})? -> {re.escape(imported)} \(l\.\d+"
    assert re.search(named, complaints[_name(contract)])


def test_a_new_part_of_the_package_must_be_given_a_layer(complaints: dict[str, str]) -> None:
    assert "stray" in complaints[_name("layers")]


def test_every_contract_has_a_breach_that_proves_it() -> None:
    contracts = {name.removeprefix(SECTION) for name in CONTRACTS.sections() if name.startswith(SECTION)}
    assert contracts == {breach.contract for breach in BREACHES}
