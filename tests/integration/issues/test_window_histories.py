"""Random histories on SQLite: every article in a reader's window comes once, and nothing comes twice."""

import itertools
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from syndication.store.database import Database, open_database
from syndication.store.tables import metadata
from tests.support.histories import Histories


@pytest.mark.no_cover
def test_whatever_happens_every_article_comes_once(tmp_path: Path) -> None:
    empty = tmp_path / "empty.db"
    database = open_database(f"sqlite:///{empty}")
    metadata.create_all(database.engine)
    database.close()
    numbers = itertools.count()

    def fresh() -> Database:
        path = tmp_path / f"{next(numbers)}.db"
        shutil.copy(empty, path)
        return open_database(f"sqlite:///{path}")

    class OnSqlite(Histories):
        open_database = staticmethod(fresh)

    run_state_machine_as_test(
        OnSqlite,
        settings=settings(
            max_examples=8,
            stateful_step_count=16,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.generate, Phase.shrink),
        ),
    )
