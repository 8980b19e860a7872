"""Processes that start at once: one that has imported everything forks a new one whenever it is asked.

To import takes a process of its own seconds of processor time. What is forked has them behind it and is a process like any other:
environment, folder, output, locks and sockets are its own, and it can be killed.
"""

import atexit
import gc
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from pkgutil import resolve_name
from tempfile import TemporaryDirectory
from typing import Any


class Forked:
    """A process that was forked. returncode: as of `subprocess.Popen`, once it has been asked for."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """How it ended; None while it runs."""
        if self.returncode is None:
            self.returncode = _ask(poll=self.pid)
        return self.returncode

    def wait(self, seconds: float) -> int:
        """How it ended, once it has; raises AssertionError when it goes on for longer."""
        end = time.monotonic() + seconds
        while (code := self.poll()) is None:
            assert time.monotonic() < end, f"still running after {seconds} s"
            time.sleep(0.005)
        return code

    def send_signal(self, number: signal.Signals) -> None:
        """Nothing to who has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Without a last word."""
        self.send_signal(signal.SIGKILL)


def fork(
    function: str,
    *arguments: object,
    environ: Mapping[str, str] | None = None,
    folder: Path | None = None,
    output: Path | None = None,
    errors: Path | None = None,
) -> Forked:
    """Call `module:function` with what JSON can carry, in a process of its own; its code is 0, or what it exits with.

    output, errors: files that get more of what it prints; without them it goes where ours goes.
    """
    files = [path and str(path.absolute()) for path in (output, errors or output)]
    for path in filter(None, (output, errors)):
        path.touch()  # at once, for who looks into it
    environ = {**(os.environ if environ is None else environ)}
    pid = _ask(call=function, arguments=arguments, environ=environ, folder=str(folder or Path.cwd()), files=files)
    assert pid
    return Forked(pid)


def fork_command(
    *arguments: str, environ: Mapping[str, str], folder: Path, output: Path, errors: Path | None = None
) -> Forked:
    """Run `syndication …`."""
    named = f"{__name__}:command"
    return fork(named, arguments, environ=environ, folder=folder, output=output, errors=errors)


def run_command(*arguments: str, environ: Mapping[str, str], folder: Path) -> tuple[int, str, str]:
    """Run `syndication …` to its end: its code, what it printed, what it printed of errors."""
    with TemporaryDirectory() as place:
        output, errors = Path(place) / "output", Path(place) / "errors"
        code = fork_command(*arguments, environ=environ, folder=folder, output=output, errors=errors).wait(120)
        return code, output.read_text("utf-8"), errors.read_text("utf-8")


def command(arguments: Sequence[str]) -> None:
    """What `python -m syndication …` does."""
    from syndication import __main__ as program  # noqa: PLC0415 - only who forks has use for it

    sys.modules["__main__"] = program
    sys.argv = [str(program.__file__), *arguments]
    program.main()


@cache
def _forking() -> "subprocess.Popen[str]":
    process = subprocess.Popen(  # noqa: S603 - ourselves
        [sys.executable, "-W", "error", "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    atexit.register(process.communicate)  # at the end of its input it ends
    return process


def _ask(**request: object) -> int | None:
    process = _forking()
    assert process.stdin
    assert process.stdout
    process.stdin.write(json.dumps(request) + "\n")
    process.stdin.flush()
    answer: int | None = json.loads(process.stdout.readline())
    return answer


def main() -> None:
    """Answer each line: the pid of what was forked, or how it ended."""
    gc.disable()
    from syndication import cli  # noqa: F401, PLC0415 - to have it

    gc.freeze()  # what forks shares what it has for as long as nobody looks through it
    gc.enable()
    for line in sys.stdin:
        request = json.loads(line)
        if "poll" in request:
            pid, status = os.waitpid(request["poll"], os.WNOHANG)
            answer = os.waitstatus_to_exitcode(status) if pid else None
        elif (answer := os.fork()) == 0:
            return _become(request)
        print(json.dumps(answer), flush=True)  # noqa: T201 - the answer
    return None


def _become(request: Mapping[str, Any]) -> None:
    """Take over what the new process was given, and call."""
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environ"])
    os.dup2(os.open(os.devnull, os.O_RDONLY), sys.stdin.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what is printed is no answer
    for stream, path in zip((sys.stdout, sys.stderr), request["files"], strict=True):
        if path:
            os.dup2(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644), stream.fileno())
    resolve_name(request["call"])(*request["arguments"])


if __name__ == "__main__":
    main()
