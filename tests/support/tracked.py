"""The files of the repository, for the tests that read them."""

import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]


@cache
def tracked(suffix: str = "") -> tuple[Path, ...]:
    """Every file that git tracks and that is still there, with this ending."""
    # The checkout may belong to somebody else than who runs the tests.
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603 - our own words
    paths = (ROOT / name for name in done.stdout.split("\0") if name.endswith(suffix))
    return tuple(path for path in paths if path.is_file())


@cache
def text_of(path: Path) -> str:
    """A file's text, "" when it is not UTF-8 text (a picture)."""
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        return ""


def lines_with(pattern: str, paths: tuple[Path, ...]) -> list[str]:
    """`file:line: text` of every line that the regular expression is found in."""
    found = re.compile(pattern)
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in paths
        for number, line in enumerate(text_of(path).splitlines(), 1)
        if found.search(line)
    ]
