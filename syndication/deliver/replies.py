"""A server's reply → outcome. A 5yz is no hard bounce: of 81 documented Gmail refusals 5 say that the recipient is gone.

Most others are the sender's own fault: authentication, reputation, rate. Those never blame a reader. Source: RFC 3463;
Google's published list of SMTP replies.
"""

import re
from enum import Enum
from typing import Final

from syndication.domain.delivery import Accepted, Deferred, Failed, Fault, Outcome, Reply, Unknown


class Stage(Enum):
    """What was answered, in order: the sender, the recipient, or the message (DATA and the final dot)."""

    MAIL = 1
    RCPT = 2
    CONTENT = 3


_GONE: Final = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"})
_CLOSED: Final = re.compile(
    r"\b(disabled|inactive|deactivated|suspended|closed|no longer|does not exist)\b", re.IGNORECASE
)
_BUSY: Final = re.compile(r"\bat a rate\b|\btoo many\b|\btry again\b", re.IGNORECASE)
_SENDERS: Final = re.compile(r"5\.7\.|5\.5\.|5\.4\.5$|5\.1\.[78]$")
_MESSAGES: Final = re.compile(r"5\.3\.4$|5\.6\.")
_LANES: Final = re.compile(r"4\.[347]\.")
# Without an enhanced code only the text tells a block of the sender from anything else.
_BLOCKED: Final = re.compile(
    r"\b(spam|blocked|blocklist\w*|blacklist\w*|reputation|polic(y|ies)|spf|dkim|dmarc|relay\w*|authenticat\w*)\b",
    re.IGNORECASE,
)
_PROTOCOL_CODES: Final = frozenset({500, 502, 503, 504, 530, 534, 535, 538})


def outcome_of(reply: Reply, stage: Stage) -> Outcome:
    """What a definite reply at a stage means for its delivery."""
    match reply.code // 100:
        case 2:
            return Accepted(reply)
        case 4:
            return Deferred(reply, lane=reply.code == 421 or _LANES.match(reply.enhanced) is not None)  # noqa: PLR2004 - closing: RFC 5321 section 3.8
        case 5:
            return _refusal(reply, stage)
        case _:
            return Unknown(f"The server answered {reply.code} {reply.text}")


def _refusal(reply: Reply, stage: Stage) -> Outcome:
    is_at_recipient = stage is Stage.RCPT
    if not reply.enhanced:
        fault = _fault_without_code(reply, stage)
        return Failed(reply, fault, of_recipient=is_at_recipient and fault is Fault.MESSAGE)
    if reply.enhanced in _GONE:
        return Failed(reply, Fault.RECIPIENT, gone=True)
    if reply.enhanced.startswith("5.2."):
        return _mailbox_refusal(reply)
    if _SENDERS.match(reply.enhanced):
        return Failed(reply, Fault.SENDER)
    if _MESSAGES.match(reply.enhanced) or stage is not Stage.MAIL:
        return Failed(reply, Fault.MESSAGE, of_recipient=is_at_recipient)
    return Failed(reply, Fault.SENDER)


def _mailbox_refusal(reply: Reply) -> Outcome:
    """5.2.1 has two meanings, told apart by the text alone; a full mailbox is emptied some day."""
    if reply.enhanced == "5.2.1" and _BUSY.search(reply.text):
        return Deferred(reply)
    return Failed(reply, Fault.RECIPIENT, gone=reply.enhanced == "5.2.1" and _CLOSED.search(reply.text) is not None)


def _fault_without_code(reply: Reply, stage: Stage) -> Fault:
    is_ours = stage is Stage.MAIL or reply.code in _PROTOCOL_CODES or _BLOCKED.search(reply.text)
    return Fault.SENDER if is_ours else Fault.MESSAGE
