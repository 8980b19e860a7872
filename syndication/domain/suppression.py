"""Why an address is never mailed again, and who may lift that.

The reader's own confirmation lifts it where the address was the trouble or their own wish was; never a complaint, and
never what an admin decided. iCloud asks that an address it refused is never tried again.
"""

import re
from enum import StrEnum
from types import MappingProxyType
from typing import Final

COMPLAINT: Final = "complaint"
ADDED: Final = "by an admin"
ERASED: Final = "erased"
OPTED_OUT: Final = "opted out before the import"

_REPLY: Final = re.compile(r"(bounce\b|[45]\d\d\b)")
# Source: support.apple.com, "Postmaster information for iCloud Mail".
_NEVER_AGAIN: Final = ("@icloud.com", "@me.com", "@mac.com")


class Cause(StrEnum):
    """What a suppression came from."""

    BOUNCE = "bounce"
    COMPLAINT = "complaint"
    ERASED = "erased"
    OPTED_OUT = "opted out"
    ADMIN = "admin"


MEANING: Final = MappingProxyType(
    {
        Cause.BOUNCE: "The mail server said that there is no such mailbox, or refused for days.",
        Cause.COMPLAINT: "Its reader called our mail spam.",
        Cause.ERASED: "Its reader was erased.",
        Cause.OPTED_OUT: "Its reader had left the list that was imported.",
        Cause.ADMIN: "An admin decided so.",
    }
)
"""Each cause in a sentence."""

_READERS_OWN: Final = frozenset({Cause.BOUNCE, Cause.ERASED, Cause.OPTED_OUT})


def cause_of(reason: str) -> Cause:
    """What the kept reason of a suppression came from."""
    if _REPLY.match(reason):
        return Cause.BOUNCE
    words = {COMPLAINT: Cause.COMPLAINT, ERASED: Cause.ERASED, OPTED_OUT: Cause.OPTED_OUT}
    return words.get(reason, Cause.ADMIN)


def may_confirm(reason: str, address_key: str) -> bool:
    """Whether an address (as it is compared) may be asked by mail when somebody signs it up; its confirmation then lifts it."""
    cause = cause_of(reason)
    return cause in _READERS_OWN and not (cause is Cause.BOUNCE and address_key.endswith(_NEVER_AGAIN))
