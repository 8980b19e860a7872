"""Web and jobs in processes of their own: `serve --no-jobs` beside `worker`, and workers that are killed."""

import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from tests.acceptance.conftest import PATIENCE_S, Service
from tests.acceptance.test_kill import CONNECTIONS, READERS, issue_under_way
from tests.acceptance.test_whole_way import AGENTS, arrive
from tests.support.forking import Forked


@contextmanager
def worker(service: Service) -> Iterator["Forked | subprocess.Popen[str]"]:
    process = service.launch("worker")
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(PATIENCE_S)


def test_a_web_without_jobs_leaves_them_to_a_worker(service: Service) -> None:
    service.start("--no-jobs")
    service.sign_up("reader@example.org")
    with worker(service) as process:
        service.wait_for_mails(1)
        arrive(service, "agents.md", AGENTS, "Tool calling grows up")
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0, service.log()
    assert service.stop() == 0


def test_of_many_workers_one_may_be_killed_and_everybody_gets_the_issue_once(service: Service) -> None:
    if not service.database_url:  # SQLite has one runner: the second says who has the role
        with worker(service):
            service.wait_until(lambda: "clock and jobs run" in service.log())
            assert "runs on this installation" in service.command("worker", status=1)
        return
    service.start("--no-jobs")
    with worker(service) as first, worker(service):
        with issue_under_way(service):
            first.kill()
            first.wait(PATIENCE_S)
        # A dead process is believed dead after its lease of a minute.
        service.execute("UPDATE delivery_batch SET lease_until = lease_until - INTERVAL '60 seconds'")
        service.wait_until(lambda: service.ask("SELECT state FROM issue") == [("sent",)])
    copies = Counter(message.recipient for message in service.smtp.messages)
    assert len(copies) == READERS
    assert sum(copies.values()) - READERS <= CONNECTIONS
    assert service.ask("SELECT state, COUNT(*) FROM delivery GROUP BY state") == [("accepted", READERS)]
