"""Unconfirmed requests go after a week, deliveries after thirteen months; nothing else goes."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlmodel import select

from syndication.domain.states import DeliveryState, IssueState, NoticeKind, SubscriptionStatus
from syndication.jobs.tidy import tidy
from syndication.store.database import Database
from syndication.store.subscribing import confirm
from syndication.store.tables import ConsentEventRow, DeliveryRow, IssueRow, NoticeRow, SubscriberRow, SubscriptionRow
from tests.support.rows import NOW
from tests.support.subscribing import DAY, VISIT, ask, mailed, only, reader, waiting_issue

WEEK = timedelta(days=7)


def left(database: Database) -> tuple[int, ...]:
    tables = (SubscriptionRow, SubscriberRow, ConsentEventRow, NoticeRow)
    with database.read() as session:
        return tuple(len(session.exec(select(table)).all()) for table in tables)


def test_a_request_nobody_confirmed_is_gone_after_a_week(database: Database, newsletter: int) -> None:
    ask(database, newsletter, "agents")
    with database.write() as session:
        mailed(session, only(session).subscriber_id, newsletter, NoticeKind.CONFIRM, NOW)
    tidy(database, NOW + WEEK - DAY)
    assert left(database) == (1, 1, 1, 1)
    assert tidy(database, NOW + WEEK)["unconfirmed"] == 1
    assert left(database) == (0, 0, 0, 0)


def test_who_asked_again_lately_is_waited_for(database: Database, newsletter: int) -> None:
    ask(database, newsletter, "agents")
    ask(database, newsletter, "agents", now=NOW + 5 * DAY)
    assert tidy(database, NOW + WEEK)["unconfirmed"] == 0


def test_who_confirms_while_requests_are_removed_stays(database: Database, newsletter: int) -> None:
    ask(database, newsletter, "agents")
    with ThreadPoolExecutor(1) as pool:
        with database.write() as session:
            assert confirm(session, only(session).id or 0, VISIT, NOW + WEEK)
            session.flush()
            removing = pool.submit(tidy, database, NOW + WEEK)
            with pytest.raises(TimeoutError):
                removing.result(timeout=0.5)  # it waits for this transaction
        assert removing.result()["unconfirmed"] == 0
    with database.read() as session:
        assert only(session).status is SubscriptionStatus.CONFIRMED


def test_a_confirmed_reader_stays(database: Database, newsletter: int) -> None:
    reader(database, newsletter, "agents")
    assert tidy(database, NOW + 500 * DAY)["unconfirmed"] == 0


@pytest.mark.parametrize(("closed_at", "removed"), [(NOW, 1), (NOW + 30 * DAY, 0), (None, 0)])
def test_deliveries_of_long_ago_go(
    database: Database, newsletter: int, closed_at: datetime | None, removed: int
) -> None:
    subscription_id = reader(database, newsletter, "agents")
    with database.write() as session:
        waiting_issue(session, newsletter, subscription_id, DeliveryState.ACCEPTED)
        issue = session.exec(select(IssueRow)).one()
        issue.closed_at, issue.state = closed_at, IssueState.SENT
    assert tidy(database, NOW + 400 * DAY)["deliveries"] == removed
    with database.read() as session:
        assert len(session.exec(select(DeliveryRow)).all()) == 1 - removed
