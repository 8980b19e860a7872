"""Reports inside a message: delivery status (RFC 3464), complaint (RFC 5965), and the mail they are about.

Everything in them was written by strangers: every part may be missing, cut, folded or of the wrong kind. The message has
been parsed with compat32, which raises for nothing (measured with 37 malformed ones).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message
from typing import Final

from syndication.domain.delivery import Reply

_TYPED: Final = re.compile(r"^\s*[\w-]+\s*;\s*")
_CODE: Final = re.compile(r"(?<![\d.])([245]\d\d)(?![\d.])")
_ENHANCED: Final = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_LONGEST: Final = 500
_PARTS: Final = 40
_RETURNED: Final = frozenset({"message/rfc822", "text/rfc822-headers", "message/rfc822-headers", "message/global"})
_STATUS: Final = frozenset({"message/delivery-status", "message/global-delivery-status"})


@dataclass(frozen=True, slots=True)
class Fate:
    """What a delivery status says of one recipient. action: 'failed', 'delayed', 'delivered', … reply: of the far server."""

    action: str
    recipient: str
    reply: Reply


@dataclass(frozen=True, slots=True)
class Report:
    """What a message reports. envelope_id: Original-Envelope-Id. is_complaint: it holds a feedback report.

    addresses: Original-Rcpt-To of a complaint. sender: its Original-Mail-From. returned: headers of the mails it is about.
    """

    is_status: bool = False
    is_complaint: bool = False
    feedback: str = ""
    envelope_id: str = ""
    sender: str = ""
    fates: tuple[Fate, ...] = ()
    addresses: tuple[str, ...] = ()
    returned: tuple[Message, ...] = ()


@dataclass(slots=True)
class _Found:
    values: dict[str, str] = field(default_factory=dict)
    fates: list[Fate] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    returned: list[Message] = field(default_factory=list)
    kinds: set[str] = field(default_factory=set)


def read_report(message: Message) -> Report:
    """What is reported in a message; an empty report when nothing is."""
    found = _Found()
    for part in _parts(message):
        kind = part.get_content_type()
        if kind in _STATUS:
            found.kinds.add("status")
            _read_status(part, found)
        elif kind == "message/feedback-report":
            found.kinds.add("complaint")
            _read_feedback(part, found)
        elif kind in _RETURNED:
            found.returned += _returned(part)
    return Report(
        is_status="status" in found.kinds,
        is_complaint="complaint" in found.kinds,
        feedback=found.values.get("feedback", ""),
        envelope_id=found.values.get("envelope_id", ""),
        sender=found.values.get("sender", ""),
        fates=tuple(found.fates),
        addresses=tuple(found.addresses),
        returned=tuple(found.returned),
    )


def text_of(part: Message) -> str:
    """The text of a part however it is encoded; of a part made of messages, their texts."""
    payload = part.get_payload(decode=True)
    if isinstance(payload, bytes):
        return payload.decode("utf-8", "replace")
    inner = part.get_payload()
    return "\n".join(one.as_string() for one in inner if isinstance(one, Message)) if isinstance(inner, list) else ""


def bare_address(value: str) -> str:
    """'rfc822; <Anna@Example.org>' → 'anna@example.org'."""
    return _TYPED.sub("", value).strip().strip("<>").strip().lower()


def reply_of(status: str, diagnostic: str) -> Reply:
    """The far server's reply from a Status and a Diagnostic-Code field. Source: RFC 3464 sections 2.3.4, 2.3.6."""
    words = " ".join(_TYPED.sub("", diagnostic).split())
    given = _ENHANCED.search(words)
    stated = _ENHANCED.search(status)
    # The diagnostic is the server's own word; Status is often the generic x.0.0 of the one who reports.
    enhanced = given[1] if given else stated[1] if stated and not stated[1].endswith(".0.0") else ""
    code = _CODE.search(words)
    kind = (code[1] if code else enhanced or (stated[1] if stated else "5"))[0]
    text = _ENHANCED.sub("", _CODE.sub("", words, count=1), count=1) if code else words
    return Reply(int(code[1]) if code else int(kind) * 100 + 50, enhanced, " ".join(text.split())[:_LONGEST])


def _parts(message: Message) -> Iterator[Message]:
    """The parts of a message, without looking into mails that it returns."""
    waiting, seen = [message], 0
    while waiting and seen < _PARTS:
        part = waiting.pop(0)
        seen += 1
        yield part
        payload = part.get_payload()
        if part.get_content_maintype() == "multipart" and isinstance(payload, list):
            waiting = [one for one in payload if isinstance(one, Message)] + waiting


def _blocks(part: Message) -> list[Message]:
    """The groups of fields of a status or feedback part, whichever way it was encoded."""
    payload = part.get_payload()
    if isinstance(payload, list):
        return [one for one in payload if isinstance(one, Message)]
    return [_fields(block) for block in re.split(r"\r?\n\r?\n", text_of(part)) if block.strip()]


def _fields(text: str) -> Message:
    message = Message()
    name = ""
    for line in text.splitlines():
        if line[:1] in {" ", "\t"} and name:
            value = str(message[name])
            del message[name]
            message[name] = f"{value} {line.strip()}"
        elif ":" in line:
            name, _, value = line.partition(":")
            name = name.strip()
            message[name] = value.strip()
    return message


def _read_status(part: Message, found: _Found) -> None:
    for block in _blocks(part):
        if block["Original-Envelope-Id"]:
            found.values.setdefault("envelope_id", str(block["Original-Envelope-Id"]).strip())
        action = str(block["Action"] or "").partition(";")[0].strip().lower()
        recipient = block["Original-Recipient"] or block["Final-Recipient"]
        if not (action or recipient):
            continue
        status = str(block["Status"] or "")
        # Who leaves Action out means what the class of Status says.
        action = action or {"2": "delivered", "4": "delayed"}.get(status.strip()[:1], "failed")
        reply = reply_of(status, str(block["Diagnostic-Code"] or ""))
        found.fates.append(Fate(action, bare_address(str(recipient or "")), reply))


def _read_feedback(part: Message, found: _Found) -> None:
    for block in _blocks(part):
        found.values.setdefault("feedback", str(block["Feedback-Type"] or "").strip().lower())
        found.values.setdefault("sender", bare_address(str(block["Original-Mail-From"] or "")))
        found.addresses += [bare_address(str(one)) for one in block.get_all("Original-Rcpt-To", [])]
        if block["Original-Envelope-Id"]:
            found.values.setdefault("envelope_id", str(block["Original-Envelope-Id"]).strip())


def _returned(part: Message) -> list[Message]:
    payload = part.get_payload()
    if isinstance(payload, list):
        return [one for one in payload if isinstance(one, Message)]
    return [_fields(text_of(part))]
