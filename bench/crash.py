"""An issue whose process is killed 60 times while it is sent: how many mails too many, against how many were in flight.

The receiver is slow, and sometimes stalls, answers 4yz or 5yz, or hangs up after the final dot. It fails unless everybody has a final
state, no take-off commits after an unsubscribe, copies are the same bytes, and, where the newsletter assumes what is unknown as
sent, nobody got two. BENCH_CRASH names the cases to run, BENCH_KILLS how often to kill instead of 60.
"""

import os
from collections.abc import Iterator
from typing import Final

from bench import Case
from bench._databases import fresh_database
from syndication.domain.states import UnknownPolicy
from tests.support.crashing import Crash

KILLS: Final = int(os.environ.get("BENCH_KILLS", "60"))
CASES: Final = "sqlite-resend sqlite-assume_sent sqlite-hold postgresql-resend"


def run() -> Iterator[Case]:
    """Mails too many, beside the most that the promise allows."""
    for name in os.environ.get("BENCH_CRASH", CASES).split():
        kind, _, policy = name.partition("-")
        with fresh_database(kind) as database:
            url = database.engine.url.render_as_string(hide_password=False)
            damage = Crash(database, url, KILLS, UnknownPolicy(policy)).run()
            yield Case(name, damage.doubled, "mails too many", damage.most_doubled)
