"""Pings that hubs are still to get: kept with the change itself, so that none is lost. Source: WebSub, section 6."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, delete, select, update
from sqlmodel import Session, col

from syndication.store.counters import counter
from syndication.store.tables import HubPingRow

_PAUSES: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 480, 720))
"""Before each further try; after the last the hub hears of the document at its next change."""


class Ping(NamedTuple):
    """A hub, the address of a document that changed, and the version that the hub is to be told of."""

    hub: str
    topic: str
    version: int
    tries: int


def queue_pings(session: Session, hubs: Sequence[str], topics: Sequence[str], now: datetime) -> None:
    """Note that documents (addresses) changed, in the transaction that saves them. now: aware UTC."""
    if hubs:
        version = counter(session, "feed")
        for hub in hubs:
            for topic in topics:
                session.merge(HubPingRow(hub=hub, topic=topic, version=version, due_at=now, tries=0))


def due_pings(session: Session, now: datetime, limit: int) -> list[Ping]:
    """The pings that are due, oldest first."""
    columns = (HubPingRow.hub, HubPingRow.topic, HubPingRow.version, HubPingRow.tries)
    wanted = select(*(col(column) for column in columns)).where(col(HubPingRow.due_at) <= now)
    rows = session.execute(wanted.order_by(col(HubPingRow.due_at), col(HubPingRow.topic)).limit(limit))
    return [Ping(*row) for row in rows]


def settle_ping(session: Session, ping: Ping) -> None:
    """Forget a ping that arrived; one for a change since then stays."""
    session.execute(delete(HubPingRow).where(*_same(ping)))


def postpone_ping(session: Session, ping: Ping, now: datetime) -> bool:
    """Try a ping again later; False, and the ping is forgotten, when it was tried often enough."""
    if ping.tries >= len(_PAUSES):
        settle_ping(session, ping)
        return False
    later = {"due_at": now + _PAUSES[ping.tries], "tries": ping.tries + 1}
    session.execute(update(HubPingRow).where(*_same(ping)).values(later))
    return True


def drop_pings(session: Session, hubs: Sequence[str]) -> None:
    """Forget the pings for hubs that are not configured any more."""
    session.execute(delete(HubPingRow).where(col(HubPingRow.hub).not_in(hubs)))


def _same(ping: Ping) -> tuple[ColumnElement[bool], ...]:
    return (
        col(HubPingRow.hub) == ping.hub,
        col(HubPingRow.topic) == ping.topic,
        col(HubPingRow.version) == ping.version,
    )
