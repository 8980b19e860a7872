"""The command that runs clock and jobs without the web: worker."""

import logging
import signal
import threading

import typer
from rich.markup import escape

from syndication.app import Runner, open_app
from syndication.cli.logs import log_from
from syndication.cli.output import errors_in_words, out
from syndication.settings import load_settings

commands = typer.Typer()


@commands.command("worker", epilog="Example: syndication worker")
def worker_command() -> None:
    """Run clock and jobs without the web until SIGTERM or Ctrl-C. On PostgreSQL any number of workers share the work."""
    log_from(logging.INFO)
    with errors_in_words():
        with open_app(load_settings()) as app:
            app.require_ready()
            runner, stop = Runner(app), threading.Event()
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: stop.set())
            runner.start()
            out.print(f"{escape(app.site.title)}: clock and jobs run in this process. Ctrl-C stops it.", soft_wrap=True)
            stop.wait()
            runner.stop()
        out.print("Stopped.")
