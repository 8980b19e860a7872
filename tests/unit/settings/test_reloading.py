"""Settings that follow their files."""

import os
from pathlib import Path

from syndication.settings import Reloading, load_settings


def write(path: Path, text: str, second: int) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, "utf-8")
    os.utime(path, (second, second))


def test_a_changed_relay_counts_at_once_and_a_broken_file_changes_nothing(tmp_path: Path) -> None:
    own = tmp_path / "var" / "syndication.toml"
    write(own, '[mail]\ntransport = "smtp://127.0.0.1:1"\n', 1)
    current = Reloading(load_settings({}, tmp_path), {})
    assert current.settings().mail.transport == "smtp://127.0.0.1:1"
    write(own, '[mail]\ntransport = "smtp://127.0.0.1:2"\n', 2)
    assert current.settings().mail.transport == "smtp://127.0.0.1:2"
    write(own, "[mail\n", 3)
    assert current.settings().mail.transport == "smtp://127.0.0.1:2"
    write(own, '[mail]\ntransport = "outbox"\n', 4)
    assert current.settings().outbox


def test_a_changed_secret_file_counts_at_once(tmp_path: Path) -> None:
    secret = tmp_path / "relay"
    environ = {"SYNDICATION_MAIL__TRANSPORT_FILE": str(secret)}
    write(secret, "smtp://127.0.0.1:1", 1)
    current = Reloading(load_settings(environ, tmp_path), environ)
    write(secret, "smtp://127.0.0.1:3", 2)
    assert current.settings().mail.transport == "smtp://127.0.0.1:3"
    secret.unlink()
    assert current.settings().mail.transport == "smtp://127.0.0.1:3"
