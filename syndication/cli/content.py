"""Commands about articles: collect, sources, classify, topics, publish."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from syndication.app import App, now, open_app
from syndication.classify.evaluate import evaluate, macro_f1, read_examples
from syndication.cli.output import DONE, FAILED, Json, errors_in_words, out, print_json, report
from syndication.cli.running import web_deps
from syndication.domain.errors import ConfigError, SourceError
from syndication.domain.plural import plural
from syndication.domain.seams import Task
from syndication.jobs.classify import classify_pending
from syndication.jobs.collect import collect_source
from syndication.jobs.publish import publish_feeds
from syndication.settings import load_settings
from syndication.store.classifying import load_topics, replay
from syndication.store.collecting import list_sources
from syndication.store.readings import FeedDay, Reading, by_feed, readings_since
from syndication.web.export import Exported, export_site
from syndication.web.feeds import FeedServer

commands = typer.Typer()
sources = typer.Typer(help="Where articles come from.", no_args_is_help=True)
feeds = typer.Typer(help="What we publish.", no_args_is_help=True)
topics = typer.Typer(help="What articles are sorted into.", no_args_is_help=True)


def later(task: Task, key: str, **ids: int) -> None:
    """For commands: a running `serve` finds the work by its sweep, so nothing needs to be asked for."""
    del task, key, ids


@commands.command(epilog="Example: syndication collect --source samples")
def collect(
    source: Annotated[str, typer.Option(help="Only this source (its slug).")] = "",
    *,
    as_json: Json = False,
) -> None:
    """Visit every source now, or one, and store what is new."""
    with errors_in_words(), open_app(load_settings()) as app:
        with app.database.read() as session:
            found = [listed for listed in list_sources(session) if source in {"", listed.slug}]
        if not found:
            message = f"There is no source '{source}'. `syndication sources list` shows them all."
            raise SourceError(message)
        fetcher = app.fetcher()
        reports = [
            collect_source(app.database, fetcher, later, listed.source_id, now(), app.keys.box) for listed in found
        ]
    rows = [
        {
            "source": one.slug,
            "added": one.added,
            "updated": one.updated,
            "unchanged": one.unchanged,
            "failure": one.failure or "",
        }
        for one in reports
    ]
    report(rows, as_json=as_json, columns=("source", "added", "updated", "unchanged", "failure"))
    raise SystemExit(FAILED if any(one.failure for one in reports) else DONE)


@sources.command("list", epilog="Example: syndication sources list --json")
def list_all(*, as_json: Json = False) -> None:
    """All sources with their health."""
    with errors_in_words(), open_app(load_settings()) as app, app.database.read() as session:
        rows = [
            {
                "source": one.slug,
                "kind": one.kind.value,
                "health": one.health.value,
                "articles": one.articles,
                "last_success": one.last_success_at,
                "next_visit": one.next_poll_at,
                "problem": one.last_error,
            }
            for one in list_sources(session)
        ]
    report(rows, as_json=as_json, columns=("source", "kind", "health", "articles", "next_visit", "problem"))


@commands.command(epilog="Example: syndication classify --replay")
def classify(
    *,
    again: Annotated[bool, typer.Option("--replay", help="Look at all articles again, not only at new ones.")] = False,
    as_json: Json = False,
) -> None:
    """Sort articles into topics by the rules in force."""
    with errors_in_words(), open_app(load_settings()) as app:
        if again:
            with app.database.write() as session:
                replay(session)
        done = classify_pending(app.database, later, now())
        publish_feeds(app.database, app.site, now())
    if as_json:
        print_json({"looked_at": done.looked_at, "accepted": done.accepted})
    else:
        words = ", ".join(f"{number} in {topic}" for topic, number in done.accepted.items()) or "none in a topic"
        out.print(f"{plural(done.looked_at, 'article')} looked at: {words}.")


@topics.command("list", epilog="Example: syndication topics list")
def list_topics(*, as_json: Json = False) -> None:
    """All topics with their rules."""
    with errors_in_words(), open_app(load_settings()) as app, app.database.read() as session:
        rows = [
            {"topic": one.slug, "title": one.title, "version": one.version, "rule": " ".join(one.rule.split())}
            for one in load_topics(session)
        ]
    report(rows, as_json=as_json, columns=("topic", "title", "version", "rule"))


@topics.command("evaluate", epilog="Example: syndication topics evaluate labelled.jsonl")
def evaluate_topics(
    file: Annotated[Path, typer.Argument(help='JSON lines: {"title": …, "text": …, "topics": ["slug", …]}.')],
    *,
    as_json: Json = False,
) -> None:
    """How well the rules agree with labels given by hand: precision, recall and F1 a topic."""
    with errors_in_words(), open_app(load_settings()) as app:
        with app.database.read() as session:
            found = load_topics(session)
        scores = evaluate(found, read_examples(_lines(file)))
        rows = [
            {
                "topic": one.topic,
                "precision": round(one.precision, 3),
                "recall": round(one.recall, 3),
                "f1": round(one.f1, 3),
            }
            for one in scores
        ]
    title = f"Macro-F1 {macro_f1(scores):.3f}" if scores else ""
    report(rows, as_json=as_json, columns=("topic", "precision", "recall", "f1"), title=title)


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        message = f"{file}: cannot be read: {error}"
        raise ConfigError(message) from error


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
