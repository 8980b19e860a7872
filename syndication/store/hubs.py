"""Subscriptions at hubs (WebSub): which there are to be, how each stands, who is told of a push."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, delete, update
from sqlmodel import Session, col, select

from syndication.domain.states import HubState
from syndication.store.database import changed
from syndication.store.tables import SourceRow, WebSubRow

_ANSWERING: Final = (HubState.ASKED, HubState.ACTIVE)
_LONGEST_WORDS: Final = 300


class NamedHub(NamedTuple):
    """What a source's document says: who tells of news, and under which address. callback: ours, when it is new."""

    hub: str
    topic: str
    callback: str


class HubTurn(NamedTuple):
    """A subscription that is due to be asked for. secret: sealed, "" when it has none yet. is_internal: as its source."""

    source_id: int
    hub: str
    topic: str
    callback: str
    secret: str
    failures: int
    is_internal: bool


class HubPush(NamedTuple):
    """Whose callback it is. secret: sealed."""

    source_id: int
    secret: str


def hubs_in_use(session: Session) -> dict[str, str]:
    """The hub that each visited source names, by the source's slug."""
    statement = select(SourceRow.slug, WebSubRow.hub).join(SourceRow, col(SourceRow.id) == col(WebSubRow.source_id))
    return dict(session.exec(statement.where(col(SourceRow.enabled)).order_by(SourceRow.slug)).all())


def note_hubs(session: Session, named: Mapping[int, NamedHub | None], now: datetime) -> None:
    """Keep what documents say of their hubs: a new one is to be asked, one that is not named any more is forgotten.

    now: aware UTC. A hub that still pushes for a forgotten one hears that nobody is there.
    """
    rows = session.exec(select(WebSubRow).where(col(WebSubRow.source_id).in_(named))) if named else ()
    known = {row.source_id: row for row in rows}
    for source_id, one in named.items():
        row = known.get(source_id)
        if row is not None and one is not None and (row.hub, row.topic) == one[:2]:
            continue
        if row is not None:
            session.delete(row)
            session.flush()
        if one is not None:
            session.add(WebSubRow(source_id=source_id, secret="", state=HubState.WANTED, next_at=now, **one._asdict()))
    session.flush()


def is_hub_due(session: Session, now: datetime) -> bool:
    """Whether any subscription is to be asked for or renewed."""
    return session.exec(select(WebSubRow.source_id).where(col(WebSubRow.next_at) <= now).limit(1)).first() is not None


def take_hub(session: Session, now: datetime, again_at: Callable[[int], datetime]) -> HubTurn | None:
    """The subscription that waits longest, None when none is due.

    again_at: when it is due again if nothing comes of it, by how often in a row nothing has. Instants are aware UTC. One
    whose lease ran out is none any more, so its source is read at its own pace again.
    """
    row = session.exec(
        select(WebSubRow)
        .where(col(WebSubRow.next_at) <= now)
        .order_by(col(WebSubRow.next_at))
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()
    if row is None:
        return None
    source = session.get_one(SourceRow, row.source_id)
    if row.state is HubState.ASKED:
        row.failures += 1
        row.words = "the hub never asked back; can it reach this service's public address?"
    if row.state is not HubState.ACTIVE or row.lease_until is None or row.lease_until <= now:
        row.state = HubState.ASKED
    row.asked_at, row.next_at = now, again_at(row.failures)
    session.add(row)
    session.flush()
    return HubTurn(row.source_id, row.hub, row.topic, row.callback, row.secret, row.failures, source.internal)


def keep_secret(session: Session, turn: HubTurn, sealed: str) -> None:
    """Keep the secret that a hub is told next."""
    session.execute(update(WebSubRow).where(*_same(turn)).values(secret=sealed))


def postpone_hub(session: Session, turn: HubTurn, again_at: datetime, words: str) -> None:
    """Note that a hub could not be asked. again_at: aware UTC. words: why."""
    later = {"failures": turn.failures + 1, "next_at": again_at, "words": words[:_LONGEST_WORDS]}
    session.execute(update(WebSubRow).where(*_same(turn)).values(later))
    lost = update(WebSubRow).where(*_same(turn), col(WebSubRow.state) == HubState.ASKED)
    session.execute(lost.values(state=HubState.WANTED))


def confirm_hub(session: Session, callback: str, topic: str, lease_until: datetime, renew_at: datetime) -> bool:
    """The hub asked back for a subscription that we asked for; False when we did not. Both aware UTC."""
    fresh = {"state": HubState.ACTIVE, "lease_until": lease_until, "next_at": renew_at, "failures": 0, "words": ""}
    return _changed(session, callback, topic, fresh)


def refuse_hub(session: Session, callback: str, topic: str, again_at: datetime, words: str) -> bool:
    """The hub will not, or not any more; False when we never asked. again_at: aware UTC."""
    fresh = {"state": HubState.REFUSED, "lease_until": None, "next_at": again_at, "words": words[:_LONGEST_WORDS]}
    return _changed(session, callback, topic, fresh)


def push_at(session: Session, callback: str) -> HubPush | None:
    """Whose push comes to a callback; None when nobody's does."""
    wanted = select(WebSubRow).where(col(WebSubRow.callback) == callback, col(WebSubRow.state).in_(_ANSWERING))
    row = session.exec(wanted).first()
    return HubPush(row.source_id, row.secret) if row is not None else None


def visit_after_push(session: Session, source_id: int, now: datetime, gap: timedelta) -> None:
    """Read a source soon, but not within `gap` of its last visit, however often its hub pushes. now: aware UTC."""
    session.execute(update(WebSubRow).where(col(WebSubRow.source_id) == source_id).values(pushed_at=now))
    row = session.get_one(SourceRow, source_id)
    soon = now if row.last_attempt_at is None else max(now, row.last_attempt_at + gap)
    if row.next_poll_at > soon:
        row.next_poll_at = soon
        session.add(row)


def forget_hub(session: Session, source_id: int) -> None:
    """Forget a source's subscription; its callback is nobody's from now on."""
    session.execute(delete(WebSubRow).where(col(WebSubRow.source_id) == source_id))


def _same(turn: HubTurn) -> tuple[ColumnElement[bool], ...]:
    return col(WebSubRow.source_id) == turn.source_id, col(WebSubRow.callback) == turn.callback


def _changed(session: Session, callback: str, topic: str, values: Mapping[str, object]) -> bool:
    mine = (col(WebSubRow.callback) == callback, col(WebSubRow.topic) == topic, col(WebSubRow.state).in_(_ANSWERING))
    return bool(changed(session, update(WebSubRow).where(*mine).values(values)))
