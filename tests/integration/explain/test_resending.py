"""Send to the rest: who did not get an issue gets the same mail, nobody gets it twice, and only until the next issue."""

from datetime import timedelta

import pytest
from sqlmodel import select

from syndication.deliver.retry import LIFETIME
from syndication.domain.delivery import Fault
from syndication.domain.errors import IssueError
from syndication.domain.states import DeliveryState, IssueState
from syndication.store.consent import Visit
from syndication.store.counting import recount, tallies
from syndication.store.database import Database
from syndication.store.issues import cancel_issue, close_finished_issues
from syndication.store.leaving import unsubscribe
from syndication.store.resending import send_to_rest
from syndication.store.starts import apply_own_starts
from syndication.store.tables import DeliveryBatchRow, DeliveryRow, IssueRow, ScheduleRow, SubscriptionRow
from tests.support.mailing import NOW, Mailing, add_mailing, run, states
from tests.support.smtp import SmtpServer

LATER = NOW + timedelta(hours=1)
ENDS = (
    (DeliveryState.ACCEPTED, None),
    (DeliveryState.FAILED, Fault.SENDER),
    (DeliveryState.FAILED, Fault.RECIPIENT),
    (DeliveryState.EXPIRED, None),
    (DeliveryState.UNKNOWN, None),
)


@pytest.fixture
def over(database: Database) -> Mailing:
    """An issue that is over, each of its five readers in another way."""
    mailing = add_mailing(database, NOW, len(ENDS), batch=2)
    with database.write() as session:
        session.get_one(IssueRow, mailing.issue_id).planned = len(ENDS)
        recount(session, mailing.issue_id)
        for subscriber, (state, fault) in zip(mailing.subscribers, ENDS, strict=True):
            row = session.get_one(DeliveryRow, (mailing.issue_id, subscriber))
            row.state, row.fault, row.attempt = state, fault, 1
        session.flush()
        apply_own_starts(session, mailing.issue_id, mailing.subscribers)
        for batch in session.exec(select(DeliveryBatchRow)):
            batch.attempt = 1
    with database.write() as session:
        session.get_one(IssueRow, mailing.issue_id).state = IssueState.SENT
    close_finished_issues(database, NOW)
    return mailing


def sent(database: Database) -> list[str]:
    with SmtpServer() as server:
        run(database, server.url, LATER)
        return sorted(one.recipient for one in server.messages)


def test_only_those_go_who_missed_it_for_no_fault_of_theirs(database: Database, over: Mailing) -> None:
    assert send_to_rest(database, over.issue_id, LATER, LIFETIME) == 2
    assert sent(database) == ["reader1@example.com", "reader3@example.com"]
    assert states(database, over.issue_id)[DeliveryState.ACCEPTED] == 3
    with database.read() as session:
        row = session.get_one(IssueRow, over.issue_id)
        assert (row.state, row.closed_at) == (IssueState.SENT, LATER)
        assert sum(tally.deliveries for tally in tallies(session, over.issue_id)) == len(ENDS)
        starts = session.exec(select(SubscriptionRow.from_seq)).all()
    assert set(starts) <= {None, 10}
    with pytest.raises(IssueError):
        send_to_rest(database, 99, LATER, LIFETIME)


def test_a_second_time_there_is_nobody_left(database: Database, over: Mailing) -> None:
    send_to_rest(database, over.issue_id, LATER, LIFETIME)
    sent(database)
    assert send_to_rest(database, over.issue_id, LATER, LIFETIME) == 0
    assert sent(database) == []


def test_those_of_unknown_fate_only_when_an_admin_says_so(database: Database, over: Mailing) -> None:
    assert send_to_rest(database, over.issue_id, LATER, LIFETIME, unknown=True) == 3
    assert sent(database) == ["reader1@example.com", "reader3@example.com", "reader4@example.com"]


def test_who_left_meanwhile_gets_nothing(database: Database, over: Mailing) -> None:
    with database.write() as session:
        own = select(SubscriptionRow.id).where(SubscriptionRow.subscriber_id == over.subscribers[1])
        unsubscribe(session, session.exec(own).one() or 0, Visit(), LATER)
    assert send_to_rest(database, over.issue_id, LATER, LIFETIME) == 1
    assert sent(database) == ["reader3@example.com"]


def test_once_the_next_issue_took_over_it_is_too_late(database: Database, over: Mailing) -> None:
    with database.write() as session:
        session.exec(select(ScheduleRow)).one().last_cut = 20
    with pytest.raises(IssueError, match="too old"):
        send_to_rest(database, over.issue_id, LATER, LIFETIME)


def test_after_its_lifetime_it_is_too_late(database: Database, over: Mailing) -> None:
    with pytest.raises(IssueError, match="48 hours"):
        send_to_rest(database, over.issue_id, NOW + LIFETIME, LIFETIME)


def test_an_issue_that_is_not_over_is_refused(database: Database) -> None:
    mailing = add_mailing(database, NOW)
    with pytest.raises(IssueError, match="only an issue that is over"):
        send_to_rest(database, mailing.issue_id, LATER, LIFETIME)


def test_a_cancelled_issue_can_still_go(database: Database) -> None:
    mailing = add_mailing(database, NOW, 2)
    cancel_issue(database, mailing.issue_id, NOW)
    assert send_to_rest(database, mailing.issue_id, LATER, LIFETIME) == 2
    assert sent(database) == ["reader0@example.com", "reader1@example.com"]
