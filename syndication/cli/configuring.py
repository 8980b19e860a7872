"""`syndication config diff|apply|export`: config/ and the database, compared and brought together in either direction."""

import difflib
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.markup import escape

from syndication.app import App, now, open_app
from syndication.cli.output import FAILED, Json, errors_in_words, out, print_json, short
from syndication.domain.configuration import Difference, FieldDifference, Kind, Side, State, Value, fields_of
from syndication.domain.entries import Entries
from syndication.domain.errors import ConfigError
from syndication.domain.plural import plural
from syndication.entries import load_entries, require_sound
from syndication.entry_files import Written, written
from syndication.jobs.configure import Applied, Compared, Wish, apply, differences, remember_written
from syndication.settings import load_settings
from syndication.store.configured import sealed_sources, stored_entries

config = typer.Typer(no_args_is_help=True)

_CHANGED_IN: Final = {
    Side.FILE: "changed in the file",
    Side.DATABASE: "changed in the database",
    Side.BOTH: "changed in both",
    Side.UNKNOWN: "",
}
_MARKS: Final = {
    State.NEW: "[green]+[/green]",
    State.CHANGED: "[green]~[/green]",
    State.CONFLICT: "[yellow]![/yellow]",
    State.GONE: "[yellow]![/yellow]",
    State.REFUSED: "[bold red]✗[/bold red]",
}
_CONFLICTS: Final = frozenset({State.CONFLICT, State.GONE})


@config.command("diff", epilog="Example: syndication config diff --json")
def diff(*, as_json: Json = False) -> None:
    """Where the database does not hold what config/ says, field by field. Exit code 1 when anything differs."""
    with errors_in_words(), open_app(load_settings()) as app:
        found = differences(app.database, _files(app))
        folder = short(app.settings.config_folder)
    if as_json:
        print_json(_as_dict(found))
    else:
        if found.differences:
            out.print(f"What the database holds → what {folder} says:", markup=False)
        for one in found.differences:
            _say(one, found)
        _say_beyond(found)
        _sum_up(found, folder)
    if found.differences:
        raise typer.Exit(FAILED)


@config.command("apply", epilog="Example: syndication config apply --only topic/ai-agents --only schedule/weekly/daily")
def apply_command(
    only: Annotated[
        list[str] | None, typer.Option(metavar="KIND/SLUG", help="Only this entry; may be given again.")
    ] = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Try everything and keep nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Write over what was changed in the database, too.")] = False,
    as_json: Json = False,
) -> None:
    """Change the database to what config/ says, all or nothing. Nothing is deleted.

    What the console changed since its file was last taken over is a conflict: it is shown and left alone, and the exit code is 1.
    """
    with errors_in_words(), open_app(load_settings()) as app:
        files = _files(app)
        wish = Wish(tuple(only or ()), force=force, dry_run=dry_run)
        _require_entries(files, wish.only)
        done = apply(app.database, files, wish, now())
    if as_json:
        print_json({"written": [_entry(one, done.left) for one in done.written], "dry_run": dry_run, **_left(done)})
    else:
        _say_applied(done, wish)
    if done.left.differences:
        raise typer.Exit(FAILED)


@config.command("export", epilog="Example: syndication config export --to my-config")
def export(
    to: Annotated[Path | None, typer.Option(help="The folder; without it everything goes to standard output.")] = None,
    *,
    force: Annotated[bool, typer.Option("--force", help="Write over other files there.")] = False,
    as_json: Json = False,
) -> None:
    """Write what the database holds in the form of config/. Secrets of sources are left out, and the files say so."""
    with errors_in_words(), open_app(load_settings()) as app:
        with app.database.read() as session:
            entries, sealed = stored_entries(session), sealed_sources(session)
        found = written(entries, sealed, to)
        if to:
            names = _write(to, found.documents(), force=force)
            if to.resolve() == app.settings.config_folder.resolve():
                remember_written(app.database, entries, now())
    if as_json:
        print_json({**found.tables, "left_out": found.left_out})
    elif to:
        _say_written(to, names, found)
    else:
        sys.stdout.write("\n".join("".join(found.lines(name)) for name in found.tables))


def _files(app: App) -> Entries:
    folder = app.settings.config_folder
    with app.database.read() as session:
        known = [topic.slug for topic in stored_entries(session).topics]
    files = load_entries(folder, known)
    require_sound(folder, files)
    return files


def _require_entries(files: Entries, only: tuple[str, ...]) -> None:
    """Raises BadParameter for a name that is none of the files, with the nearest that is."""
    names = list(fields_of(files))
    for name in only:
        if name not in names:
            near = difflib.get_close_matches(name, names, 1, 0.0)
            nearest = f" The nearest one that is: {near[0]}." if near else ""
            message = f"'{name}' is no entry of the files.{nearest} Kinds are {', '.join(Kind)}."
            raise typer.BadParameter(message, param_hint="--only")


