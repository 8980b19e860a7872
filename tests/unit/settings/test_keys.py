"""The secrets in var/secrets: made once, kept private, never silently replaced."""

import stat
from pathlib import Path

import pytest

from syndication.domain.errors import ConfigError
from syndication.domain.tokens import Purpose
from syndication.keys import load_keys, make_keys


def test_keys_are_made_once_and_only_their_owner_can_read_them(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    assert make_keys(folder)
    first = load_keys(folder)
    assert not make_keys(folder)
    assert load_keys(folder).suppression == first.suppression
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_a_token_made_before_a_restart_opens_after_it(tmp_path: Path) -> None:
    make_keys(tmp_path)
    token = load_keys(tmp_path).tokens.sign(Purpose.CONFIRM, 5)
    assert load_keys(tmp_path).tokens.open(Purpose.CONFIRM, token) == 5


def test_missing_keys_name_the_command_that_makes_them(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="syndication init"):
        load_keys(tmp_path)


def test_damaged_keys_are_not_replaced_but_reported(tmp_path: Path) -> None:
    make_keys(tmp_path)
    (tmp_path / "tokens.json").write_text("{}", "ascii")
    with pytest.raises(ConfigError, match="backup"):
        load_keys(tmp_path)
    assert not make_keys(tmp_path)
