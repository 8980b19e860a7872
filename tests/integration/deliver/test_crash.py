"""SIGKILL in the middle of an issue, again and again: nobody lost, and no more doubled than was in flight."""

import pytest

from syndication.domain.states import UnknownPolicy
from syndication.store.database import Database
from tests.support.crashing import Crash

KILLS = 5


@pytest.mark.parametrize(
    ("policy", "kills"), [(UnknownPolicy.RESEND, KILLS), (UnknownPolicy.ASSUME_SENT, 2), (UnknownPolicy.HOLD, 2)]
)
def test_nobody_is_lost_or_doubled_beyond_what_was_in_flight(
    database: Database, database_url: str, policy: UnknownPolicy, kills: int
) -> None:
    Crash(database, database_url, kills, policy).run()
