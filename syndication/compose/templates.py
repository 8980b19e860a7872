"""Template files → source → compiled template. Compiling happens in a process of its own, see `worker`.

The compiler ends the whole process on deeply nested tags (SIGSEGV, measured), and Jinja can be made to loop or to fill
the memory. So nothing of a template runs here before it ran there, under limits.
"""

import hashlib
import json
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, NamedTuple

import syndication
from syndication.compose.lint import Problem, lint
from syndication.compose.values import MAILS
from syndication.domain.errors import TemplateError
from syndication.domain.templates import Template, TemplateSource

__all__ = [
    "MAILS",
    "Problem",
    "compile_all",
    "compile_template",
    "lint",
    "load_source",
    "load_sources",
    "place",
    "source_hash",
]

SOURCE_LIMIT: Final = 200_000
"""Characters of one template."""

WALL_LIMIT_S: Final = 30
"""For a process that waits instead of working; the limit that counts is on its processor time."""

# Grows when the same source would compile to something else.
_COMPILER: Final = 1
_FILES: Final = {"subject": "subject.txt.j2", "text": "_base.txt.j2", "mjml": "_base.mjml.j2"}
_OWN_FILES: Final = {"subject": "subject.txt.j2", "text": "body.txt.j2", "mjml": "body.mjml.j2"}
_INCLUDE: Final = re.compile(r"\s*{# include ([\w.-]+) #}\s*")
_DEPTH: Final = 5
_ONE_AT_A_TIME: Final = threading.Lock()
_PACKAGES: Final = str(Path(syndication.__file__).parents[1])


class _Line(NamedTuple):
    """A line of a source, and where it was written."""

    text: str
    file: str
    number: int


def load_sources(folder: Path) -> dict[str, TemplateSource]:
    """The sources of all mails by name, each made whole from its own and the shared files (names that begin with _).

    A line `{# include NAME #}` stands for the file of that name. Raises TemplateError for a file that is missing.
    """
    return {name: load_source(folder, name) for name in MAILS}


def load_source(folder: Path, name: str) -> TemplateSource:
    """The source of one mail. Raises TemplateError for a file that is missing."""
    parts = {part: "\n".join(line.text for line in _lines(folder, name, file)) for part, file in _FILES.items()}
    return TemplateSource(name, **parts)


def place(folder: Path, error: TemplateError, name: str) -> str:
    """Where the author of a mail finds an error: '…/digest/body.mjml.j2, line 12', or as much of it as is known."""
    if error.part is None:
        return str(folder / name)
    if error.line is None:
        return str(folder / name / _OWN_FILES[error.part])
    lines = list(_lines(folder, name, _FILES[error.part]))
    found = lines[min(error.line, len(lines)) - 1]
    return f"{folder / found.file}, line {found.number}"


def source_hash(source: TemplateSource) -> str:
    """A hash of everything that shapes the compiled template: the source and the versions of what compiles it."""
    shaping = [_COMPILER, _compiler_version(), *asdict(source).values()]
    return hashlib.sha256(json.dumps(shaping).encode()).hexdigest()


def compile_template(source: TemplateSource) -> Template:
    """The template ready to render, compiled and tried out with sample stories in a process under limits.

    Raises TemplateError, with part and line where they are known, for whatever is wrong with it.
    """
    compiled = compile_all([source])[0]
    if isinstance(compiled, TemplateError):
        raise compiled
    return compiled


def compile_all(sources: Sequence[TemplateSource]) -> list[Template | TemplateError]:
    """As `compile_template` for several in one process; the answers are in the same order."""
    small = [source for source in sources if not _size_problem(source)]
    answers = iter(_compile(small))
    return [_size_problem(source) or next(answers) for source in sources]


def _compile(sources: Sequence[TemplateSource]) -> list[Template | TemplateError]:
    if not sources:
        return []
    answers = _ask_worker(sources)
    if isinstance(answers, list):
        return [_answer(source, answer) for source, answer in zip(sources, answers, strict=True)]
    if len(sources) == 1:
        return [answers]
    # One of them killed the process: alone, each answers for itself.
    return [_compile([source])[0] for source in sources]


def _ask_worker(sources: Sequence[TemplateSource]) -> list[dict[str, Any]] | TemplateError:
    """What the worker answers, or how it ended. One at a time: many at once would take the memory of all."""
    with _ONE_AT_A_TIME:
        return _ask(sources)


def _ask(sources: Sequence[TemplateSource]) -> list[dict[str, Any]] | TemplateError:
    command = [sys.executable, "-P", "-m", "syndication.compose.worker"]
    # Nothing of our environment: it may hold secrets.
    environment = {"PYTHONPATH": _PACKAGES, "PYTHONUTF8": "1"}
    try:
        done = subprocess.run(  # noqa: S603 - our own module, the input is data
            command,
            input=json.dumps([asdict(source) for source in sources]),
            capture_output=True,
            text=True,
            encoding="utf-8",
            env=environment,
            timeout=WALL_LIMIT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return TemplateError(f"the compiler did not answer: {error}")
    if done.returncode == 0:
        answers: list[dict[str, Any]] = json.loads(done.stdout)
        return answers
    return TemplateError(_death(done.returncode, done.stderr))


def _death(code: int, errors: str) -> str:
    """How the worker ended, in words for who wrote the template."""
    if code == -signal.SIGXCPU:
        return "this template takes too long to render; look for loops inside loops"
    if code < 0:
        return f"the compiler crashed ({signal.Signals(-code).name}); look for tags nested hundreds deep"
    last = errors.strip().rsplit("\n", 1)[-1]
    return f"the compiler ended with code {code}: {last}"


def _answer(source: TemplateSource, answer: Mapping[str, Any]) -> Template | TemplateError:
    if "html" in answer:
        return Template(source.name, source.subject, source.text, answer["html"], source_hash(source))
    return TemplateError(answer["message"], answer["line"], answer["part"])


def _size_problem(source: TemplateSource) -> TemplateError | None:
    if len(source.subject) + len(source.text) + len(source.mjml) <= SOURCE_LIMIT:
        return None
    return TemplateError(f"a template may have {SOURCE_LIMIT} characters, this one has more")


def _lines(folder: Path, name: str, file: str, depth: int = 0) -> Iterator[_Line]:
    path = file if file.startswith("_") else f"{name}/{file}"
    try:
        lines = (folder / path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        message = f"{folder / path} cannot be read: {error}"
        raise TemplateError(message) from error
    for number, line in enumerate(lines, 1):
        included = _INCLUDE.fullmatch(line)
        if included and depth < _DEPTH:
            yield from _lines(folder, name, included[1], depth + 1)
        else:
            yield _Line(line, path, number)


@lru_cache(maxsize=1)
def _compiler_version() -> str:
    return version("mjml-python")
