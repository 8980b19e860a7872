"""What no file of the repository may hold, and how long and how named a module may be."""

import re
import tomllib
from collections import Counter
from typing import Final

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.tracked import ROOT, lines_with, text_of, tracked

pytestmark = pytest.mark.no_cover  # tracing doubles its time and finds no module here that only decides

MAX_LINES: Final = 400
LOCKS: Final = ("build", "dev", "run")
MIGRATIONS: Final = tuple(path for path in tracked(".py") if path.parent.name == "versions")  # written once, by Alembic
CODE: Final = tuple(path for path in tracked(".py") if path.name != "test_repository.py")
TESTS: Final = tuple(path for path in CODE if path.is_relative_to(ROOT / "tests"))
EVERYTHING: Final = tuple(path for path in tracked() if path.name != "test_repository.py")
UNFINISHED: Final = r"\b(TODO|FIXME|XXX|HACK)\b|\bNotImplementedError\b|pragma: no"
SKIPPED: Final = r"\bpytest\.(skip|xfail|importorskip|mark\.(skip|skipif|xfail))\b|\b(SkipTest|expectedFailure)\b"
# Whatever its host is called: an option or a setting that says where packages come from, and the path of an index.
REGISTRIES: Final = r"--(extra-)?index-url|--find-links[ =]+\w+://|_INDEX(_URL)?=|\bregistry ?= ?\S*://|://\S+/simple/"
MACHINE_PATHS: Final = r"(?<![\w.~-])/(work|root|Users|home/\w+)\b"
LOCK_LINE: Final = re.compile(
    r"([a-z0-9-]+)(?:\[([a-z,-]+)\])?==([\w.+!]+)( ; [^:]+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?"
)


def test_no_module_is_longer_than_400_lines() -> None:
    lengths = {str(path.relative_to(ROOT)): len(text_of(path).splitlines()) for path in CODE if path not in MIGRATIONS}
    assert {name: length for name, length in lengths.items() if length > MAX_LINES} == {}


def test_no_file_holds_unfinished_work() -> None:
    assert lines_with(UNFINISHED, EVERYTHING) == []


def test_no_test_is_skipped() -> None:
    assert lines_with(SKIPPED, TESTS) == []


def test_every_cited_section_and_rule_is_in_the_architecture() -> None:
    architecture = text_of(ROOT / "docs/architecture.md")
    sections = set(re.findall(r"^## (\d)\. ", architecture, re.MULTILINE))
    rules = set(re.findall(r"^(\d)\. ", architecture, re.MULTILINE))
    code = "\n".join(map(text_of, CODE))
    assert set(re.findall(r"architecture, section (\d)", code)) <= sections
    assert set(re.findall(r"architecture, section 2, rules? (\d)", code)) <= rules
    assert lines_with(r"\bdesign(?: of record)?, section", CODE) == []


def test_no_file_names_a_package_registry() -> None:
    assert lines_with(REGISTRIES, EVERYTHING) == []


def test_no_file_names_a_folder_of_one_machine() -> None:
    assert lines_with(MACHINE_PATHS, EVERYTHING) == []


@pytest.mark.parametrize(
    ("pattern", "line"),
    [
        (UNFINISHED, "# TODO: later"),
        (UNFINISHED, "    raise NotImplementedError"),
        (UNFINISHED, "if never:  # pragma: no cover"),
        (SKIPPED, '@pytest.mark.skipif(True, reason="")'),
        (SKIPPED, '    pytest.skip("no server")'),
        (REGISTRIES, "--index-url https://mirror.example/packages"),
        (REGISTRIES, "see https://mirror.example/simple/feedgen"),
        (REGISTRIES, "registry=https://mirror.example"),
        (REGISTRIES, "UV_DEFAULT_INDEX=https://mirror.example"),
        (MACHINE_PATHS, 'ROOT = "/root/service"'),
        (MACHINE_PATHS, "see /home/anna/notes"),
    ],
)
def test_what_may_not_be_in_a_file_is_recognised(pattern: str, line: str) -> None:
    assert re.search(pattern, line)


def _lock(name: str) -> list[str]:
    return text_of(ROOT / f"requirements/{name}.txt").splitlines()


def _pins(name: str) -> dict[str, str]:
    found = (LOCK_LINE.fullmatch(line) for line in _lock(name))
    return {match[1]: match[3] for match in found if match and match[1]}


def _extras(name: str) -> dict[str, set[str]]:
    found = (LOCK_LINE.fullmatch(line) for line in _lock(name))
    return {match[1]: set(match[2].split(",")) for match in found if match and match[2]}


def test_lock_files_hold_names_versions_and_hashes_only() -> None:
    assert sorted(path.stem for path in tracked(".txt") if path.parent == ROOT / "requirements") == sorted(LOCKS)
    assert [line for name in LOCKS for line in _lock(name) if not LOCK_LINE.fullmatch(line)] == []


def test_the_lock_files_agree() -> None:
    run, dev, build = (_pins(name) for name in ("run", "dev", "build"))
    assert run.items() <= dev.items()
    assert {name: version for name, version in build.items() if dev.get(name, version) != version} == {}


def test_the_lock_files_hold_what_pyproject_asks_for() -> None:
    project = tomllib.loads(text_of(ROOT / "pyproject.toml"))
    asked = {"run": project["project"]["dependencies"], **project["dependency-groups"]}
    assert sorted(asked) == sorted(LOCKS)
    for name, words in asked.items():
        pins, extras = _pins(name), _extras(name)
        for requirement in map(Requirement, words):
            package = canonicalize_name(requirement.name)
            version = pins.get(package)
            assert version, f"{requirement} is not in requirements/{name}.txt: make lock"
            assert requirement.extras <= extras.get(package, set()), f"{requirement} is locked without its extras"
            assert requirement.specifier.contains(version), f"{requirement}, but locked is {version}: make lock"


def test_test_modules_have_names_of_their_own() -> None:
    names = Counter(path.name for path in TESTS if path.name != "conftest.py")
    assert [name for name, count in names.items() if count > 1] == []


def test_every_folder_of_the_package_is_a_package_and_no_folder_of_tests_is() -> None:
    folders = {path.parent for path in set(CODE) - set(MIGRATIONS) if path.is_relative_to(ROOT / "syndication")}
    assert [str(folder) for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []
    assert [str(path) for path in TESTS if path.name == "__init__.py"] == []


def test_every_suppression_in_the_package_gives_a_reason() -> None:
    package = tuple(path for path in CODE if path.is_relative_to(ROOT / "syndication"))
    assert lines_with(r"#\s*(noqa|type: ignore)(?!(: |\[)[\w, -]+\]?\s+[-#]\s+\S)", package) == []
