"""One runner at a time."""

import os
from pathlib import Path

import pytest

from syndication.domain.errors import StoreError
from syndication.engine.role import RunnerRole


def test_a_second_runner_is_refused_and_told_who_has_the_role(tmp_path: Path) -> None:
    role = RunnerRole(tmp_path)
    with pytest.raises(StoreError, match=f"process {os.getpid()}"):
        RunnerRole(tmp_path)
    role.release()
    RunnerRole(tmp_path).release()
