"""`syndication sources check|import|export`: a look before saving, and lists of feeds of other programs."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from syndication.app import now, open_app
from syndication.cli.content import sources
from syndication.cli.output import FAILED, Json, err, errors_in_words, out, print_json, print_table, progress_bar
from syndication.collect.opml import read_opml, write_opml
from syndication.domain.errors import SourceError
from syndication.domain.plural import plural
from syndication.domain.sources import Source
from syndication.domain.states import SourceKind
from syndication.jobs.check_source import Checked, Seen, check_source
from syndication.jobs.manage_sources import import_opml, listing_of
from syndication.settings import load_settings

commands = typer.Typer()


@sources.command("check", epilog="Example: syndication sources check https://example.org")
def check(
    url: Annotated[str, typer.Argument(help="Any address: of a site, a feed or a sitemap.")],
    kind: Annotated[SourceKind, typer.Option(help="How to read it.")] = SourceKind.FEED,
    *,
    internal: Annotated[bool, typer.Option("--internal", help="It may live on a private network.")] = False,
    as_json: Json = False,
) -> None:
    """What a source there would bring, with every repair and the topics. Nothing is saved."""
    with errors_in_words(), open_app(load_settings()) as app:
        source = Source("check", "", kind, url.strip(), internal=internal)
        found = check_source(app.database, app.checker(), source, now())
    if as_json:
        print_json(_as_dict(found))
    elif found.failure:
        err.print(f"[bold red]Nothing to read:[/bold red] {found.failure}", markup=True)
    else:
        _say(found)
    if found.failure:
        raise SystemExit(FAILED)


@sources.command("import", epilog="Example: syndication sources import feeds.opml")
def import_file(
    file: Annotated[Path, typer.Argument(help="An OPML file of another program.")], *, as_json: Json = False
) -> None:
    """Add all feeds of an OPML file; those that are sources already are left alone."""
    with errors_in_words(), open_app(load_settings()) as app:
        try:
            outlines = read_opml(file.read_bytes())
        except OSError as error:
            message = f"{file}: cannot be read: {error.strerror}"
            raise SourceError(message) from error
        with progress_bar("Adding feeds", len(outlines)) as progress:
            done = import_opml(app.database, outlines, "command", now(), progress)
    if as_json:
        print_json(asdict(done))
    else:
        out.print(f"{plural(done.added, 'feed')} added, {done.known} known already. A running service visits them now.")


@sources.command("export", epilog="Example: syndication sources export > feeds.opml")
def export() -> None:
    """All feeds as OPML, on standard output. Log-ins, keys and tokens in addresses are left out; the names of these feeds go to standard error."""
    with errors_in_words(), open_app(load_settings()) as app:
        found = listing_of(app.database)
        written = write_opml(app.site.title, found.outlines)
    sys.stdout.buffer.write(written)
    for slug, names in found.left_out.items():
        words = (
            f"Left out of {slug}: {', '.join(names)} in its address. Write it back into the address where you import."
        )
        err.print(words, markup=False)


def _as_dict(found: Checked) -> dict[str, Any]:
    return {
        "url": found.source.location,
        "kind": found.source.kind.value,
        "title": found.source.title,
        "failure": found.failure,
        "known_as": found.known_as,
        "hub": found.hub,
        "notes": list(found.notes),
        "others": [one.url for one in found.others],
        "items": [_item(one) for one in found.items],
    }


def _item(seen: Seen) -> dict[str, Any]:
    item = seen.item
    return {
        "native_key": item.native_key,
        "url": item.url,
        "title": item.title,
        "summary": item.summary,
        "language": item.language,
        "published_at": item.published.at.isoformat(),
        "published_from": item.published.origin.value,
        "published_raw": item.published.raw,
        "topics": [{"topic": title, "because": list(terms)} for title, terms in seen.topics],
        "repairs": list(seen.notes),
    }


def _say(found: Checked) -> None:
    rows = (
        (
            f"{seen.item.published.at:%Y-%m-%d %H:%M}",
            seen.item.title,
            ", ".join(title for title, _ in seen.topics),
            "; ".join(seen.notes),
        )
        for seen in found.items
    )
    print_table(f"{found.source.title}: {found.source.location}", ("published", "title", "topics", "mended"), rows)
    for note in found.notes:
        out.print(f"Note: {note}", markup=False)
    if found.hub:
        out.print(
            f"It names a hub ({found.hub}); once that has agreed, it tells of news, and the source is visited seldom.",
            markup=False,
        )
    for other in found.others:
        out.print(f"Also there: {other.url} {other.title}", markup=False)
    out.print(
        "It is a source already."
        if found.known_as
        else "Nothing was saved. Add it in the console, or by config/sources.toml."
    )
