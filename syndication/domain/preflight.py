"""The check before an issue is sent: what was found, and whether that holds the issue."""

from enum import StrEnum
from typing import NamedTuple


class Gate(StrEnum):
    """Whether an issue may be sent. OPEN: nothing stands before it; WAITING: the check has yet to pass."""

    OPEN = "open"
    WAITING = "waiting"


class Finding(NamedTuple):
    """What is wrong, and what mends it. check: a short name. holds: it stops the issue, else it is a warning."""

    check: str
    problem: str
    remedy: str
    holds: bool = True


class Demands(NamedTuple):
    """What the profile asks of a mail. https: of the unsubscribe address. postal_address: "" when none is asked for.

    dkim: DNS name → TXT record of each of our keys; empty when mail is not signed here.
    """

    https: bool
    postal_address: str
    dkim: dict[str, str]


def verdict(findings: list[Finding]) -> str:
    """One line on what holds the issue, "" when nothing does."""
    held = [one for one in findings if one.holds]
    if not held:
        return ""
    more = f" And {len(held) - 1} more." if len(held) > 1 else ""
    return f"Held before sending: {held[0].problem} {held[0].remedy}{more}"
