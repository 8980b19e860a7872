"""`syndication subscribers …`: one reader's history, and all of them as CSV."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from syndication.app import now, open_app
from syndication.cli.output import Json, errors_in_words, out, print_facts, print_json, progress_bar, report
from syndication.deliver.addresses import parse_address
from syndication.domain.errors import StoreError
from syndication.jobs.erase import erase_reader
from syndication.jobs.export_readers import readers_csv
from syndication.jobs.import_readers import (
    ImportReport,
    ImportWish,
    import_readers,
    plan_import,
    refused_csv,
    refused_records,
)
from syndication.jobs.reader_file import ReaderFile
from syndication.settings import load_settings
from syndication.store.dossiers import all_memberships, dossier, facts_of, membership_facts
from syndication.store.erasing import find_reader
from syndication.store.importing import Fate

subscribers = typer.Typer(no_args_is_help=True)


@subscribers.command("show", epilog="Example: syndication subscribers show anna@example.org")
def show(
    address: Annotated[str, typer.Argument(help="The reader's e-mail address.")], *, as_json: Json = False
) -> None:
    """One reader: what they chose, every mail with what became of it, every consent."""
    with errors_in_words(), open_app(load_settings()) as app:
        key = parse_address(address).key
        with app.database.read() as session:
            found = dossier(session, key)
        if found is None:
            message = "Nobody with this address is known here."
            raise StoreError(message)
    facts = facts_of(found)
    if as_json:
        print_json(facts)
        return
    print_facts({"address": found.address, "since": found.since})
    for name in ("subscriptions", "mails", "consent"):
        rows = facts[name]
        if isinstance(rows, list) and rows:
            out.print()
            report(rows, as_json=False, columns=tuple(rows[0]), title=name)


@subscribers.command("export", epilog="Example: syndication subscribers export > readers.csv")
def export(*, as_json: Json = False) -> None:
    """All subscriptions as CSV, or JSON, on standard output."""
    with errors_in_words(), open_app(load_settings()) as app:
        if as_json:
            with app.database.read() as session:
                print_json([{"email": address, **membership_facts(one)} for address, one in all_memberships(session)])
            return
        sys.stdout.writelines(readers_csv(app.database))


@subscribers.command(
    "import", epilog="Example: syndication subscribers import list.csv weekly --consent 'old site' --dry-run"
)
def import_command(  # noqa: PLR0913 - a command has as many arguments as its user needs
    path: Annotated[
        Path, typer.Argument(metavar="FILE", help="CSV with a column 'email'; exports of listmonk and others.")
    ],
    newsletter: Annotated[str, typer.Argument(help="The newsletter's slug.")],
    *,
    consent: Annotated[str, typer.Option(help="How these people agreed to be mailed; kept as proof.")],
    topics: Annotated[str, typer.Option(help="Topics for who brings none, with commas; all offered by default.")] = "",
    language: Annotated[str, typer.Option(help="For who brings none; the newsletter's by default.")] = "",
    tag: Annotated[list[str] | None, typer.Option(help="Which topic a tag means: 'AI news=ai-agents'.")] = None,
    rejected: Annotated[Path | None, typer.Option(help="Write refused records here, with reasons.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")] = False,
    as_json: Json = False,
) -> None:
    """Take over readers who agreed elsewhere. Who opted out, here or there, stays out. Ask again after a kill: it goes on."""
    with errors_in_words(), open_app(load_settings()) as app:
        wish = ImportWish(newsletter, consent, _words(topics), language, _tags(tag or []))
        file, key = ReaderFile(path), app.keys.suppression
        if dry_run:
            done = plan_import(app.database, key, file, wish)
        else:
            with progress_bar("Importing", file.records) as tell:
                done = import_readers(app.database, key, file, wish, now, tell)
        if rejected and done.import_id is not None:
            with rejected.open("w", encoding="utf-8", newline="") as out_file:
                refused_csv(file, refused_records(app.database, file, done.import_id), out_file)
    _say(done, dry_run=dry_run, as_json=as_json)


@subscribers.command("erase", epilog="Example: syndication subscribers erase anna@example.org")
def erase(
    address: Annotated[str, typer.Argument(help="The reader's e-mail address.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask back.")] = False,
) -> None:
    """Forget a reader for good: a keyed hash stays, so that nothing mails them again. It cannot be undone."""
    with errors_in_words(), open_app(load_settings()) as app:
        key = parse_address(address).key
        with app.database.read() as session:
            subscriber_id = find_reader(session, key)
        if subscriber_id is None:
            message = "Nobody with this address is known here; perhaps they were erased before."
            raise StoreError(message)
        if not yes:
            typer.confirm("Erase this reader for good? It cannot be undone.", abort=True)
        erase_reader(app.database, app.keys.suppression, app.settings.var_folder, subscriber_id, now())
        out.print(
            f"Erased. Subscriber {subscriber_id} is a number in the ledger now; older backups are cleaned when restored."
        )


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _tags(lines: list[str]) -> dict[str, str]:
    pairs = [line.rpartition("=") for line in lines]
    wrong = next((line for line, (tag, _, topic) in zip(lines, pairs, strict=True) if not (tag and topic)), None)
    if wrong is not None:
        message = f"--tag {wrong}: write the tag, an equals sign and the topic's slug, e.g. 'AI news=ai-agents'."
        raise typer.BadParameter(message)
    return {tag.strip(): topic.strip() for tag, _, topic in pairs}


def _say(done: ImportReport, *, dry_run: bool, as_json: bool) -> None:
    facts: dict[str, object] = {"records": done.records, **{fate.value: done.counts.get(fate, 0) for fate in Fate}}
    facts |= {"unknown_tags": dict(done.unknown_tags), "ignored_columns": list(done.ignored_columns)}
    if as_json:
        print_json({"dry_run": dry_run, **facts})
        return
    out.print("This would happen:" if dry_run else "Imported:")
    print_facts({name.replace("_", " "): value for name, value in facts.items() if value not in ({}, [])})
