"""The floors of coverage: every line and branch of the modules that only decide, a stated share of everything.

`python -m tests.support.coverage_floors` reads what `make coverage` measured; with --pure it looks at the modules that only
decide alone, which the unit tests of `make test` have to reach by themselves.
"""

import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from coverage import Coverage

OVERALL: Final = 85.0
"""Per cent of lines and branches of the whole package. What acts is tested too, but not every failing disk is, and what
the acceptance tests run in processes of their own is not counted."""

PURE: Final = (
    "syndication/classify/",
    "syndication/collect/decide.py",
    "syndication/collect/decoding.py",
    "syndication/collect/drafts.py",
    "syndication/collect/furniture.py",
    "syndication/collect/hubs.py",
    "syndication/collect/json_feed.py",
    "syndication/collect/pace.py",
    "syndication/collect/pasted.py",
    "syndication/collect/width.py",
    "syndication/collect/zones.py",
    "syndication/compose/choosing.py",
    "syndication/compose/colour.py",
    "syndication/compose/lint.py",
    "syndication/compose/select.py",
    "syndication/compose/values.py",
    "syndication/cron/words.py",
    "syndication/deliver/addresses.py",
    "syndication/deliver/encode.py",
    "syndication/deliver/headers.py",
    "syndication/deliver/message.py",
    "syndication/deliver/replies.py",
    "syndication/deliver/retry.py",
    "syndication/domain/",
    "syndication/entry_files.py",
    "syndication/html/",
    "syndication/jobs/chunks.py",
    "syndication/jobs/entry_faults.py",
    "syndication/lang/",
    "syndication/net/guard.py",
    "syndication/net/places.py",
    "syndication/publish/documents.py",
    "syndication/publish/entries.py",
    "syndication/publish/fit.py",
    "syndication/publish/json_feed.py",
)
"""Modules and folders that only decide: all of their branches are tested."""


def shortfalls(report: Mapping[str, Any], pure: Sequence[str] = PURE, overall: float = OVERALL) -> list[str]:
    """What falls short, in words; none when every floor is reached. report: coverage's JSON report. overall: 0 is no floor."""
    files = report["files"]
    found = [
        f"{prefix} is listed as pure, but nothing of it was measured" for prefix in pure if not _below(files, prefix)
    ]
    for name in sorted({name for prefix in pure for name in _below(files, prefix)}):
        lines = [str(line) for line in files[name]["missing_lines"]]
        branches = [f"{start} to {end}" for start, end in files[name]["missing_branches"]]
        if lines or branches:
            found.append(f"{name} only decides, but no test reaches {', '.join([*lines, *branches])}")
    reached = report["totals"]["percent_covered"]
    if reached < overall:
        found.append(f"{reached:.1f} % of the package is reached, the floor is {overall} %")
    return found


def _below(files: Mapping[str, Any], prefix: str) -> list[str]:
    return [name for name in files if name.startswith(prefix)]


def measured() -> dict[str, Any]:
    """The JSON report of the last measurement."""
    coverage = Coverage()
    coverage.load()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "coverage.json")
        coverage.json_report(outfile=str(path))
        report: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return report


def main() -> int:
    """Print the verdict; 1 when a floor is missed."""
    overall = 0.0 if sys.argv[1:] == ["--pure"] else OVERALL
    report = measured()
    found = shortfalls(report, overall=overall)
    for words in found:
        sys.stderr.write(f"    {words}\n")
    if not found:
        whole = sum(1 for prefix in PURE for _ in _below(report["files"], prefix))
        of_all = f"{report['totals']['percent_covered']:.1f} % of lines and branches (floor {overall:.0f} %), "
        sys.stdout.write(f"    {of_all if overall else ''}100 % in the {whole} modules that only decide\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
