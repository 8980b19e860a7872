"""`syndication admin …`: people who may use the console."""

import sys
from typing import Annotated

import typer

from syndication.app import now, open_app
from syndication.cli.output import errors_in_words, out
from syndication.domain.errors import SyndicationError
from syndication.settings import load_settings
from syndication.store.admins import create_admin
from syndication.web.admin.access import hash_password

admin = typer.Typer(help="People who may use the console.", no_args_is_help=True)


@admin.callback()
def group() -> None:
    """People who may use the console."""


@admin.command("create", epilog="Example: syndication admin create anna")
def create(name: Annotated[str, typer.Argument(help="The name to log in with.")]) -> None:
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
            create_admin(session, name, hashed, now())
        out.print(f"{name} can log in at {app.site.public_url}/admin/.")
