"""The terminal: plain words for people, JSON for programs, one way out for errors."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from syndication.domain.errors import SyndicationError
from syndication.store.database import DatabaseError
from syndication.store.refusals import in_words

DONE: Final = 0
FAILED: Final = 1

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of words.")]


def print_json(data: object) -> None:
    """One JSON document on standard output; instants as ISO 8601."""
    sys.stdout.write(json.dumps(data, ensure_ascii=False, indent=2, default=str) + "\n")


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table of plain values, wide enough for a pipe."""
    table = Table(title=escape(title), title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(escape(_word(value)) for value in row))
    out.print(table)


def print_facts(facts: Mapping[str, object]) -> None:
    """Name and value, a line each."""
    width = max((len(name) for name in facts), default=0)
    for name, value in facts.items():
        out.print(f"[dim]{escape(name):<{width}}[/dim]  {escape(_word(value))}")


def short(path: Path) -> Path:
    """A path as it is typed from here."""
    here = Path.cwd()
    is_short = here not in {here.parent, path} and path.is_relative_to(here)
    return path.relative_to(here) if is_short else path


def _word(value: object) -> str:
    """A value as a person reads it; programs get `--json`."""
    match value:
        case None:
            return ""
        case datetime():
            return f"{value.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        case list():
            return ", ".join(map(str, value))
        case _:
            return str(value)


def report(data: Any, *, as_json: bool, columns: Sequence[str], title: str = "") -> None:  # noqa: ANN401 - any rows
    """A list of dicts as JSON or as a table of `columns`."""
    if as_json:
        print_json(data)
    else:
        print_table(title, columns, ([row[column] for column in columns] for row in data))


@contextmanager
def progress_bar(words: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal, nothing elsewhere; tell it how much is done."""
    with Progress(console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task(words, total=total)
        yield lambda done: bar.update(task, completed=done)


@contextmanager
def errors_in_words() -> Iterator[None]:
    """Turn an error that the user can mend into its words and exit code 1; others keep their traceback."""
    try:
        yield
    except SyndicationError as error:
        _fail(str(error))
    except DatabaseError as error:
        words = in_words(error)
        if words is None:
            raise
        _fail(words)


def _fail(words: str) -> NoReturn:
    err.print(f"[bold red]Error:[/bold red] {escape(words)}")
    raise SystemExit(FAILED) from None
