"""The command that runs the service: serve."""

import asyncio
import logging
import secrets
import signal
from contextlib import suppress
from dataclasses import replace
from ipaddress import ip_network
from typing import Annotated

import typer
from rich.markup import escape

from syndication.app import App, Runner, later, now, open_app
from syndication.cli.installing import install_all
from syndication.cli.logs import log_from
from syndication.cli.output import errors_in_words, out, print_facts, short
from syndication.doctor.examining import examine
from syndication.domain.seams import Enqueue
from syndication.settings import Reloading, load_settings
from syndication.store.admins import has_admin, hash_of, offer_setup
from syndication.store.scheduling import upcoming
from syndication.web.app import create_app
from syndication.web.deps import LOOPBACK, Deps
from syndication.web.feeds import FeedServer
from syndication.web.server import require_free, serve
from syndication.web.words import slot_words

_SECRET_BYTES = 24
_FEEDS_EVERY_S = 0.5
_LOOKS_A_WRITING = 20

commands = typer.Typer()


@commands.command("serve", epilog="Example: syndication serve")
def serve_command(
    *,
    set_up: Annotated[bool, typer.Option("--init", help="First do what `syndication init` does.")] = False,
    no_jobs: Annotated[
        bool, typer.Option("--no-jobs", help="The web alone; `syndication worker` runs clock and jobs.")
    ] = False,
) -> None:
    """Run web, clock and jobs in this process until SIGTERM or Ctrl-C."""
    log_from(logging.INFO)
    with errors_in_words():
        settings = load_settings()
        require_free(settings.server.host, settings.server.port)
        if set_up:
            install_all(settings)
        with open_app(settings) as app:
            app.require_ready()
            asyncio.run(_serve(app, None if no_jobs else Runner(app)))
        out.print("Stopped.")


async def _serve(app: App, runner: Runner | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    feeds = FeedServer(app.database, app.site, app.keys.tokens, now)
    server = app.settings.server
    target = create_app(web_deps(app, runner.enqueue if runner else later, feeds))
    web = asyncio.create_task(serve(target, server.host, server.port, stop, feeds.answer_at_once))
    refreshing = asyncio.create_task(_keep_fresh(feeds, stop))
    if runner:
        await asyncio.to_thread(runner.start)
    _say_what_runs(app)
    try:
        await web
    finally:
        stop.set()
        if runner:
            await asyncio.to_thread(runner.stop)
        await refreshing


async def _keep_fresh(feeds: FeedServer, stop: asyncio.Event) -> None:
    """What any process published is served half a second later."""
    while not stop.is_set():
        for _ in range(_LOOKS_A_WRITING):
            await asyncio.to_thread(feeds.refresh)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _FEEDS_EVERY_S)
            if stop.is_set():
                break
        await asyncio.to_thread(feeds.write_readings)


def web_deps(app: App, enqueue: Enqueue, feeds: FeedServer) -> Deps:
    """What the web application needs of this installation."""
    current = Reloading(app.settings)
    return Deps(
        database=app.database,
        site=app.site,
        keys=app.keys.tokens,
        suppression_key=app.keys.suppression,
        clock=now,
        enqueue=enqueue,
        profile=app.settings.profile,
        outbox=app.settings.outbox,
        var_folder=app.settings.var_folder,
        feeds=feeds,
        box=app.keys.box,
        checker=app.checker(),
        transport=app.transport,
        proxies=(*LOOPBACK, *map(ip_network, app.settings.server.proxies)),
        examine=lambda: examine(replace(app, settings=current.settings()), now()),
    )


def _say_what_runs(app: App) -> None:
    settings, url = app.settings, app.site.public_url
    setup = _setup_link(app)
    facts: dict[str, object] = {"Site": url}
    facts |= {"First admin": f"{setup}  (works once)"} if setup else {"Console": f"{url}/admin/"}
    if settings.outbox:
        shown = f", shown at {url}/mailbox/" if settings.is_mailbox_near else ", one file each"
        facts["Mail"] = f"stays in {short(settings.outbox)}{shown}"
    else:
        facts["Mail"] = "leaves by SMTP"
    facts["Next issue"] = _next_issue(app)
    facts["Configuration"] = (
        f"{short(settings.config_folder)}, your own in {short(settings.var_folder)}/syndication.toml"
    )
    facts["Data"] = short(settings.var_folder) if app.database.is_sqlite else "PostgreSQL"
    out.print(f"\n[bold]{escape(app.site.title)}[/bold] is running ({settings.profile}). Ctrl-C stops it.\n")
    print_facts(facts)


def _setup_link(app: App) -> str:
    """The one-time link that makes the first admin, "" when there is one; a link of an earlier start is void."""
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    with app.database.write() as session:
        if has_admin(session):
            return ""
        offer_setup(session, hash_of(secret), now())
    return f"{app.site.public_url}/admin/setup/{secret}"


def _next_issue(app: App) -> str:
    with app.database.read() as session:
        slots = upcoming(session, now())
    if not slots:
        return "none planned"
    return f"{slots[0].newsletter_title}, {slot_words(slots[0].slot, slots[0].schedule.value.zone)}"
