"""Tables of publishing beside the documents: archive pages, what changed, private feeds, pings to hubs, how feeds are read."""

from datetime import date, datetime

from sqlalchemy import BigInteger, UniqueConstraint
from sqlmodel import Column, Field, SQLModel

from syndication.store.tables.columns import BIG, big_number, big_reference


class ArchiveEntryRow(SQLModel, table=True):
    """An article's place in the history of a feed: counted from the oldest, given once, never changed.

    feed: its permanent name, as in `FeedDocumentRow`. article_id: copied from a row of `article`, which are never deleted (ADR 34).
    """

    __tablename__ = "archive_entry"
    __table_args__ = (UniqueConstraint("feed", "article_id"), {"sqlite_with_rowid": False})

    feed: str = Field(primary_key=True, max_length=64)
    number: int = Field(primary_key=True)
    article_id: int = big_number()


class ChangedArticleRow(SQLModel, table=True):
    """An article whose feeds are to be looked at first. Taken away when somebody does; see `store.feed_changes`."""

    __tablename__ = "changed_article"

    article_id: int = Field(sa_column=Column(BIG, primary_key=True, autoincrement=False))


class PrivateFeedRow(SQLModel, table=True):
    """A reader's own feed. `id` is drawn at random, so that no token ever comes back to life."""

    __tablename__ = "private_feed"

    id: int = Field(primary_key=True, sa_type=BigInteger)
    subscription_id: int = big_reference("subscription.id", index=True)
    created_at: datetime
    revoked_at: datetime | None = None


class HubPingRow(SQLModel, table=True):
    """A hub that is still to be told that a document changed."""

    __tablename__ = "hub_ping"

    hub: str = Field(primary_key=True)
    topic: str = Field(primary_key=True)
    version: int
    due_at: datetime = Field(index=True)
    tries: int = 0


class FeedReadingRow(SQLModel, table=True):
    """How often a feed was read on one day by one kind of program. Nothing of it says who read.

    unmodified: of the requests, those answered with 304. readers: how many were seen for the first time that day.
    subscribers: the most that an aggregator said it reads for.
    """

    __tablename__ = "feed_reading"

    path: str = Field(primary_key=True)
    day: date = Field(primary_key=True, index=True)
    agent: str = Field(primary_key=True, max_length=64)
    requests: int = 0
    unmodified: int = 0
    readers: int = 0
    subscribers: int = 0
