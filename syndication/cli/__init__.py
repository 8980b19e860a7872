"""`syndication`: every command, with an example in its help and exit codes 0 done, 1 failed, 2 wrong use."""

import logging
from typing import Final

import typer

from syndication import __version__
from syndication.cli.logs import log_from
from syndication.cli.output import out
from syndication.cli.parts import Part, Parts

PARTS: Final = (
    Part("init", "Set up, or upgrade.", "installing"),
    Part("migrate", "Bring the database to the tables of this version.", "installing"),
    Part("backup", "Database, keys and settings as one archive.", "installing"),
    Part("restore", "Put a backup in the place of what is here.", "installing"),
    Part("rotate-encryption", "Seal log-ins of sources with a new key.", "installing"),
    Part("doctor", "What is wrong, and what mends it.", "installing"),
    Part("serve", "Run web, clock and jobs.", "running"),
    Part("worker", "Run clock and jobs without the web.", "working"),
    Part("collect", "Visit every source now, or one.", "content"),
    Part("classify", "Sort articles into topics.", "content"),
    Part("publish", "Bring feeds up to date, or write the whole site.", "publishing"),
    Part("dkim", "What to publish in DNS for signed mails.", "mailing"),
    Part("deliver", "Send everything that waits, once.", "mailing"),
    Part("mail-in", "Take in one message that came back.", "mail_in"),
    Part("demo", "One pass of the main job, in a folder of its own.", "demo"),
    Part("sources", "Where articles come from.", "sources", "sources"),
    Part("articles", "Single articles.", "articles", "articles"),
    Part("topics", "What articles are sorted into.", "content", "topics"),
    Part("feeds", "What we publish.", "publishing", "feeds"),
    Part("issues", "The issues of the newsletters.", "reviewing", "issues"),
    Part("subscribers", "People who read.", "people", "subscribers"),
    Part("suppressions", "Addresses that are never mailed again.", "mail_in", "suppressed"),
    Part("config", "What config/ says and what the database holds.", "configuring", "config"),
    Part("admin", "People who may use the console.", "admins", "admin"),
    Part("tokens", "What programs log in to the API with.", "tokens", "tokens"),
    Part("templates", "What mails are made from.", "mail_templates", "templates"),
)


class Commands(Parts):
    """All of them."""

    parts = PARTS


app = typer.Typer(
    name="syndication",
    cls=Commands,
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


@app.command("version", epilog="Example: syndication version")
def version() -> None:
    """The version of this program."""
    out.print(__version__)
