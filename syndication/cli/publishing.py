"""Commands about feeds: publish, and who reads them."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from syndication.app import App, later, now, open_app
from syndication.cli.output import Json, errors_in_words, out, print_json, report
from syndication.cli.running import web_deps
from syndication.domain.errors import ConfigError
from syndication.jobs.publish import publish_feeds
from syndication.settings import load_settings
from syndication.store.readings import FeedDay, Reading, by_feed, readings_since
from syndication.web.export import Exported, export_site
from syndication.web.feeds import FeedServer

commands = typer.Typer()
feeds = typer.Typer(no_args_is_help=True)


@commands.command(epilog="Example: syndication publish --to /srv/www")
def publish(
    to: Annotated[Path | None, typer.Option(help="Also write the whole public site below this folder.")] = None,
    *,
    as_json: Json = False,
) -> None:
    """Bring all feed documents up to date."""
    with errors_in_words(), open_app(load_settings()) as app:
        written = _publish(app, to)
    if as_json:
        print_json(written)
    else:
        out.print(", ".join(f"{number} {what}" for what, number in written.items()) + ".")


def _publish(app: App, to: Path | None) -> dict[str, int]:
    done = publish_feeds(app.database, app.site, now())
    written = {"written": done.written, "unchanged": done.unchanged}
    if not to:
        return written
    try:
        exported = asyncio.run(_export(app, to))
    except OSError as error:
        message = f"{to}: cannot be written: {error}. Files written before it are whole; run the command again."
        raise ConfigError(message) from error
    return {**written, "exported": exported.written, "kept": exported.unchanged, "deleted": exported.deleted}


async def _export(app: App, to: Path) -> Exported:
    feeds = FeedServer(app.database, app.site, app.keys.tokens, now)
    feeds.refresh()
    return await export_site(web_deps(app, later, feeds), to)


@feeds.command("stats", epilog="Example: syndication feeds stats --days 7 --feed /feeds/all.atom")
def feed_stats(
    days: Annotated[int, typer.Option(min=1, max=3650, help="How many days back, today included.")] = 7,
    feed: Annotated[str, typer.Option(help="Only this address, e.g. /feeds/all.atom.")] = "",
    *,
    by_program: Annotated[bool, typer.Option("--programs", help="A line for each program that reads.")] = False,
    as_json: Json = False,
) -> None:
    """Who reads the feeds: requests, the share that was unchanged, readers, and subscribers that aggregators report."""
    with errors_in_words(), open_app(load_settings()) as app, app.database.read() as session:
        found = readings_since(session, now().date() - timedelta(days=days - 1), feed)
    if by_program:
        rows = [reading._asdict() for reading in found]
        columns: tuple[str, ...] = Reading._fields
    else:
        rows = [{**day._asdict(), "agents": list(day.agents)} for day in by_feed(found)]
        columns = FeedDay._fields
    report(rows, as_json=as_json, columns=columns)
