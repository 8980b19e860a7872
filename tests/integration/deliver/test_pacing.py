"""Limits of the relay: mails over them wait, over processes and restarts, and none is dropped."""

from datetime import timedelta

import pytest

from syndication.deliver.smtp import smtp_transport_from_url
from syndication.domain.states import DeliveryState
from syndication.jobs.deliver import deliver_ready
from syndication.jobs.post import PostOffice
from syndication.store.database import Database
from syndication.store.lanes import Caps, give_back, reserve
from syndication.store.tables import IssueRow
from tests.support.mailing import KEYS, NOW, SITE, add_mailing, states
from tests.support.smtp import SmtpServer

MINUTE = timedelta(minutes=1)


def post(caps: Caps) -> PostOffice:
    return PostOffice(KEYS, SITE, b"s" * 32, caps=caps)


def run_at(database: Database, server: SmtpServer, caps: Caps, minutes: int) -> int:
    at = NOW + minutes * MINUTE
    return deliver_ready(database, smtp_transport_from_url(server.url), post(caps), lambda: at, lambda: False).accepted


@pytest.mark.parametrize(("caps", "minutes"), [(Caps(per_hour=10), 65), (Caps(per_day=10), 24 * 60 + 5)])
def test_what_is_over_the_limit_waits_for_its_turn(database: Database, caps: Caps, minutes: int) -> None:
    mailing = add_mailing(database, NOW, 25, batch=10)
    with SmtpServer() as server:
        assert run_at(database, server, caps, 0) == 10
        with database.read() as session:
            note = session.get_one(IssueRow, mailing.issue_id).note
        assert "limit of 10 mails" in note
        assert run_at(database, server, caps, 1) == 0
        assert run_at(database, server, caps, minutes - 6) == 0
        assert states(database, mailing.issue_id) == {DeliveryState.ACCEPTED: 10, DeliveryState.READY: 15}
        assert run_at(database, server, caps, minutes) == 10
    assert len(set(server.recipients)) == 20


def test_never_more_than_the_limit_leaves_in_any_hour(database: Database) -> None:
    caps = Caps(per_hour=100)
    sent = []
    for minute in range(0, 240, 3):
        at = NOW + minute * MINUTE
        permit = reserve(database, "relay", caps, 7, at)
        sent.append((at, permit.mails))
        if not permit.mails:
            assert permit.begin > at
    for begin, _ in sent:
        assert sum(mails for at, mails in sent if begin <= at < begin + timedelta(hours=1)) <= 100
    assert sum(mails for _, mails in sent) > 300


def test_what_was_reserved_and_not_used_is_free_again(database: Database) -> None:
    caps = Caps(per_hour=10)
    first = reserve(database, "relay", caps, 8, NOW)
    give_back(database, "relay", first, 5)
    assert reserve(database, "relay", caps, 100, NOW).mails == 7


def test_a_rate_is_shared_by_all_who_send(database: Database) -> None:
    caps = Caps(per_second=2)
    begins = [reserve(database, "relay", caps, 2, NOW).begin for _ in range(3)]
    assert begins == [NOW, NOW + timedelta(seconds=1), NOW + timedelta(seconds=2)]
    later = NOW + timedelta(minutes=1)
    assert reserve(database, "relay", caps, 2, later).begin == later


def test_a_rate_spreads_the_mails_of_a_run(database: Database) -> None:
    from tests.support.delivering import now  # noqa: PLC0415 - this one needs the real clock

    begun = now()
    mailing = add_mailing(database, begun, 6)
    with SmtpServer() as server:
        deliver_ready(database, smtp_transport_from_url(server.url), post(Caps(per_second=10)), now, lambda: False)
    assert states(database, mailing.issue_id) == {DeliveryState.ACCEPTED: 6}
    assert (now() - begun).total_seconds() >= 0.5
