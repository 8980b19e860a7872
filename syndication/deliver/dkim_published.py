"""Whether the name system publishes the keys that we sign with. Decides on what it answered; asks nobody itself.

A key that nobody can look up, or another one, makes every mail fail DMARC where only DKIM is aligned. Where no name server
answers nothing is known, and nothing is wrong: an air-gapped network has none. Source: RFC 6376 sections 3.6.1, 3.6.2.2.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from syndication.deliver.dkim_check import tags_of

_HASH: Final = "sha256"
_SERVICES: Final = frozenset({"*", "email"})


class KeyFault(NamedTuple):
    """What is wrong with a published key. name: in DNS. record: what belongs there. is_known: the name system has answered."""

    name: str
    record: str
    problem: str
    remedy: str
    is_known: bool = True


def key_faults(records: Mapping[str, str], ask: Callable[[str], Sequence[str] | None]) -> list[KeyFault]:
    """What is wrong with each of our keys; empty when all are published as they are.

    records: DNS name → the TXT record of our key. ask: the TXT records of a name, None when nobody answers.
    """
    return [fault for name, record in records.items() if (fault := _fault(name, record, ask(name)))]


def _fault(name: str, record: str, texts: Sequence[str] | None) -> KeyFault | None:
    if texts is None:
        words = f"No name server answers for {name}, so nobody can say whether our DKIM key is published."
        return KeyFault(name, record, words, "Look again when this machine reaches a name server.", is_known=False)
    remedy = (
        f"Publish the TXT record that `syndication dkim` shows at {name}, and wait until the old one's time is over."
    )
    keys = [text for text in texts if "p" in tags_of(text)]
    if not keys:
        return KeyFault(name, record, f"{name} publishes no DKIM key, so no receiver can verify our mail.", remedy)
    if len(keys) > 1:
        words = f"{name} publishes {len(keys)} DKIM keys; receivers may take any of them."
        return KeyFault(name, record, words, "Keep only the one that `syndication dkim` shows.")
    words = _difference(tags_of(keys[0]), tags_of(record))
    return KeyFault(name, record, f"{name} {words}.", remedy) if words else None


def _difference(theirs: Mapping[str, str], ours: Mapping[str, str]) -> str:
    """Why a receiver would not verify our mail by a published key, "" when it would."""
    if not _plain(theirs["p"]):
        return "says that the key was withdrawn (p= is empty)"
    if theirs.get("v", "DKIM1") != "DKIM1":
        return f"has a record of another version ({theirs['v']})"
    if theirs.get("k", "rsa") != ours.get("k", "rsa") or _plain(theirs["p"]) != _plain(ours["p"]):
        return "publishes another key than the one we sign with"
    if _HASH not in _words(theirs.get("h", _HASH)):
        return f"allows no signature by {_HASH} (h={theirs['h']})"
    if not _SERVICES & _words(theirs.get("s", "*")):
        return f"is not for mail (s={theirs['s']})"
    if "y" in _words(theirs.get("t", "")):
        return "is marked as a test (t=y), so receivers treat our mail as unsigned"
    return ""


def _words(value: str) -> set[str]:
    return {one.strip().lower() for one in value.split(":")}


def _plain(key: str) -> str:
    return "".join(key.split())
