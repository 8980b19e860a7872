"""SpamAssassin's opinion of a message, where it is installed."""

import re
import shutil
import subprocess
from typing import Final

MOST_POINTS: Final = 1.0
"""A clean digest has 0.7 and less without the network's tests (measured)."""

_SCORE: Final = re.compile(rb"^X-Spam-Status:[^\n]*?score=(-?\d+(?:\.\d+)?)", re.MULTILINE)
_TIMEOUT_S: Final = 30


def spam_points(raw: bytes, command: str = "spamassassin") -> tuple[float, str] | None:
    """Points without asking the network, and the tests that gave them; None when it is not installed or does not answer."""
    found = shutil.which(command)
    if not found:
        return None
    try:
        done = subprocess.run([found, "-L", "-t"], input=raw, capture_output=True, timeout=_TIMEOUT_S, check=False)  # noqa: S603 - found on the path
    except (OSError, subprocess.TimeoutExpired):
        return None
    header = done.stdout.partition(b"\n\n")[0].replace(b"\n\t", b" ").replace(b"\n ", b" ")
    score = _SCORE.search(header)
    return (float(score[1]), _tests(header)) if score else None


def _tests(header: bytes) -> str:
    tests = re.search(rb"tests=([A-Z0-9_, ]+)", header)
    return " ".join(tests[1].decode("ascii").replace(",", " ").split()) if tests else ""
