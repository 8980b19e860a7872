"""kill -9 of `serve` in the middle of an issue: everybody reached, duplicates at most the messages in flight."""

import signal
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from tests.acceptance.conftest import Service
from tests.acceptance.test_whole_way import AGENTS, arrive, fire
from tests.support.smtp import Stage

READERS = 200
CONNECTIONS = 4


def subscribe_readers(service: Service) -> None:
    """Confirmed readers of everything, as an import would leave them."""
    service.sign_up("first@example.org")
    service.wait_for_mails(1)
    service.execute("UPDATE subscription SET status = 'confirmed', confirmed_at = created_at")
    service.execute(
        "WITH RECURSIVE reader(number) AS (SELECT 2 UNION ALL SELECT number + 1 FROM reader WHERE number < :readers) "
        "INSERT INTO subscriber (address, address_key, name, created_at) SELECT 'reader' || number || '@example.org', "
        "'reader' || number || '@example.org', '', s.created_at FROM reader, subscriber s WHERE s.id = 1 ORDER BY number",
        readers=READERS,
    )
    service.execute(
        "INSERT INTO subscription (newsletter_id, subscriber_id, status, schedule_id, segment_id, language, created_at, "
        "confirmed_at) SELECT s.newsletter_id, r.id, s.status, s.schedule_id, s.segment_id, s.language, s.created_at, "
        "s.confirmed_at FROM subscription s, subscriber r WHERE s.subscriber_id = 1 AND r.id > 1"
    )


@contextmanager
def issue_under_way(service: Service) -> Iterator[None]:
    """An issue to all readers, a quarter of it sent; until the end of the block nobody takes more of it."""
    subscribe_readers(service)
    service.smtp.messages.clear()
    goes_on = threading.Event()

    def hold(stage: Stage, _: str) -> None:
        if stage == "dot" and len(service.smtp.messages) >= READERS // 4:
            goes_on.wait()

    service.smtp.fault = hold
    arrive(service, "agents.md", AGENTS, "Tool calling grows up")
    fire(service)
    try:
        service.wait_until(lambda: len(service.smtp.messages) >= READERS // 4)
        yield
    finally:
        goes_on.set()


def test_a_killed_service_reaches_everybody_after_its_restart_and_nobody_who_left(service: Service) -> None:
    service.start()
    with issue_under_way(service):
        service.stop(signal.SIGKILL)
    sent = {message.recipient for message in service.smtp.messages}
    waiting = service.ask(
        "SELECT r.id, r.address FROM delivery d JOIN subscriber r ON r.id = d.subscriber_id WHERE d.state = 'ready' "
        "ORDER BY r.id DESC"
    )
    left_id, left = waiting[0]
    service.execute("UPDATE subscription SET status = 'unsubscribed' WHERE subscriber_id = :id", id=left_id)
    service.execute("UPDATE delivery SET state = 'cancelled' WHERE subscriber_id = :id", id=left_id)
    if service.database_url:  # on PostgreSQL others may deliver too: a dead process is believed dead after its lease
        service.execute("UPDATE delivery_batch SET lease_until = lease_until - INTERVAL '60 seconds'")
    service.start()
    service.wait_until(lambda: service.ask("SELECT state FROM issue") == [("sent",)])
    assert service.stop() == 0

    copies = Counter(message.recipient for message in service.smtp.messages)
    everybody = {str(address) for (address,) in service.ask("SELECT address FROM subscriber")}
    assert sent < everybody
    assert set(copies) == everybody - {left}
    doubled = {address for address, number in copies.items() if number > 1}
    assert len(doubled) <= CONNECTIONS
    for address in doubled:
        assert len({message.message for message in service.smtp.messages if message.recipient == address}) == 1
    states = service.ask("SELECT state, COUNT(*) FROM delivery GROUP BY state ORDER BY state")
    assert states == [("accepted", READERS - 1), ("cancelled", 1)]
