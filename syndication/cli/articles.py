"""Commands about single articles."""

from typing import Annotated

import typer

from syndication.app import now, open_app
from syndication.cli.output import Json, errors_in_words, out, print_json
from syndication.domain.errors import SourceError
from syndication.domain.plural import plural
from syndication.jobs.publish import publish_changed
from syndication.settings import load_settings
from syndication.store.withdrawing import ids_named, withdraw_articles

articles = typer.Typer(no_args_is_help=True)


@articles.command("withdraw", epilog="Example: syndication articles withdraw https://example.org/2026/retracted")
def withdraw(
    article: Annotated[str, typer.Argument(help="Its own address, that of its page here, or its id.")],
    *,
    undo: Annotated[bool, typer.Option("--undo", help="Show it again.")] = False,
    as_json: Json = False,
) -> None:
    """Take an article out of feeds, archives, pages and coming mails; its source does not bring it back."""
    with errors_in_words(), open_app(load_settings()) as app:
        with app.database.read() as session:
            ids = ids_named(session, article)
        if not ids:
            message = f"There is no article '{article}'. Take its address from a feed or from its page."
            raise SourceError(message)
        with app.database.write() as session:
            found = withdraw_articles(session, ids, "command", now(), undo=undo)
        publish_changed(app.database, app.site, now())
    if as_json:
        print_json({"articles": list(found), "withdrawn": not undo})
    else:
        out.print(f"{plural(len(found), 'article')} {'shown again' if undo else 'withdrawn'}.")
