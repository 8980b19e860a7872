"""Messages that come back, as mail servers write them."""

from syndication.deliver.incoming import Lock
from syndication.deliver.message import message_id
from syndication.domain.delivery import DeliveryName
from syndication.domain.incoming import Envelope
from syndication.domain.tokens import Purpose, delivery_token, tagged_address
from tests.support.mailing import POST

LOCK = Lock(POST.keys, POST.suppression_key)
DOMAIN = "news.example.org"


def verp(name: DeliveryName) -> Envelope:
    """The envelope of a bounce to the address that a delivery was sent from."""
    return Envelope("", (tagged_address(f"bounces@{DOMAIN}", delivery_token(name, LOCK.message_key)),))


def plain() -> Envelope:
    """The envelope of a bounce to an address that names nothing."""
    return Envelope("", (f"weekly@{DOMAIN}",))


def mail_id(name: DeliveryName) -> str:
    """The Message-ID of a delivery."""
    return f"<{message_id(name, LOCK.message_key, DOMAIN)}>"


def unsubscribe_address(subscription_id: int) -> str:
    """Where a reader writes to leave."""
    return tagged_address(f"unsubscribe@{DOMAIN}", LOCK.keys.sign(Purpose.UNSUBSCRIBE, subscription_id))


def headers(name: DeliveryName, subscription_id: int = 1) -> str:
    """The headers of a mail of ours, as a bounce returns them."""
    token = LOCK.keys.sign(Purpose.UNSUBSCRIBE, subscription_id)
    return (
        f"From: Weekly <weekly@{DOMAIN}>\r\nSubject: News\r\nMessage-ID: {mail_id(name)}\r\n"
        f"List-Unsubscribe: <https://{DOMAIN}/unsubscribe/{token}>\r\n"
    )


def status(
    recipient: str = "reader0@example.com",
    diagnostic: str = "smtp; 550 5.1.1 <reader0@example.com>: Recipient address rejected: User unknown",
    *,
    code: str = "5.1.1",
    action: str = "failed",
    envelope_id: str = "",
    returned: str = "",
) -> bytes:
    """A delivery status as Postfix sends it. Source: RFC 3464."""
    envid = f"Original-Envelope-Id: {envelope_id}\r\n" if envelope_id else ""
    third = f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\n{returned}\r\n" if returned else ""
    return (
        f"From: MAILER-DAEMON@mx.example.com\r\nTo: weekly@{DOMAIN}\r\nSubject: Undelivered Mail Returned to Sender\r\n"
        "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nI'm sorry.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        f"Reporting-MTA: dns; mx.example.com\r\n{envid}\r\n"
        f"Final-Recipient: rfc822; {recipient}\r\nAction: {action}\r\nStatus: {code}\r\n"
        f"Diagnostic-Code: {diagnostic}\r\n\r\n{third}--b--\r\n"
    ).encode()


def complaint(returned: str, *, feedback: str = "abuse", extra: str = "") -> bytes:
    """A feedback report. Source: RFC 5965."""
    return (
        "From: fbl@provider.example\r\nSubject: FW: News\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=feedback-report; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nThis is a report.\r\n"
        "--b\r\nContent-Type: message/feedback-report\r\n\r\n"
        f"Feedback-Type: {feedback}\r\nUser-Agent: Feedback/1\r\nVersion: 1\r\n{extra}\r\n"
        f"--b\r\nContent-Type: message/rfc822\r\n\r\n{returned}\r\nText\r\n--b--\r\n"
    ).encode()
