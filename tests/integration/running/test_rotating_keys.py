"""The command that makes a new key for what is sealed."""

from pathlib import Path

from typer.testing import CliRunner

from syndication.cli import app
from syndication.keys import load_keys, make_keys


def test_a_new_key_seals_and_the_old_one_still_opens(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    make_keys(folder)
    sealed = load_keys(folder).box.seal("secret", "desk")
    done = CliRunner().invoke(app, ["rotate-encryption"], env={"SYNDICATION_VAR": str(tmp_path)})
    assert done.exit_code == 0, done.output
    assert "Key b is in" in done.output
    box = load_keys(folder).box
    assert box.open(sealed, "desk") == "secret"
    assert box.seal("secret", "desk").startswith("b.")


def test_without_keys_it_says_what_is_missing(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["rotate-encryption"], env={"SYNDICATION_VAR": str(tmp_path)})
    assert done.exit_code == 1
    assert "syndication init" in done.output + done.stderr
