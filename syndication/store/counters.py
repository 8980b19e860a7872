"""Counters: numbers that only grow, in the order of commits."""

from typing import Literal

from sqlmodel import Session, col, select, update

from syndication.store.tables import CounterRow

Counter = Literal["seq", "rules", "feed"]


def counter(session: Session, name: Counter) -> int:
    """Where a counter stands; everything numbered up to there is committed."""
    return session.exec(select(CounterRow.n).where(CounterRow.name == name)).one()


def raise_counter(session: Session, name: Counter, by: int = 1) -> int:
    """Raise a counter and answer where it stands now. Nobody else can raise it before this transaction ends.

    Call it last: what waits behind it waits for the commit. Numbers of a transaction that fails are given again.
    """
    statement = update(CounterRow).where(col(CounterRow.name) == name).values(n=col(CounterRow.n) + by)
    raised = session.execute(statement.returning(col(CounterRow.n)), execution_options={"synchronize_session": False})
    return int(raised.scalar_one())
