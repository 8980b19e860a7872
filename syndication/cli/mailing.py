"""The command `deliver`."""

import typer

from syndication.app import now, open_app
from syndication.cli.output import Json, errors_in_words, print_facts, print_json
from syndication.jobs.deliver import deliver_ready
from syndication.settings import load_settings

commands = typer.Typer()


@commands.command(epilog="Example: syndication deliver")
def deliver(*, as_json: Json = False) -> None:
    """Send everything that waits, once. A running `serve` does this by itself."""
    with errors_in_words(), open_app(load_settings()) as app:
        done = deliver_ready(app.database, app.transport(), app.post_office(), now, lambda: False)
    facts: dict[str, object] = {
        "accepted": done.accepted,
        "deferred": done.deferred,
        "failed": done.failed,
        "unknown": done.unknown,
    }
    if as_json:
        print_json(facts)
    else:
        print_facts(facts)
