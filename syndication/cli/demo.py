"""`syndication demo`: the main job once, over a folder, with a table of what it made."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from syndication.cli.output import Json, errors_in_words, out, print_json, print_table
from syndication.demo import run_demo
from syndication.domain.plural import plural
from syndication.settings import load_settings

commands = typer.Typer()


@commands.command(epilog="Example: syndication demo --articles ~/articles --to /tmp/demo")
def demo(
    articles: Annotated[Path | None, typer.Option(help="A folder of .md, .html and .txt files.")] = None,
    to: Annotated[Path, typer.Option(help="Where feeds/ and outbox/ are written.")] = Path("var/demo"),
    base_url: Annotated[str, typer.Option(help="What relative links in the articles are resolved against.")] = "",
    *,
    as_json: Json = False,
) -> None:
    """Collect, classify, publish, compose and deliver once, in a folder of its own."""
    with errors_in_words():
        settings = load_settings()
        done = run_demo(settings, articles or settings.config_folder / "samples", base_url, to)
    feeds = sorted(
        str(path.relative_to(to)) for path in (to / "feeds").rglob("*") if path.suffix != ".gz" and path.is_file()
    )
    if as_json:
        print_json(
            {
                "collected": done.collected,
                "repairs": done.repairs,
                "topics": done.topics,
                "feeds": feeds,
                "readers": done.readers,
                "digests": done.digests,
                "mails": [str(path) for path in done.mails],
            }
        )
        return
    for repair in done.repairs:
        out.print(f"[yellow]mended:[/yellow] {escape(repair)}")
    topics = ", ".join(f"{number} in {topic}" for topic, number in done.topics.items()) or "none in a topic"
    print_table(
        "One pass of the main job",
        ("Step", "What it made"),
        (
            ("collect", plural(done.collected, "article")),
            ("classify", topics),
            ("publish", f"{len(feeds)} feed documents in {to / 'feeds'}"),
            ("compose", f"{plural(done.digests, 'digest')} for {plural(len(done.readers), 'reader')}"),
            ("deliver", f"{plural(len(done.mails), 'mail')} in {to / 'outbox'}"),
        ),
    )
