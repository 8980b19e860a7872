"""`syndication`: every command, with an example in its help and exit codes 0 done, 1 failed, 2 wrong use."""

import logging
from typing import Final

import typer

from syndication import __version__
from syndication.cli.logs import log_from
from syndication.cli.output import out
from syndication.cli.parts import Part, Parts

PARTS: Final = (
    Part(
        "installing",
        "init",
        "Set up or upgrade: back up, migrate, make keys, insert new entries of config/. Harmless to repeat.",
    ),
    Part("installing", "migrate", "Bring the database to the tables of this version, after a backup."),
    Part(
        "installing",
        "backup",
        "Write database, keys and own settings into one checked archive, while the service runs.",
    ),
    Part(
        "installing",
        "restore",
        "Put a backup in the place of this installation. Nothing is mailed twice, and who was erased stays erased.",
    ),
    Part(
        "installing",
        "rotate-encryption",
        "Seal log-ins of sources with a new key from now on. What was sealed before still opens. Restart the service after it.",
    ),
    Part(
        "installing",
        "doctor",
        "What stands between this installation and its readers, each with its remedy. Exit code 1 while anything does.",
    ),
    Part("running", "serve", "Run web, clock and jobs in this process until SIGTERM or Ctrl-C."),
    Part(
        "running",
        "worker",
        "Run clock and jobs without the web until SIGTERM or Ctrl-C. On PostgreSQL any number of workers share the work.",
    ),
    Part("content", "collect", "Visit every source now, or one, and store what is new."),
    Part("content", "classify", "Sort articles into topics by the rules in force."),
    Part("publishing", "publish", "Bring all feed documents up to date."),
    Part(
        "mailing",
        "dkim",
        "What to publish in DNS, so that signatures of this installation's mails hold: one TXT record for each key.",
    ),
    Part("mailing", "deliver", "Send everything that waits, once. A running `serve` does this by itself."),
    Part(
        "mail_in",
        "mail-in",
        "Take in one message: a bounce, a complaint, an unsubscribe mail. Twice the same changes nothing.",
    ),
    Part("demo", "demo", "Collect, classify, publish, compose and deliver once, in a folder of its own."),
    Part("sources", "sources", "Where articles come from.", "sources"),
    Part("articles", "articles", "Single articles.", "articles"),
    Part("content", "topics", "What articles are sorted into.", "topics"),
    Part("publishing", "feeds", "What we publish.", "feeds"),
    Part("reviewing", "issues", "The issues of the newsletters.", "issues"),
    Part("people", "subscribers", "People who read.", "subscribers"),
    Part("mail_in", "suppressions", "Addresses that are never mailed again.", "suppressed"),
    Part("configuring", "config", "What config/ says and what the database holds.", "config"),
    Part("admins", "admin", "People who may use the console.", "admin"),
    Part("tokens", "tokens", "What programs log in to the API with.", "tokens"),
    Part("mail_templates", "templates", "What mails are made from.", "templates"),
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
