"""`syndication admin …`: people who may use the console."""

import secrets
import sys
from typing import Annotated, Final

import typer

from syndication.app import now, open_app
from syndication.cli.output import Json, errors_in_words, out, report
from syndication.domain.errors import SyndicationError
from syndication.domain.roles import Role
from syndication.settings import load_settings
from syndication.store.admins import audit, create_admin, hash_of
from syndication.store.people import list_admins, offer_reset
from syndication.web.admin.access import hash_password

_SECRET_BYTES: Final = 24

admin = typer.Typer(no_args_is_help=True)


@admin.callback()
def group() -> None:
    """People who may use the console."""


@admin.command("create", epilog="Example: syndication admin create anna --role editor")
def create(
    name: Annotated[str, typer.Argument(help="The name to log in with.")],
    role: Annotated[
        Role, typer.Option(help="A viewer sees, an editor changes, an owner also manages people.")
    ] = Role.OWNER,
) -> None:
    """Make an admin; asks for the password, or reads it from standard input in a pipe."""
    with errors_in_words(), open_app(load_settings()) as app:
        if sys.stdin.isatty():
            password: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
        else:
            password = sys.stdin.readline().rstrip("\n")
        try:
            hashed = hash_password(password)
        except ValueError as error:
            raise SyndicationError(str(error)) from error
        with app.database.write() as session:
            create_admin(session, name, hashed, now(), role=role)
        out.print(f"{name} can log in at {app.site.public_url}/admin/.")


@admin.command("list", epilog="Example: syndication admin list --json")
def list_command(*, as_json: Json = False) -> None:
    """Who may use the console."""
    with errors_in_words(), open_app(load_settings()) as app, app.database.read() as session:
        people = [{"name": one.login, "role": one.role.value} for one in list_admins(session)]
    report(people, as_json=as_json, columns=("name", "role"))


@admin.command("reset", epilog="Example: syndication admin reset anna")
def reset(name: Annotated[str, typer.Argument(help="The name they log in with.")]) -> None:
    """Print a link, good once within an hour, by which an admin chooses a new password; it works while log-ins are slowed."""
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    with errors_in_words(), open_app(load_settings()) as app:
        with app.database.write() as session:
            offer_reset(session, hash_of(secret), name, now())
            audit(session, "command line", "admin.reset", name.strip().lower(), now())
        out.print(f"{app.site.public_url}/admin/reset/{secret}", soft_wrap=True)
