"""Subscriptions → CSV, part by part: no reader of the database keeps the others waiting, however many there are."""

import csv
import io
from collections.abc import Iterator
from typing import Final

from syndication.domain.spreadsheet import guarded
from syndication.domain.states import SubscriptionStatus
from syndication.store.database import Database
from syndication.store.dossiers import membership_facts, memberships_after

COLUMNS: Final = ("email", "newsletter", "status", "topics", "language", "confirmed_at", "unsubscribed_at")


def readers_csv(database: Database, newsletter: str = "", status: SubscriptionStatus | None = None) -> Iterator[str]:
    """Lines of a CSV file with its header first, in parts; erased readers are not in it. newsletter: a slug, "" for all."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    last: int | None = 0
    while last is not None:
        with database.read() as session:
            part, last = memberships_after(session, last)
        for address, one in part:
            if address and newsletter in {"", one.newsletter} and status in {None, one.status}:
                facts = {"email": address, **membership_facts(one)}
                writer.writerow({name: guarded(facts[name]) for name in COLUMNS})
        yield out.getvalue()
        out.seek(0)
        out.truncate()
