"""Tables of mail that comes back: what came in, how often an address bounced."""

from datetime import datetime

from sqlalchemy import LargeBinary
from sqlmodel import Column, Field, SQLModel

from syndication.domain.incoming import IncomingKind
from syndication.store.tables.columns import BIG, big_key, words


class IncomingMailRow(SQLModel, table=True):
    """A message that came in, once. fingerprint: SHA-256 of its bytes and addressee, so that a repetition changes nothing.

    about: the delivery's name, "" when it is not known. effect: what followed, in words. raw: at most 64 KB, for 30 days.
    """

    __tablename__ = "incoming_mail"

    id: int | None = big_key()
    fingerprint: str = Field(unique=True, max_length=64)
    at: datetime = Field(index=True)
    kind: IncomingKind = words(IncomingKind)
    about: str = ""
    subscriber_id: int | None = Field(default=None, sa_column=Column(BIG, nullable=True, index=True))
    severity: str = ""
    reply: str = ""
    note: str = ""
    effect: str = ""
    raw: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))


class BounceScoreRow(SQLModel, table=True):
    """How often a reader's mail bounced lately. counted_at: when it was raised last. probed_at: when we wrote to ask.

    No foreign key: the score is forgotten with its reader, and never worth a lock on them.
    """

    __tablename__ = "bounce_score"

    subscriber_id: int = Field(sa_column=Column(BIG, primary_key=True, autoincrement=False))
    points: float
    counted_at: datetime
    probed_at: datetime | None = None
