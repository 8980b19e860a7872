"""`syndication subscribers …`: one reader's history, and all of them as CSV."""

import csv
import sys
from typing import Annotated, Final

import typer

from syndication.app import now, open_app
from syndication.cli.output import Json, errors_in_words, out, print_facts, print_json, report
from syndication.deliver.addresses import parse_address
from syndication.domain.errors import StoreError
from syndication.jobs.erase import erase_reader
from syndication.settings import load_settings
from syndication.store.dossiers import Dossier, Membership, all_memberships, dossier
from syndication.store.erasing import find_reader

subscribers = typer.Typer(help="People who read.", no_args_is_help=True)

_COLUMNS: Final = ("email", "newsletter", "status", "topics", "language", "confirmed_at", "unsubscribed_at")
# What a spreadsheet would run as a formula is written as text.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


@subscribers.command("show", epilog="Example: syndication subscribers show anna@example.org")
def show(
    address: Annotated[str, typer.Argument(help="The reader's e-mail address.")], *, as_json: Json = False
) -> None:
    """One reader: what they chose, every mail with what became of it, every consent."""
    with errors_in_words(), open_app(load_settings()) as app:
        key = parse_address(address).key
        with app.database.read() as session:
            found = dossier(session, key)
        if found is None:
            message = "Nobody with this address is known here."
            raise StoreError(message)
    facts = _facts(found)
    if as_json:
        print_json(facts)
        return
    print_facts({"address": found.address, "since": found.since})
    for name in ("subscriptions", "mails", "consent"):
        rows = facts[name]
        if isinstance(rows, list) and rows:
            out.print()
            report(rows, as_json=False, columns=tuple(rows[0]), title=name)


@subscribers.command("export", epilog="Example: syndication subscribers export > readers.csv")
def export(*, as_json: Json = False) -> None:
    """All subscriptions as CSV, or JSON, on standard output."""
    with errors_in_words(), open_app(load_settings()) as app, app.database.read() as session:
        rows = ({"email": address, **_membership(one)} for address, one in all_memberships(session))
        if as_json:
            print_json(list(rows))
            return
        writer = csv.DictWriter(sys.stdout, _COLUMNS, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow({name: _guarded(str(row[name] or "")) for name in _COLUMNS})


@subscribers.command("erase", epilog="Example: syndication subscribers erase anna@example.org")
def erase(
    address: Annotated[str, typer.Argument(help="The reader's e-mail address.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask back.")] = False,
) -> None:
    """Forget a reader for good: a keyed hash stays, so that nothing mails them again. It cannot be undone."""
    with errors_in_words(), open_app(load_settings()) as app:
        key = parse_address(address).key
        with app.database.read() as session:
            subscriber_id = find_reader(session, key)
        if subscriber_id is None:
            message = "Nobody with this address is known here; perhaps they were erased before."
            raise StoreError(message)
        if not yes:
            typer.confirm("Erase this reader for good? It cannot be undone.", abort=True)
        erase_reader(app.database, app.keys.suppression, app.settings.var_folder, subscriber_id, now())
        out.print(
            f"Erased. Subscriber {subscriber_id} is a number in the ledger now; older backups are cleaned when restored."
        )


def _facts(found: Dossier) -> dict[str, object]:
    return {
        "subscriber": found.subscriber_id,
        "address": found.address,
        "since": found.since,
        "subscriptions": [_membership(one) for one in found.memberships],
        "mails": [
            {"mail": one.what, "state": one.state.value, "at": one.at, "attempts": one.attempts, "reply": one.reply}
            for one in found.receipts
        ],
        "consent": [{"event": one.event, "at": one.at, "from": one.ip, "page": one.page} for one in found.proofs],
    }


def _membership(one: Membership) -> dict[str, object]:
    return {
        "newsletter": one.newsletter,
        "status": one.status.value,
        "topics": " ".join(one.topics),
        "language": one.language,
        "paused_until": one.paused_until,
        "confirmed_at": one.confirmed_at,
        "unsubscribed_at": one.unsubscribed_at,
    }


def _guarded(value: str) -> str:
    return f"'{value}" if value.startswith(_FORMULA) else value
