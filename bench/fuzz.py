"""Any bytes for parsers, dates and sanitiser: no crash, no document that takes too long; executions a second."""

import json
import subprocess
import sys
from collections.abc import Iterator

from bench import Case

SECONDS = 20
TARGETS = ("documents", "dates", "sanitiser")


def run() -> Iterator[Case]:
    """Each target for 20 s, guided by coverage, in a process of its own; raises when something is found."""
    for target in TARGETS:
        done = subprocess.run(  # noqa: S603 - ourselves
            [sys.executable, "-m", "bench._fuzzed", target, str(SECONDS)], capture_output=True, text=True, check=False
        )
        if done.returncode:
            message = f"{target}: {done.stderr[-2000:]}"
            raise RuntimeError(message)
        found = json.loads(done.stdout.strip().splitlines()[-1])
        yield Case(target, found["executions"] / found["seconds"], "executions/s")
