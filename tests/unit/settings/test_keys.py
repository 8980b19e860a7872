"""The secrets in var/secrets: made once, kept private, never silently replaced."""

import stat
from pathlib import Path

import pytest

from syndication.domain.errors import ConfigError
from syndication.domain.tokens import Purpose
from syndication.keys import SecretBox, load_keys, make_keys, rotate_encryption


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


def test_a_sealed_secret_opens_again_and_does_not_show(tmp_path: Path) -> None:
    make_keys(tmp_path)
    sealed = load_keys(tmp_path).box.seal("pässword", "source 1 password")
    assert "pässword" not in sealed
    assert sealed != load_keys(tmp_path).box.seal("pässword", "source 1 password")
    assert load_keys(tmp_path).box.open(sealed, "source 1 password") == "pässword"


def test_no_secret_is_sealed_as_nothing(tmp_path: Path) -> None:
    make_keys(tmp_path)
    box = load_keys(tmp_path).box
    assert box.seal("", "x") == ""
    assert box.open("", "x") == ""


@pytest.mark.parametrize("sealed", ["a.AAAA", "z.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "plain", "a.é", "a.x"])
def test_what_this_installation_did_not_seal_is_told(tmp_path: Path, sealed: str) -> None:
    make_keys(tmp_path)
    with pytest.raises(ConfigError, match=r"secret of source 1 password.*encryption\.json"):
        load_keys(tmp_path).box.open(sealed, "source 1 password")


def test_a_secret_copied_to_another_place_does_not_open_there(tmp_path: Path) -> None:
    make_keys(tmp_path)
    box = load_keys(tmp_path).box
    with pytest.raises(ConfigError):
        box.open(box.seal("p", "source 1 password"), "source 2 password")


def test_a_new_encryption_key_seals_and_the_old_one_still_opens(tmp_path: Path) -> None:
    make_keys(tmp_path)
    old = load_keys(tmp_path).box.seal("p", "x")
    assert rotate_encryption(tmp_path) == "b"
    box = load_keys(tmp_path).box
    assert box.seal("q", "x").startswith("b.")
    assert box.open(old, "x") == "p"
    assert stat.S_IMODE((tmp_path / "encryption.json").stat().st_mode) == 0o600


def test_a_full_ring_is_told(tmp_path: Path) -> None:
    make_keys(tmp_path)
    for _ in range(31):
        rotate_encryption(tmp_path)
    with pytest.raises(ConfigError, match="32 keys"):
        rotate_encryption(tmp_path)


def test_a_ring_without_its_current_key_is_damaged(tmp_path: Path) -> None:
    make_keys(tmp_path)
    (tmp_path / "encryption.json").write_text('{"current": "b", "keys": {"a": "00"}}', "ascii")
    with pytest.raises(ConfigError, match="backup"):
        load_keys(tmp_path)


def test_boxes_of_two_installations_do_not_open_each_other() -> None:
    box = SecretBox({"a": b"1" * 32}, "a")
    with pytest.raises(ConfigError):
        SecretBox({"a": b"2" * 32}, "a").open(box.seal("p", "x"), "x")
