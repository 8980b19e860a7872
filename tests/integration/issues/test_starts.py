"""Own starts after a delivery ended: rule 5 of the windows, and that a late truth rewinds nothing."""

from dataclasses import dataclass

import pytest

from syndication.domain.delivery import Fault
from syndication.domain.states import DeliveryState, IssueState
from syndication.domain.windows import Window, start_after
from syndication.store.database import Database
from syndication.store.starts import apply_own_starts, served_up_to, start_when_leaving
from syndication.store.tables import (
    DeliveryRow,
    DigestBodyRow,
    DigestRow,
    IssueRow,
    ScheduleRow,
)
from tests.support.rows import (
    NOW,
    add_counters,
    add_newsletter,
    add_reader,
    add_schedule,
    add_template,
    add_topic,
    subscription_of,
)

BLAMED = [
    (DeliveryState.FAILED, Fault.RECIPIENT),
    (DeliveryState.FAILED, Fault.MESSAGE),
    (DeliveryState.FAILED, Fault.SENDER),
]
PLAIN: list[tuple[DeliveryState, Fault | None]] = [
    (state, None) for state in DeliveryState if state is not DeliveryState.FAILED
]


@dataclass
class House:
    """One issue with the window (10, 20] and one reader with a delivery of it."""

    schedule_id: int
    issue_id: int
    reader: int


def house(database: Database, *, start: int = 10, own_start: int | None = None) -> House:
    with database.write() as session:
        add_counters(session)
        add_topic(session, "agents")
        newsletter_id = add_newsletter(session, "radar", ["agents"])
        schedule_id = add_schedule(session, newsletter_id, last_cut=20)
        template_id = add_template(session)
        issue = IssueRow(
            newsletter_id=newsletter_id,
            schedule_id=schedule_id,
            state=IssueState.SENDING,
            from_seq=10,
            cut_seq=20,
            planned_at=NOW,
            created_at=NOW,
        )
        session.add_all([issue, DigestBodyRow(hash="b", subject="", text="", html="")])
        session.flush()
        digest = DigestRow(
            issue_id=issue.id or 0,
            start=start,
            content_hash="c",
            body_hash="b",
            language="en",
            template_version_id=template_id,
        )
        session.add(digest)
        session.flush()
        reader = add_reader(session, schedule_id, ["agents"], from_seq=own_start)
        session.add(DeliveryRow(issue_id=issue.id or 0, subscriber_id=reader, digest_id=digest.id or 0))
    return House(schedule_id, issue.id or 0, reader)


def end(database: Database, built: House, state: DeliveryState, fault: Fault | None = None) -> None:
    with database.write() as session:
        row = session.get_one(DeliveryRow, (built.issue_id, built.reader))
        row.state, row.fault = state, fault
        session.flush()
        apply_own_starts(session, built.issue_id, [built.reader])


def own_start_of(database: Database, built: House) -> int | None:
    with database.read() as session:
        return subscription_of(session, built.reader).from_seq


@pytest.mark.parametrize(("state", "fault"), [*PLAIN, *BLAMED])
@pytest.mark.parametrize("own_start", [None, 4])
def test_every_end_leaves_the_own_start_that_the_law_says(
    database: Database, state: DeliveryState, fault: Fault | None, own_start: int | None
) -> None:
    start = 10 if own_start is None else own_start
    built = house(database, start=start, own_start=own_start)
    end(database, built, state, fault)
    blameless = fault in {Fault.MESSAGE, Fault.SENDER}
    law = start_after(state, blameless=blameless, digest=Window(start, 20), own_start=own_start)
    assert own_start_of(database, built) == law


def test_a_late_truth_does_not_rewind_what_a_later_issue_served(database: Database) -> None:
    built = house(database)
    end(database, built, DeliveryState.UNKNOWN)
    with database.write() as session:
        session.get_one(ScheduleRow, built.schedule_id).last_cut = 30
    end(database, built, DeliveryState.FAILED, Fault.SENDER)
    assert own_start_of(database, built) is None


def test_a_late_truth_before_the_next_freeze_rolls_over(database: Database) -> None:
    built = house(database, start=4, own_start=4)
    end(database, built, DeliveryState.UNKNOWN)
    assert own_start_of(database, built) == 20
    end(database, built, DeliveryState.FAILED, Fault.SENDER)
    assert own_start_of(database, built) == 4


def test_a_reader_who_moved_schedule_while_in_flight_still_gets_what_was_lost(database: Database) -> None:
    built = house(database)
    with database.write() as session:
        other = add_schedule(session, 1, cron="0 9 * * *", last_cut=25)
        row = subscription_of(session, built.reader)
        row.schedule_id, row.from_seq = other, 20
        session.add(row)
    end(database, built, DeliveryState.EXPIRED)
    assert own_start_of(database, built) == 10


def test_a_reader_welcomed_again_while_in_flight_keeps_the_new_start(database: Database) -> None:
    built = house(database, start=4, own_start=4)
    with database.write() as session:
        row = subscription_of(session, built.reader)
        row.from_seq = 27
        session.add(row)
    end(database, built, DeliveryState.ACCEPTED)
    assert own_start_of(database, built) == 27
    end(database, built, DeliveryState.BOUNCED)
    assert own_start_of(database, built) == 27


def test_only_the_deliveries_named_are_looked_at(database: Database) -> None:
    built = house(database)
    with database.write() as session:
        session.get_one(DeliveryRow, (built.issue_id, built.reader)).state = DeliveryState.EXPIRED
        session.flush()
        apply_own_starts(session, built.issue_id, [built.reader + 1])
    assert own_start_of(database, built) is None


def test_who_leaves_with_nothing_waiting_was_served_up_to_the_last_cut(database: Database) -> None:
    built = house(database)
    end(database, built, DeliveryState.ACCEPTED)
    with database.read() as session:
        assert start_when_leaving(session, subscription_of(session, built.reader).id or 0) == 20


def test_who_leaves_while_their_digest_waits_starts_where_it_starts(database: Database) -> None:
    built = house(database, start=4, own_start=None)
    with database.read() as session:
        assert start_when_leaving(session, subscription_of(session, built.reader).id or 0) == 4


def test_who_leaves_while_the_issue_is_planned_was_served_up_to_its_beginning(database: Database) -> None:
    built = house(database)
    with database.write() as session:
        issue = session.get_one(IssueRow, built.issue_id)
        issue.state, issue.planned_at = IssueState.COMPOSING, None
        newcomer = add_reader(session, built.schedule_id, ["agents"])
    with database.read() as session:
        assert served_up_to(session, built.schedule_id) == 10
        assert start_when_leaving(session, subscription_of(session, newcomer).id or 0) == 10
