"""`syndication`: every command, with an example in its help and exit codes 0 done, 1 failed, 2 wrong use."""

import logging

import typer

from syndication import __version__
from syndication.cli import (
    admins,
    articles,
    configuring,
    content,
    demo,
    mail_in,
    mail_templates,
    mailing,
    people,
    reviewing,
    running,
    sources,
    tokens,
)
from syndication.cli.logs import log_from
from syndication.cli.output import out

app = typer.Typer(
    name="syndication",
    help="Collects articles, sorts them into topics, publishes feeds and mails each reader one digest.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def before() -> None:
    """Collects articles, sorts them into topics, publishes feeds and mails each reader one digest."""
    log_from(logging.WARNING)


for part in (running, sources, content, mailing, mail_in, demo):
    app.registered_commands += part.commands.registered_commands
app.add_typer(content.sources, name="sources")
app.add_typer(articles.articles, name="articles")
app.add_typer(content.topics, name="topics")
app.add_typer(content.feeds, name="feeds")
app.add_typer(reviewing.issues, name="issues")
app.add_typer(people.subscribers, name="subscribers")
app.add_typer(mail_in.suppressed, name="suppressions")
app.add_typer(configuring.config, name="config")
app.add_typer(admins.admin, name="admin")
app.add_typer(tokens.tokens, name="tokens")
app.add_typer(mail_templates.templates, name="templates")


@app.command("version", epilog="Example: syndication version")
def version() -> None:
    """The version of this program."""
    out.print(__version__)
