"""Commands about the installation: init, migrate, backup, restore, rotate-encryption, doctor."""

from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

import typer
from rich.markup import escape

from syndication.app import now, open_app
from syndication.backup import make_backup, restore_backup
from syndication.cli.output import FAILED, Json, errors_in_words, out, print_json
from syndication.doctor.airgap import examine_airgap
from syndication.doctor.examining import examine, is_ready
from syndication.domain.findings import Finding, Verdict
from syndication.domain.plural import plural
from syndication.install import install
from syndication.keys import rotate_encryption
from syndication.settings import Settings, load_settings
from syndication.store.database import open_database
from syndication.store.migrate import upgrade

_MARKS = MappingProxyType(
    {
        Verdict.OK: "[green]✓[/green]",
        Verdict.WARNING: "[yellow]![/yellow]",
        Verdict.FAULT: "[bold red]✗[/bold red]",
        Verdict.OFF: "[dim]·[/dim]",
    }
)

commands = typer.Typer()


@commands.command(epilog="Example: syndication init")
def init() -> None:
    """Set up or upgrade: back up, migrate, make keys, insert new entries of config/. Harmless to repeat."""
    with errors_in_words():
        install_all(load_settings())


@commands.command("migrate", epilog="Example: syndication migrate")
def migrate_command() -> None:
    """Bring the database to the tables of this version, after a backup."""
    with errors_in_words():
        settings = load_settings()
        with closing(open_database(settings.database_url)) as database:
            copy = upgrade(database, settings.var_folder / "backups", now())
        out.print(f"The database is up to date.{f' The old one is kept as {copy}.' if copy else ''}")


@commands.command(epilog="Example: syndication backup --to /mnt/usb")
def backup(
    to: Annotated[Path | None, typer.Option(help="The folder; by default [backup] folder.")] = None,
) -> None:
    """Write database, keys and own settings into one checked archive, while the service runs."""
    with errors_in_words():
        archive = make_backup(load_settings(), now(), to)
        out.print(f"{archive}\nIt holds the keys: keep it where only you can read it.")


@commands.command(epilog="Example: syndication restore var/backups/syndication-20261125-030000.tar.gz")
def restore(
    archive: Annotated[Path, typer.Argument(help="An archive that `syndication backup` made.")],
    *,
    force: Annotated[bool, typer.Option("--force", help="Also over an installation that has data.")] = False,
) -> None:
    """Put a backup in the place of this installation. Nothing is mailed twice, and who was erased stays erased."""
    with errors_in_words():
        done = restore_backup(load_settings(), archive, now(), force=force)
        out.print(f"Restored, as of {done.made_at:%Y-%m-%d %H:%M} UTC.")
        if done.old:
            out.print(f"What was here before is kept as {done.old}.")
        if done.erased:
            out.print(f"Erased again: {plural(done.erased, 'reader')} who had been erased after the backup.")
        if done.held:
            out.print(
                f"Held, because it may have been mailed since: {plural(done.held, 'issue or schedule', 'issues and schedules')}. See `syndication issues list`."
            )


@commands.command("rotate-encryption", epilog="Example: syndication rotate-encryption")
def rotate_encryption_command() -> None:
    """Seal log-ins of sources with a new key from now on. What was sealed before still opens. Restart the service after it."""
    with errors_in_words():
        folder = load_settings().var_folder / "secrets"
        made = rotate_encryption(folder)
        out.print(
            f"Key {made} is in {folder / 'encryption.json'}: restart the service, then back it up "
            "(`syndication backup`). Log-ins are sealed with it when they are saved next.",
            markup=False,
            soft_wrap=True,
        )


@commands.command("doctor", epilog="Example: syndication doctor --airgap --json")
def doctor_command(
    *,
    airgap: Annotated[
        bool, typer.Option("--airgap", help="Instead, what would need the internet; nobody is asked.")
    ] = False,
    as_json: Json = False,
) -> None:
    """What stands between this installation and its readers, each with its remedy. Exit code 1 while anything does."""
    with errors_in_words(), open_app(load_settings()) as app:
        found = examine_airgap(app, now()) if airgap else examine(app, now())
    if as_json:
        print_json([asdict(finding) for finding in found])
    else:
        for finding in found:
            _say_finding(finding)
    if not is_ready(found):
        raise typer.Exit(FAILED)


def _say_finding(finding: Finding) -> None:
    out.print(f"{_MARKS[finding.verdict]} [bold]{escape(finding.title)}[/bold]: {escape(finding.words)}")
    for line in (finding.remedy, *finding.text.splitlines()):
        if line:
            out.print(f"    {escape(line)}")


def install_all(settings: Settings) -> None:
    """What `syndication init` does."""
    for line in install(settings, now()):
        out.print(f"[green]✓[/green] {escape(line)}")
