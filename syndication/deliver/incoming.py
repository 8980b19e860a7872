"""A message that came in → what it means. Decides only; what follows is in `jobs.mail_in`.

Whoever can make us believe that a reader bounced or complained can silence that reader. So a report counts only with the
signed name of a delivery (VERP address, ENVID, Message-ID) or with a signed link of its mail; an address alone is a hint. A
name whose signature is wrong is forged and dropped. Source: RFC 3464; RFC 5965; RFC 6590; RFC 8058; RFC 3834.
"""

import email
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import policy
from email.message import Message
from typing import Final

from flufl.bounce import all_failures

from syndication.deliver.message import message_id
from syndication.deliver.replies import Stage, outcome_of
from syndication.deliver.reports import Fate, Report, bare_address, read_report, reply_of, text_of
from syndication.domain.bouncing import severity_of_refusal
from syndication.domain.delivery import Deferred, DeliveryName, Failed, Reply
from syndication.domain.errors import TokenError
from syndication.domain.incoming import Envelope, Incoming, IncomingKind, Severity
from syndication.domain.tokens import KeyRing, Purpose, open_delivery_token, tag_of

_OUR_ID: Final = re.compile(r"<?\b([in]\d{1,18}-\d{1,18})\.[0-9a-f]{16}@([a-z0-9.-]{1,253})>?", re.IGNORECASE)
_OUR_TOKEN: Final = re.compile(r"[in]\d{1,18}-\d{1,18}-[a-z2-7]{16}", re.IGNORECASE)
_OUR_LINK: Final = re.compile(r"/(?:unsubscribe)/([a-z2-7]{33})\b|\bunsubscribe\+([a-z2-7]{33})@", re.IGNORECASE)
_LOOKED_AT: Final = 200_000
_MOST_NAMES: Final = 20
_LONGEST_NOTE: Final = 200
# It writes tracebacks of detectors that trip over odd messages; what it answers then is enough.
logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL)
_AUTO_WORDS: Final = re.compile(r"\b(auto[-_ ]?reply|out of office|vacation|abwesend|fuori ufficio)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Lock:
    """What our names are proven by. keys: of links. message_key: of Message-IDs, VERP and ENVID."""

    keys: KeyRing
    message_key: bytes


@dataclass(frozen=True, slots=True)
class _Evidence:
    delivery: DeliveryName | None = None
    hint: DeliveryName | None = None
    subscription: int | None = None
    is_forged: bool = False


def classify(raw: bytes, envelope: Envelope, lock: Lock) -> Incoming:
    """What a message means. Never raises, whatever it holds."""
    message = email.message_from_bytes(raw, policy=policy.compat32)
    note = _note(message)
    leaver = _leaver(envelope, lock)
    if leaver is not None:
        return Incoming(IncomingKind.UNSUBSCRIBE, subscription=leaver, note=note)
    report = read_report(message)
    evidence = _evidence(message, envelope, report, lock)
    if evidence.is_forged:
        return Incoming(IncomingKind.FORGED, note="It names a delivery with a wrong signature.")
    if report.is_complaint:
        return _complaint(report, evidence, note)
    if report.is_status:
        return _status(envelope, report, evidence, note)
    return _rest(message, envelope, evidence, note)


def severity_of(reply: Reply) -> Severity:
    """What the far server's reply in a bounce says of the reader; the same sorting as of replies to ourselves."""
    outcome = outcome_of(reply, Stage.RCPT)
    if isinstance(outcome, Deferred):
        # Somebody tried for days. Policy and protocol are ours even then; a host that was away for so long is theirs.
        return Severity.OURS if reply.enhanced.startswith(("4.5.", "4.7.")) else Severity.SOFT
    return severity_of_refusal(outcome) if isinstance(outcome, Failed) else Severity.OURS


def _complaint(report: Report, evidence: _Evidence, note: str) -> Incoming:
    if report.feedback == "not-spam":
        return Incoming(IncomingKind.OTHER, note=f"The reader says it is no spam. {note}")
    address = next((one for one in report.addresses if "@" in one), "")
    return Incoming(
        IncomingKind.COMPLAINT,
        delivery=evidence.delivery,
        hint=evidence.hint,
        subscription=evidence.subscription,
        address=address,
        note=note,
    )


def _status(envelope: Envelope, report: Report, evidence: _Evidence, note: str) -> Incoming:
    failed = [fate for fate in report.fates if fate.action == "failed"]
    if not failed:
        is_late = any(fate.action == "delayed" for fate in report.fates)
        kind = IncomingKind.DELAYED if is_late else IncomingKind.OTHER
        return Incoming(kind, delivery=evidence.delivery, note=note)
    return _bounce(envelope, failed[0], evidence, note)


def _bounce(envelope: Envelope, fate: Fate, evidence: _Evidence, note: str) -> Incoming:
    if envelope.sender:
        # Only the null sender reports for a server. Source: RFC 3464 section 2; RFC 5321 section 6.1.
        return Incoming(IncomingKind.OTHER, note=f"A bounce from a person's address. {note}")
    return Incoming(
        IncomingKind.BOUNCE,
        delivery=evidence.delivery,
        hint=evidence.hint,
        subscription=evidence.subscription,
        address=fate.recipient,
        reply=fate.reply,
        severity=severity_of(fate.reply),
        note=note,
    )


def _rest(message: Message, envelope: Envelope, evidence: _Evidence, note: str) -> Incoming:
    """No report by the standards: an answer of a machine, a bounce in its server's own words, or something else."""
    submitted = str(message["Auto-Submitted"] or "no").partition(";")[0].strip().lower()
    if submitted == "auto-replied":
        return Incoming(IncomingKind.AUTO_REPLY, note=note)
    temporary, permanent = _own_words(message)
    failed = permanent or temporary
    if failed and not envelope.sender:
        reply = reply_of("5" if permanent else "4", _first_reply(message))
        return _bounce(envelope, Fate("failed", failed[0], reply), evidence, note)
    if submitted != "no" or message["X-Autoreply"] or message["X-Autorespond"] or _AUTO_WORDS.search(note):
        return Incoming(IncomingKind.AUTO_REPLY, note=note)
    return Incoming(IncomingKind.OTHER, note=note)


def _own_words(message: Message) -> tuple[list[str], list[str]]:
    """The addresses that a bounce without a standard report names: of temporary and of lasting failures."""
    try:
        temporary, permanent = all_failures(message)
    except Exception:  # noqa: BLE001 - some of its detectors trust what strangers wrote
        return [], []
    return tuple(  # type: ignore[return-value] # two of them
        sorted(bare_address(one.decode("utf-8", "replace")) for one in found) for found in (temporary, permanent)
    )


def _first_reply(message: Message) -> str:
    """The line of a bounce that repeats the far server's reply."""
    for line in _text(message).splitlines():
        if re.search(r"(?<![\d.])5\d\d[ -]|\b[45]\.\d\.\d{1,3}\b", line):
            return line.strip()
    return ""


def _evidence(message: Message, envelope: Envelope, report: Report, lock: Lock) -> _Evidence:
    """Whom a message is about: VERP first, then ENVID, what the mail itself says of us, and the links in it."""
    is_forged = False
    for recipient in (*envelope.recipients, report.sender):
        tag = tag_of(recipient)
        name = open_delivery_token(tag, lock.message_key)
        if name:
            return _Evidence(delivery=name)
        is_forged = is_forged or _OUR_TOKEN.fullmatch(tag) is not None
    if is_forged:
        return _Evidence(is_forged=True)
    name = open_delivery_token(report.envelope_id, lock.message_key)
    if name:
        return _Evidence(delivery=name)
    wrong = _OUR_TOKEN.fullmatch(report.envelope_id) is not None
    hint = DeliveryName.parse(report.envelope_id)
    text = _text(message)
    for name, is_ours in _named(report, text, lock):
        if is_ours:
            return _Evidence(delivery=name)
        wrong = True
    subscription = _linked(report, text, lock)
    return _Evidence(hint=hint, subscription=subscription, is_forged=wrong and subscription is None)


def _named(report: Report, text: str, lock: Lock) -> Iterator[tuple[DeliveryName, bool]]:
    """The deliveries named by Message-IDs of ours, and whether their signatures are right."""
    headers = " ".join(str(one["Message-ID"] or "") for one in report.returned)
    for number, found in enumerate(_OUR_ID.finditer(f"{headers}\n{text}")):
        name = DeliveryName.parse(found[1].lower())
        if name and number < _MOST_NAMES:
            yield name, message_id(name, lock.message_key, found[2]).lower() == found[0].strip("<>").lower()


def _linked(report: Report, text: str, lock: Lock) -> int | None:
    """The subscription whose unsubscribe link is repeated: a redacted complaint keeps it. Source: RFC 6590 section 2."""
    headers = " ".join(str(one["List-Unsubscribe"] or "") for one in report.returned)
    for found in list(_OUR_LINK.finditer(f"{headers}\n{text}"))[:_MOST_NAMES]:
        number = _opened((found[1] or found[2]).lower(), lock)
        if number is not None:
            return number
    return None


def _leaver(envelope: Envelope, lock: Lock) -> int | None:
    """The subscription that ends by a mail to its address alone, whatever the mail says. Source: RFC 8058 section 3.2."""
    numbers = (_opened(tag_of(recipient), lock) for recipient in envelope.recipients)
    return next((number for number in numbers if number is not None), None)


def _opened(token: str, lock: Lock) -> int | None:
    try:
        return lock.keys.open(Purpose.UNSUBSCRIBE, token)
    except TokenError:
        return None


def _text(message: Message) -> str:
    """The beginning of everything readable in a message, mails returned in it too."""
    texts, room = [], _LOOKED_AT
    for part in message.walk():
        if part.get_content_maintype() in {"text", "message"} and not part.is_multipart() and room > 0:
            text = text_of(part)[:room]
            texts.append(text)
            room -= len(text)
    return "\n".join(texts)


def _note(message: Message) -> str:
    return " ".join(str(message["Subject"] or "").split())[:_LONGEST_NOTE]
