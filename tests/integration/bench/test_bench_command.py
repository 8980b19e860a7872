"""`python -m bench` measures us against its yardstick, in the form other programs read."""

import json
import subprocess
import sys

from tests.support.tracked import ROOT


def _bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bench", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - our own words


def test_a_case_is_one_json_line_with_its_limit_from_the_same_run() -> None:
    done = _bench("database", "--json")
    assert done.returncode == 0, done.stderr
    cases = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(cases) == 3
    for case in cases:
        assert list(case) == ["bench", "case", "value", "unit", "limit", "ratio", "memory_mb"]
        assert abs(case["ratio"] - case["value"] / case["limit"]) < 0.001
        assert case["memory_mb"] > 10


def test_an_unknown_benchmark_is_wrong_use_and_the_known_ones_are_named() -> None:
    done = _bench("nonsense")
    assert done.returncode == 2
    assert "'nonsense'" in done.stderr
    assert "database" in done.stderr
