"""The floors of coverage notice what they are there for."""

from typing import Any

from tests.support.coverage_floors import PURE, shortfalls
from tests.support.tracked import ROOT


def _report(percent: float = 90.0, **missing: object) -> dict[str, Any]:
    whole: dict[str, Any] = {"missing_lines": [], "missing_branches": []}
    return {"files": {"package/pure/a.py": whole | missing}, "totals": {"percent_covered": percent}}


def test_a_package_above_its_floors_has_no_shortfall() -> None:
    assert shortfalls(_report(), ["package/pure/"], 85) == []


def test_a_line_or_branch_that_no_test_reaches_in_a_pure_module_is_named() -> None:
    assert "reaches 7" in shortfalls(_report(missing_lines=[7]), ["package/pure/"], 85)[0]
    assert "reaches 7 to 9" in shortfalls(_report(missing_branches=[[7, 9]]), ["package/pure/a.py"], 85)[0]


def test_too_little_of_the_whole_is_named() -> None:
    assert shortfalls(_report(84.9), ["package/pure/"], 85) == ["84.9 % of the package is reached, the floor is 85 %"]


def test_a_pure_module_that_was_not_measured_is_named() -> None:
    assert "package/gone.py" in shortfalls(_report(), ["package/gone.py"], 85)[0]


def test_what_is_listed_as_pure_exists() -> None:
    assert [name for name in PURE if not (ROOT / name).exists()] == []
