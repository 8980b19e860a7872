"""A disk that fills while an issue is sent: sending waits, then stops and says so; with room again everybody gets it."""

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from syndication.domain.errors import StoreError
from syndication.domain.states import DeliveryState
from syndication.store.database import Database
from tests.support.full_disk import Disk
from tests.support.mailing import NOW, POST, add_mailing, run, states
from tests.support.smtp import Fault, SmtpServer, Stage

READERS = 60
CONNECTIONS = 4
MAILS = 20


def after_mails(act: Callable[[], None]) -> Fault:
    """A server that does something once, when it has taken so many mails."""
    taken = 0

    def fault(stage: Stage, _: str) -> None:
        nonlocal taken
        taken += stage == "stored"
        if taken == MAILS and stage == "stored":
            act()

    return fault


def test_a_disk_that_is_full_for_a_moment_costs_nobody_a_mail(database: Database) -> None:
    mailing = add_mailing(database, NOW, READERS)
    with Disk(database) as disk:
        clear = threading.Timer(0.2, disk.make_room)

        def fill() -> None:
            disk.fill()
            clear.start()

        with SmtpServer(fault=after_mails(fill)) as server:
            report = run(database, server.url)
        clear.join()
    assert report.accepted == READERS
    assert set(Counter(server.recipients).values()) == {1}
    assert states(database, mailing.issue_id) == {DeliveryState.ACCEPTED: READERS}


def test_a_disk_that_stays_full_ends_the_run_and_the_next_goes_on(database: Database) -> None:
    mailing = add_mailing(database, NOW, READERS)
    hasty = replace(POST, ledger_pauses_s=(0.01, 0.02))
    with Disk(database) as disk, SmtpServer(fault=after_mails(disk.fill)) as server:
        with pytest.raises(StoreError, match="The ledger cannot be written"):
            run(database, server.url, post=hasty)
        assert MAILS <= len(server.messages) <= MAILS + CONNECTIONS
        disk.make_room()
        run(database, server.url, NOW + timedelta(minutes=2))
    assert len(set(server.recipients)) == READERS
    assert len(server.recipients) - READERS <= CONNECTIONS
    assert len({message.message for message in server.messages}) == READERS
    assert set(states(database, mailing.issue_id)) <= {DeliveryState.ACCEPTED, DeliveryState.UNKNOWN}