def _write(folder: Path, documents: Mapping[str, bytes], *, force: bool) -> list[str]:
    """The names of the files that were written. Raises ConfigError when a file is there that says something else."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        differing = [
            name
            for name, body in documents.items()
            if (folder / name).exists() and (folder / name).read_bytes() != body
        ]
        if differing and not force:
            message = (
                f"{folder / differing[0]} is there already and says something else (comments count). "
                "Name another folder, or write over it by --force."
            )
            raise ConfigError(message)
        for name, body in documents.items():
            part = folder / f"{name}.part"
            part.write_bytes(body)
            part.replace(folder / name)
    except OSError as error:
        message = f"{folder}: cannot be written: {error}"
        raise ConfigError(message) from error
    return list(documents)


def _say_written(folder: Path, names: list[str], found: Written) -> None:
    out.print(f"{', '.join(names)} written below {folder}.", markup=False)
    for slug, words in found.left_out.items():
        out.print(f"Left out of source/{slug}: {'; '.join(words)}.", markup=False)


def _say_applied(done: Applied, wish: Wish) -> None:
    verbs = {
        State.NEW: "inserted",
        State.CHANGED: "changed",
        State.CONFLICT: "written over",
        State.GONE: "inserted again",
    }
    mark, would_be = ("·", "would be ") if wish.dry_run else ("[green]✓[/green]", "")
    for one in done.written:
        out.print(f"{mark} [bold]{escape(one.name)}[/bold]: {would_be}{verbs[one.state]}.")
        _say_fields(one)
    for one in done.left.differences:
        _say(one, done.left)
    _say_beyond(done.left)
    conflicts = [one for one in done.left.differences if one.state in _CONFLICTS]
    if conflicts:
        out.print(
            f"{plural(len(conflicts), 'conflict')} left as the database has it; --force writes over, "
            "`config export` takes it into files."
        )
    if not done.written:
        out.print("Nothing to take over." if not done.left.differences else "Nothing was taken over.")
    elif wish.dry_run:
        out.print(f"{plural(len(done.written), 'entry', 'entries')} would be taken over. Nothing was changed.")
    else:
        out.print(f"{plural(len(done.written), 'entry', 'entries')} taken over.")


def _sum_up(found: Compared, folder: Path) -> None:
    if not found.differences:
        out.print(f"Nothing differs: the database holds what {folder} says.", markup=False)
        return
    clear = sum(one.state in {State.NEW, State.CHANGED} for one in found.differences)
    conflicts = sum(one.state in _CONFLICTS for one in found.differences)
    words = [f"{plural(clear, 'entry', 'entries')} for `syndication config apply`"] if clear else []
    words += [f"{plural(conflicts, 'conflict')} that only --force writes over"] if conflicts else []
    refused = len(found.differences) - clear - conflicts
    words += [f"{refused} that cannot be taken over"] if refused else []
    out.print("; ".join(words) + ".", markup=False)


def _say_beyond(found: Compared) -> None:
    if found.beyond:
        out.print(f"Only in the database, and left alone: {', '.join(found.beyond)}.", markup=False)


def _say(one: Difference, found: Compared) -> None:
    out.print(f"{_MARKS[one.state]} [bold]{escape(one.name)}[/bold]: {escape(_words(one, found))}")
    if one.state not in {State.NEW, State.GONE}:
        _say_fields(one)


def _words(one: Difference, found: Compared) -> str:
    match one.state:
        case State.NEW:
            return "new in the files."
        case State.CHANGED:
            return "changed in the files."
        case State.GONE:
            return "conflict. It was taken over once, and renamed or removed in the database since."
        case State.REFUSED:
            return one.why
    if any(field.changed_in is Side.UNKNOWN for field in one.fields):
        return "conflict. Nobody remembers what its file said before, so either may have changed."
    actor, at = found.saved.get(one.name, ("", None))
    by = f" (by {actor}, {at:%Y-%m-%d %H:%M} UTC)" if at else ""
    return f"conflict. It was changed in the database since its file was taken over{by}."


def _say_fields(one: Difference) -> None:
    if one.state in {State.NEW, State.GONE}:
        return
    for field in one.fields:
        note = (
            f"   ({_CHANGED_IN[field.changed_in]})"
            if one.state is State.CONFLICT and _CHANGED_IN[field.changed_in]
            else ""
        )
        if _has_lines(field):
            out.print(f"    {field.name}:{note}", markup=False)
            for line in _changed_lines(str(field.database or ""), str(field.file or "")):
                out.print(f"      {line}", markup=False)
        else:
            out.print(f"    {field.name}: {_value(field.database)} → {_value(field.file)}{note}", markup=False)


def _has_lines(field: FieldDifference) -> bool:
    return any(isinstance(value, str) and "\n" in value for value in (field.file, field.database))


def _changed_lines(before: str, after: str) -> list[str]:
    found = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    return [line[0] + " " + line[1:] for line in found if not line.startswith(("---", "+++", "@@"))]


def _value(value: Value) -> str:
    match value:
        case None:
            return "as by default"
        case bool():
            return "yes" if value else "no"
        case tuple():
            return ", ".join(value) or "nothing set"
        case "":
            return "nothing set"
        case _:
            return f"'{value}'" if isinstance(value, str) else str(value)


def _entry(one: Difference, found: Compared) -> dict[str, Any]:
    actor, at = found.saved.get(one.name, ("", None))
    kind, _, slug = one.name.partition("/")
    return {"kind": kind, "slug": slug, **asdict(one), "saved_by": actor, "saved_at": at}


def _as_dict(found: Compared) -> dict[str, Any]:
    return {
        "differences": [_entry(one, found) for one in found.differences],
        "only_in_database": list(found.beyond),
    }


def _left(done: Applied) -> dict[str, Any]:
    return {
        "left": [_entry(one, done.left) for one in done.left.differences],
        "only_in_database": list(done.left.beyond),
    }
