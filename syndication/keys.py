"""var/secrets/ → keys: made once by `init`, readable by their owner only.

`tokens.json` is the ring for links; `encryption.json` is the ring that passwords in the database are sealed with: what
is new uses the key called `current`, what is old is opened with its own. `suppression.key` hashes addresses that must
never be mailed again and never rotates: a new one would forget who left.
"""

import base64
import binascii
import json
import os
import secrets
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from syndication.deliver.dkim import Dkim, DkimKey, require_sound
from syndication.domain.errors import ConfigError
from syndication.domain.tokens import KeyRing

_KEY_BYTES: Final = 32
_KEY_IDS: Final = string.ascii_lowercase + "234567"
_NONCE_BYTES: Final = 12
DKIM_SELECTORS: Final = ("s1", "s2")
"""Of RSA keys: one signs, the other is published already, so that changing to it needs no waiting."""
DKIM_ED25519: Final = "e1"
"""Of the Ed25519 key, which signs a second time where it is wanted."""
_RSA_BITS: Final = 2048


@dataclass(frozen=True, slots=True)
class SecretBox:
    """Seals short secrets for the database; `domain.seams.Box`. keys: 32 bytes each, by one-character id.

    A sealed secret is `<key id>.<base64 of nonce and AES-256-GCM text>`; what it is about is authenticated and not
    written, so a secret copied to another row does not open there. Source: NIST SP 800-38D section 5.2.1.1.
    """

    keys: Mapping[str, bytes]
    current: str

    def seal(self, secret: str, about: str) -> str:
        """The secret as it may be stored, "" for ""."""
        if not secret:
            return ""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = AESGCM(self.keys[self.current]).encrypt(nonce, secret.encode(), about.encode())
        return f"{self.current}.{base64.urlsafe_b64encode(nonce + sealed).decode('ascii')}"

    def open(self, sealed: str, about: str) -> str:
        """The secret again. Raises ConfigError when its key is gone or it was sealed for something else."""
        if not sealed:
            return ""
        key_id, _, text = sealed.partition(".")
        try:
            raw = base64.urlsafe_b64decode(text)
            return AESGCM(self.keys[key_id]).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], about.encode()).decode()
        except (KeyError, ValueError, InvalidTag, binascii.Error) as error:
            message = (
                f"The stored secret of {about} cannot be opened with the keys in var/secrets. Restore "
                "var/secrets/encryption.json from your backup, or enter the secret again."
            )
            raise ConfigError(message) from error


@dataclass(frozen=True, slots=True)
class Keys:
    """The secrets of an installation. box: for passwords that are kept in the database."""

    tokens: KeyRing
    suppression: bytes
    box: SecretBox


def make_keys(folder: Path) -> bool:
    """Make the missing secrets in `folder` (mode 0700, files 0600); True when any was made. Existing ones are kept."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    made = [_write_new(folder / name, _new_ring()) for name in ("tokens.json", "encryption.json")]
    made.append(_write_new(folder / "suppression.key", secrets.token_hex(_KEY_BYTES)))
    return any(made)


def load_keys(folder: Path) -> Keys:
    """The secrets made by `make_keys`. Raises ConfigError when they are missing or damaged."""
    try:
        tokens, sealing = _ring(folder / "tokens.json"), _ring(folder / "encryption.json")
        suppression = bytes.fromhex((folder / "suppression.key").read_text("ascii"))
        return Keys(KeyRing(*tokens), suppression, SecretBox(*sealing))
    except FileNotFoundError as error:
        message = f"{error.filename}: missing. Run `syndication init` once, or restore var/secrets from your backup."
        raise ConfigError(message) from error
    except (ValueError, KeyError, OSError) as error:
        message = f"{folder}: the keys cannot be read ({error}). Restore var/secrets from your backup."
        raise ConfigError(message) from error


def rotate_encryption(folder: Path) -> str:
    """Add a key to the ring and make it current; answers its id. What was sealed before still opens.

    Raises ConfigError when the ring is missing, damaged or full.
    """
    keys = load_keys(folder).box.keys
    free = next((key_id for key_id in _KEY_IDS if key_id not in keys), None)
    if free is None:
        message = f"{folder / 'encryption.json'}: holds {len(keys)} keys, as many as it can."
        raise ConfigError(message)
    written = {**{key_id: key.hex() for key_id, key in keys.items()}, free: secrets.token_hex(_KEY_BYTES)}
    _write(folder / "encryption.json", json.dumps({"current": free, "keys": written}))
    return free


def make_dkim_keys(folder: Path) -> bool:
    """Make the missing DKIM keys, one file a selector; True when any was made. Existing ones are kept."""
    made = [
        _write_new(_dkim_file(folder, selector), _pem(generate_private_key(65537, _RSA_BITS)))
        for selector in DKIM_SELECTORS
        if not _dkim_file(folder, selector).exists()
    ]
    made.append(_write_new(_dkim_file(folder, DKIM_ED25519), _pem(Ed25519PrivateKey.generate())))
    return any(made)


def load_dkim(folder: Path, domain: str, selectors: Sequence[str]) -> Dkim:
    """The keys of some selectors, tried out. Raises ConfigError when one is missing, weak or damaged."""
    keys = []
    for selector in selectors:
        path = _dkim_file(folder, selector)
        try:
            key = load_pem_private_key(path.read_bytes(), None)
        except FileNotFoundError as error:
            message = f"{path}: missing. Run `syndication init`, which makes the keys that [mail] dkim_domain asks for."
            raise ConfigError(message) from error
        except (ValueError, TypeError, OSError) as error:
            message = f"{path}: cannot be read ({error}). Restore var/secrets from your backup."
            raise ConfigError(message) from error
        if not isinstance(key, RSAPrivateKey | Ed25519PrivateKey):
            message = f"{path}: is neither an RSA nor an Ed25519 key."
            raise ConfigError(message)
        keys.append(DkimKey(selector, key))
    return require_sound(Dkim(domain.lower(), tuple(keys)))


def _dkim_file(folder: Path, selector: str) -> Path:
    return folder / f"dkim-{selector}.pem"


def _pem(key: RSAPrivateKey | Ed25519PrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")


def _new_ring() -> str:
    first = _KEY_IDS[0]
    return json.dumps({"current": first, "keys": {first: secrets.token_hex(_KEY_BYTES)}})


def _ring(path: Path) -> tuple[dict[str, bytes], str]:
    """Keys by id, and the current id, which is among them."""
    ring: Any = json.loads(path.read_text("ascii"))
    keys = {key_id: bytes.fromhex(value) for key_id, value in ring["keys"].items()}
    current = ring["current"]
    if current not in keys:
        message = f"{path.name} has no key '{current}'"
        raise ValueError(message)
    return keys, current


def _write_new(path: Path, text: str) -> bool:
    """Write a file that appears whole or not at all; False when it exists."""
    if path.exists():
        return False
    _write(path, text)
    return True


def _write(path: Path, text: str) -> None:
    part = path.with_suffix(".part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.rename(path)
