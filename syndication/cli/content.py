"""Commands about articles: collect, sources, classify, topics."""

from pathlib import Path
from typing import Annotated

import typer

from syndication.app import later, now, open_app
from syndication.classify.evaluate import evaluate, macro_f1, read_examples
from syndication.cli.output import DONE, FAILED, Json, errors_in_words, out, print_json, report
from syndication.domain.errors import ConfigError, SourceError
from syndication.domain.plural import plural
from syndication.jobs.classify import classify_pending
from syndication.jobs.collect import collect_source
from syndication.jobs.publish import publish_feeds
from syndication.settings import load_settings
from syndication.store.classifying import load_topics, replay
from syndication.store.collecting import list_sources

commands = typer.Typer()
sources = typer.Typer(no_args_is_help=True)
topics = typer.Typer(no_args_is_help=True)


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
