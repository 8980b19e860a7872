"""A mail to the operator, over a server of their own."""

from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from syndication.deliver.smtp import smtp_transport_from_url
from syndication.domain.delivery import Accepted, DeliveryKind, DeliveryName, Mail, Outcome


async def send_alert(url: str, envelope: tuple[str, str], subject: str, words: str, now: datetime) -> str:
    """Why the mail was not taken, "" when it was. envelope: sender and recipient. now: aware UTC. Raises ConfigError."""
    sender, recipient = envelope
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"] = sender, recipient
    message["Subject"] = " ".join(subject.split())
    message["Date"] = format_datetime(now)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(words)
    way = await smtp_transport_from_url(url, connections=1).connect()
    if isinstance(way, Outcome):
        return f"its mail server says: {way}"
    name = DeliveryName(DeliveryKind.NOTICE, 0, 0)
    outcome = await way.send(Mail(name, sender, recipient, (message.as_bytes(),)))
    await way.close()
    return "" if isinstance(outcome, Accepted) else f"its mail server says: {outcome}"
