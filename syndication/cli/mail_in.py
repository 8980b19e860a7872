"""Commands about mail that comes back: mail-in, suppressions."""

import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from syndication.app import App, now, open_app
from syndication.cli.output import Json, err, errors_in_words, out, print_facts, print_json, report
from syndication.deliver.addresses import parse_address
from syndication.deliver.imap import envelope_of
from syndication.domain.errors import StoreError
from syndication.domain.incoming import Envelope
from syndication.domain.suppression import ADDED, MEANING
from syndication.domain.tokens import suppression_mark
from syndication.settings import load_settings
from syndication.store.admins import audit
from syndication.store.database import DatabaseError
from syndication.store.suppressing import (
    LIFTED,
    STOPPED,
    lift,
    never_mail,
    suppression,
    suppression_counts,
    suppressions,
)

commands = typer.Typer()
suppressed = typer.Typer(no_args_is_help=True)

# What a mail server understands as 'keep it and try again'. Source: sysexits.h, EX_TEMPFAIL.
_LATER: Final = 75

Address = Annotated[str, typer.Argument(help="The e-mail address.")]
Why = Annotated[str, typer.Option("--why", help="Kept in the log; no address in it.")]


@commands.command(
    "mail-in", epilog="Example: syndication mail-in --from '' --to 'bounces+i12-345-…@example.org' bounce.eml"
)
def mail_in(
    file: Annotated[str, typer.Argument(help="A message as a file, or - for standard input.")],
    *,
    sender: Annotated[
        str | None, typer.Option("--from", help="The envelope's sender; '' is the null sender of bounces.")
    ] = None,
    recipient: Annotated[list[str] | None, typer.Option("--to", help="The envelope's recipient.")] = None,
    as_json: Json = False,
) -> None:
    """Take in one message: a bounce, a complaint, an unsubscribe mail. Twice the same changes nothing.

    Without --from and --to the envelope is read from Return-Path, Delivered-To and To. Exit code 75: try again later.
    """
    with errors_in_words():
        raw = _read(file)
        written = envelope_of(raw)
        envelope = Envelope(written.sender if sender is None else sender, tuple(recipient or written.recipients))
        try:
            with open_app(load_settings()) as app:
                taken = app.take_mail(raw, envelope)
        except DatabaseError as error:
            err.print(f"The database is not there: {type(error).__name__}. Nothing was changed.")
            raise SystemExit(_LATER) from None
    facts: dict[str, object] = {"kind": taken.kind.value, "new": taken.is_new, "effect": taken.effect}
    if as_json:
        print_json(facts)
    else:
        print_facts(facts)


@suppressed.command("list", epilog="Example: syndication suppressions list --json")
def list_all(
    *, most: Annotated[int, typer.Option("--most", help="How many, the newest first.")] = 100, as_json: Json = False
) -> None:
    """The latest suppressions. Addresses are not kept, only their marks; `suppressions show ADDRESS` finds one."""
    with errors_in_words(), open_app(load_settings()) as app, app.database.read() as session:
        rows = [
            {"mark": one.mark[:16], "cause": one.cause.value, "reason": one.reason, "since": one.since}
            for one in suppressions(session, most)
        ]
    report(rows, as_json=as_json, columns=("mark", "cause", "reason", "since"))


@suppressed.command("show", epilog="Example: syndication suppressions show anna@example.org")
def show(address: Address, *, as_json: Json = False) -> None:
    """Whether an address is suppressed, since when and why."""
    with errors_in_words(), open_app(load_settings()) as app:
        with app.database.read() as session:
            found = suppression(session, _mark(app, address))
        if found is None:
            message = "This address is not suppressed."
            raise StoreError(message)
    facts: dict[str, object] = {"mark": found.mark[:16], "reason": found.reason, "since": found.since}
    if as_json:
        print_json(facts)
    else:
        print_facts(facts)


@suppressed.command("count", epilog="Example: syndication suppressions count --json")
def count(*, as_json: Json = False) -> None:
    """How many addresses are suppressed, by cause."""
    with errors_in_words(), open_app(load_settings()) as app, app.database.read() as session:
        counted = suppression_counts(session)
    rows = [{"cause": cause.value, "addresses": number, "meaning": MEANING[cause]} for cause, number in counted.items()]
    report(rows, as_json=as_json, columns=("cause", "addresses", "meaning"))


@suppressed.command("add", epilog="Example: syndication suppressions add anna@example.org --why 'asked by letter'")
def add(address: Address, *, why: Why = "") -> None:
    """Never mail an address again, whether it is known here or not. Ends its subscriptions and what waits for it."""
    with errors_in_words(), open_app(load_settings()) as app:
        key = parse_address(address).key
        with app.database.write() as session:
            kept = never_mail(session, app.keys.suppression, key, ADDED, now())
            audit(session, "command", STOPPED, kept.mark[:16], now(), ({}, {"why": why}))
    out.print("It is never mailed again.")


@suppressed.command(
    "remove", epilog="Example: syndication suppressions remove anna@example.org --why 'has a new mailbox'"
)
def remove(
    address: Address,
    *,
    why: Why = "",
    even_complaint: Annotated[
        bool, typer.Option("--even-complaint", help="Also when its reader complained. You should have their word.")
    ] = False,
) -> None:
    """Let an address sign up again. Nobody is subscribed by it: its reader confirms by mail first."""
    with errors_in_words(), open_app(load_settings()) as app:
        mark = _mark(app, address)
        with app.database.write() as session:
            found = lift(session, mark, even_complaint=even_complaint)
            audit(session, "command", LIFTED, mark[:16], now(), ({"reason": found.reason}, {"why": why}))
    out.print("It can sign up again.")


def _mark(app: App, address: str) -> str:
    return suppression_mark(app.keys.suppression, parse_address(address).key)


def _read(file: str) -> bytes:
    if file == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        message = f"{file}: cannot be read: {error.strerror}."
        raise StoreError(message) from error
