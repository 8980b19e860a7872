"""var/secrets/ → keys: made once by `init`, readable by their owner only.

`tokens.json` is the ring for links (newest first is `current`); `suppression.key` hashes addresses that must never be
mailed again and never rotates: a new one would forget who left.
"""

import json
import os
import secrets
import string
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from syndication.domain.errors import ConfigError
from syndication.domain.tokens import KeyRing

_KEY_BYTES: Final = 32
_KEY_IDS: Final = string.ascii_lowercase + "234567"


@dataclass(frozen=True, slots=True)
class Keys:
    """The secrets of an installation."""

    tokens: KeyRing
    suppression: bytes


def make_keys(folder: Path) -> bool:
    """Make the missing secrets in `folder` (mode 0700, files 0600); True when any was made. Existing ones are kept."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    first = _KEY_IDS[0]
    ring = json.dumps({"current": first, "keys": {first: secrets.token_hex(_KEY_BYTES)}})
    made = [_write_new(folder / "tokens.json", ring)]
    made.append(_write_new(folder / "suppression.key", secrets.token_hex(_KEY_BYTES)))
    return any(made)


def load_keys(folder: Path) -> Keys:
    """The secrets made by `make_keys`. Raises ConfigError when they are missing or damaged."""
    try:
        ring = json.loads((folder / "tokens.json").read_text("ascii"))
        keys = {key_id: bytes.fromhex(value) for key_id, value in ring["keys"].items()}
        suppression = bytes.fromhex((folder / "suppression.key").read_text("ascii"))
        return Keys(KeyRing(keys, ring["current"]), suppression)
    except FileNotFoundError as error:
        message = f"{error.filename}: missing. Run `syndication init` once, or restore var/secrets from your backup."
        raise ConfigError(message) from error
    except (ValueError, KeyError, OSError) as error:
        message = f"{folder}: the keys cannot be read ({error}). Restore var/secrets from your backup."
        raise ConfigError(message) from error


def _write_new(path: Path, text: str) -> bool:
    """Write a file that appears whole or not at all; False when it exists."""
    if path.exists():
        return False
    part = path.with_suffix(".part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.rename(path)
    return True
