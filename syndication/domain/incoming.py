"""Mail that comes back: what a message means, and how sure it is whom it is about."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from syndication.domain.delivery import DeliveryName, Reply


class IncomingKind(StrEnum):
    """What a message that came in is."""

    BOUNCE = "bounce"
    DELAYED = "delayed"
    COMPLAINT = "complaint"
    UNSUBSCRIBE = "unsubscribe"
    AUTO_REPLY = "auto_reply"
    FORGED = "forged"
    OTHER = "other"


class Severity(StrEnum):
    """What a bounce says of its reader. GONE: one is enough. OURS: the sender's or the message's fault, no reader's."""

    GONE = "gone"
    HARD = "hard"
    SOFT = "soft"
    OURS = "ours"


class Envelope(NamedTuple):
    """How a message arrived. sender: "" is the null sender, None when nobody kept it."""

    sender: str | None
    recipients: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Incoming:
    """What a message says.

    delivery: which mail it is about, proven by a signature that only its receiver can repeat. hint: the delivery that is
    named without proof. subscription: the subscription whose signed link it repeats. address: whom it says it is about,
    without proof, as it is compared. reply, severity: of a bounce. note: one line for the admin.
    """

    kind: IncomingKind
    delivery: DeliveryName | None = None
    hint: DeliveryName | None = None
    subscription: int | None = None
    address: str = ""
    reply: Reply | None = None
    severity: Severity | None = None
    note: str = ""
