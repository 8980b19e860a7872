"""`syndication tokens …`: what programs log in to the API with."""

from datetime import timedelta
from typing import Annotated

import typer

from syndication.app import now, open_app
from syndication.cli.output import Json, errors_in_words, out, print_json, report
from syndication.domain.errors import StoreError
from syndication.domain.scopes import Scope
from syndication.settings import load_settings
from syndication.store.admins import audit
from syndication.store.tokens import NewToken, create_token, list_tokens, revoke_token, source_named

tokens = typer.Typer(no_args_is_help=True)


@tokens.command("create", epilog="Example: syndication tokens create 'our CMS' --source newsroom")
def create(
    label: Annotated[str, typer.Argument(help="Whose it is, for the list.")],
    scope: Annotated[list[Scope], typer.Option(help="What it allows; may be given again.")] = [Scope.ARTICLES_WRITE],  # noqa: B006 - Typer copies it
    source: Annotated[str, typer.Option(help="The one source it may write to (its slug).")] = "",
    days: Annotated[int, typer.Option(min=0, help="How long it is valid; 0 is for good.")] = 0,
    *,
    as_json: Json = False,
) -> None:
    """Make a token. It is shown once, and kept as a hash only."""
    with errors_in_words(), open_app(load_settings()) as app:
        at = now()
        with app.database.write() as session:
            source_id = source_named(session, source) if source else None
            if source and source_id is None:
                message = f"There is no source '{source}'. `syndication sources list` shows them all."
                raise StoreError(message)
            wanted = NewToken(label, scope, source_id, at + timedelta(days=days) if days else None)
            number, secret = create_token(session, wanted, at)
            audit(session, "command", "token.create", f"token {number}", at, ({}, {"label": label}))
    if as_json:
        print_json({"token": number, "secret": secret})
    else:
        out.print(f"{secret}\nToken {number}. Keep it now: it is not shown again.")


@tokens.command("list", epilog="Example: syndication tokens list")
def list_all(*, as_json: Json = False) -> None:
    """All tokens, without their secrets."""
    with errors_in_words(), open_app(load_settings()) as app, app.database.read() as session:
        rows = [
            {
                "token": one.token_id,
                "label": one.label,
                "begins": one.hint,
                "scopes": sorted(scope.value for scope in one.scopes),
                "source": one.source,
                "valid": one.is_valid(now()),
                "expires": one.expires_at,
                "last_used": one.used_at,
            }
            for one in list_tokens(session)
        ]
    columns = ("token", "label", "begins", "scopes", "source", "valid", "expires", "last_used")
    report(rows, as_json=as_json, columns=columns)


@tokens.command("revoke", epilog="Example: syndication tokens revoke 3")
def revoke(number: Annotated[int, typer.Argument(help="Its number in the list.")]) -> None:
    """Make a token worthless at once."""
    with errors_in_words(), open_app(load_settings()) as app:
        at = now()
        with app.database.write() as session:
            if not revoke_token(session, number, at):
                message = f"There is no token {number} that could be revoked. `syndication tokens list` shows them all."
                raise StoreError(message)
            audit(session, "command", "token.revoke", f"token {number}", at)
    out.print(f"Token {number} is revoked.")
