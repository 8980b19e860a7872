"""`syndication templates …`: what mails are made from, checked before anything uses it."""

from pathlib import Path
from typing import Annotated

import typer

from syndication.app import now, open_app
from syndication.cli.output import FAILED, Json, err, errors_in_words, out, print_json, report
from syndication.compose.templates import MAILS, load_source
from syndication.domain.errors import StoreError, TemplateError
from syndication.jobs.templates import check_folder, keep_own_template
from syndication.settings import load_settings
from syndication.store.admins import audit
from syndication.store.newsletters import newsletter
from syndication.store.templates import activate_version, template_version, use_product_template, versions

templates = typer.Typer(no_args_is_help=True)

Folder = Annotated[Path, typer.Argument(help="A folder laid out as templates/email of the product.", file_okay=False)]
Mails = Annotated[list[str], typer.Option("--mail", help="One mail (digest, confirm …); may be given again. Else all.")]


@templates.command("list", epilog="Example: syndication templates list --json")
def list_all(*, as_json: Json = False) -> None:
    """All versions, the newest first."""
    with errors_in_words(), open_app(load_settings()) as app, app.database.read() as session:
        rows = [
            {
                "version": one.id,
                "mail": one.name,
                "newsletter": one.newsletter,
                "in_use": one.is_active,
                "author": one.author,
                "made": one.created_at,
                "hash": one.hash[:8],
            }
            for one in versions(session)
        ]
    report(rows, as_json=as_json, columns=("version", "mail", "newsletter", "in_use", "author", "made", "hash"))


@templates.command("check", epilog="Example: syndication templates check my-templates --mail digest")
def check(folder: Folder, mail: Mails = [], *, as_json: Json = False) -> None:  # noqa: B006 - Typer copies it
    """Compile templates and try them out, without keeping anything."""
    with errors_in_words():
        problems = [str(problem) for problem in check_folder(folder, _wanted(mail))]
    if as_json:
        print_json({"problems": problems})
    for problem in () if as_json else problems:
        err.print(problem, markup=False)
    if problems:
        raise SystemExit(FAILED)
    if not as_json:
        out.print("All good.")


@templates.command("install", epilog="Example: syndication templates install weekly my-templates --mail digest")
def install(
    letter: Annotated[str, typer.Argument(metavar="NEWSLETTER", help="The newsletter's slug.")],
    folder: Folder,
    mail: Mails = [],  # noqa: B006 - Typer copies it
) -> None:
    """Check templates, and use them for the mails of one newsletter; one that fails changes nothing."""
    wanted = _wanted(mail)
    with errors_in_words(), open_app(load_settings()) as app:
        problems = check_folder(folder, wanted)
        if problems:
            raise TemplateError("\n".join(map(str, problems)))
        with app.database.read() as session:
            stored = newsletter(session, letter)
        if stored is None:
            message = f"There is no newsletter '{letter}'."
            raise StoreError(message)
        at = now()
        kept = [keep_own_template(app.database, load_source(folder, name), stored.id, "", at) for name in wanted]
        with app.database.write() as session:
            for version_id in kept:
                found = template_version(session, version_id)
                if found:
                    activate_version(session, found[0].name, stored.id, found[0].hash)
                audit(session, "command", "template.use", f"{letter} version {version_id}", at)
    out.print(f"In use for {letter}: {', '.join(wanted)}.")


@templates.command("use", epilog="Example: syndication templates use weekly digest 12")
def use(
    letter: Annotated[str, typer.Argument(metavar="NEWSLETTER", help="The newsletter's slug.")],
    mail: Annotated[str, typer.Argument(help="The mail: digest, confirm …")],
    version: Annotated[int, typer.Argument(help="As `templates list` shows it; 0 for the product's own.")],
) -> None:
    """Go back to an earlier version of a mail, or to the product's own."""
    (name,) = _wanted([mail])
    with errors_in_words(), open_app(load_settings()) as app, app.database.write() as session:
        stored = newsletter(session, letter)
        found = template_version(session, version) if version else None
        if stored is None or (version and (found is None or found[0].name != name or found[2] != stored.id)):
            what = f"newsletter '{letter}'" if stored is None else f"version {version} of '{mail}' for {letter}"
            message = f"There is no {what}. `syndication templates list` shows them all."
            raise StoreError(message)
        if found:
            activate_version(session, name, stored.id, found[0].hash)
        else:
            use_product_template(session, name, stored.id)
        audit(session, "command", "template.use", f"{letter} version {version}", now())
    out.print(f"In use for {letter}: {mail}, {f'version {version}' if version else 'the one of the product'}.")


def _wanted(mail: list[str]) -> list[str]:
    for name in mail:
        if name not in MAILS:
            message = f"There is no mail '{name}'. The mails are {', '.join(MAILS)}."
            raise typer.BadParameter(message)
    return mail or list(MAILS)
