"""Tables of what was collected and how it was sorted: source, article, its texts and sightings, topic, classification."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import DDL, Index, UniqueConstraint, event
from sqlmodel import Column, Field, SQLModel

from syndication.domain.articles import DateOrigin, Precision
from syndication.domain.states import FirstFetch, Health, SourceKind
from syndication.store.tables.columns import BIG, big_key, big_reference, json_column, words

FOR_GOOD: Final = 2**31 - 1
"""The rules that nothing comes after."""


class SourceRow(SQLModel, table=True):
    """Something we read from, with its validators, pace and health."""

    __tablename__ = "source"

    id: int | None = Field(default=None, primary_key=True)
    slug: str = Field(unique=True, max_length=64)
    title: str
    kind: SourceKind = words(SourceKind)
    location: str
    base_url: str = ""
    language: str = ""
    first_fetch: FirstFetch = words(FirstFetch, FirstFetch.BACKFILL)
    internal: bool = False
    options: dict[str, Any] = json_column(dict)
    # How badly its items' own ids behave: grows fast, falls slowly; see collect/trust.py.
    id_faults: int = 0
    distrusted: bool = False
    # Whether the publisher lets us show whole articles; else feeds and pages have the summary alone.
    full_text: bool = True
    marks: str = ""
    enabled: bool = True
    etag: str = ""
    last_modified: str = ""
    body_hash: str = ""
    fetched_before: bool = False
    interval_s: int = 3600
    next_poll_at: datetime = Field(index=True)
    last_attempt_at: datetime | None = None
    last_success_at: datetime | None = None
    last_article_at: datetime | None = None
    failures: int = 0
    failing_since: datetime | None = None
    last_error: str = ""
    health: Health = words(Health, Health.OK)
    # The last request without validators: some servers answer 'not modified' for ever.
    whole_at: datetime | None = None
    # What was learned of its pace from its newest articles: the usual gap, the newest, and how many they were.
    usual_gap_s: int | None = None
    newest_at: datetime | None = None
    dated: int = 0
    # When its document asks to be left alone: an answer that nothing changed does not say it again.
    wishes: dict[str, Any] = json_column(dict)
    removed_at: datetime | None = None
    created_at: datetime


class ArticleRow(SQLModel, table=True):
    """One piece of content, once. `seq` is its place in the order of acceptance (architecture, section 2, rule 1)."""

    __tablename__ = "article"
    __table_args__ = (
        UniqueConstraint("source_id", "native_key"),
        Index("ix_article_source_id_published_at", "source_id", "published_at"),
        Index("ix_article_language_published_at", "language", "published_at"),
    )

    id: int | None = big_key()
    uid: str = Field(unique=True, max_length=16)
    source_id: int = Field(foreign_key="source.id")
    native_key: str
    native_id: str = ""
    canonical_url: str = Field(default="", index=True)
    url: str = ""
    # Articles of one event share it: the number of the first; empty until somebody looked.
    story_id: int | None = Field(default=None, sa_column=Column(BIG, nullable=True, index=True))
    seq: int | None = Field(default=None, unique=True)
    is_backfill: bool = False
    language: str = ""
    first_seen_at: datetime = Field(index=True)
    published_at: datetime = Field(index=True)
    published_precision: Precision = words(Precision, Precision.SECOND)
    published_from: DateOrigin = words(DateOrigin, DateOrigin.FIRST_SEEN)
    published_raw: str = ""
    updated_at: datetime
    content_hash: str
    revision: int = 1
    authors: list[str] = json_column()
    tags: list[str] = json_column()
    enclosures: list[dict[str, Any]] = json_column()
    image_url: str = ""
    ai_generated: bool | None = None
    reading_minutes: int = 1
    # The rules the article was last looked at with; behind `counter.rules` means that classify has work. FOR_GOOD: its
    # whole text is kept no more, so its verdicts stand.
    rules_version: int = Field(default=0, index=True)
    removed_at: datetime | None = None


class ArticleTextRow(SQLModel, table=True):
    """An article's wording in one language ("" when nobody knows which)."""

    __tablename__ = "article_text"
    __table_args__ = (UniqueConstraint("article_id", "language"),)

    id: int | None = big_key()
    article_id: int = big_reference("article.id")
    language: str = ""
    title: str
    summary: str = ""
    content: str = ""
    revision: int = 1


class SightingRow(SQLModel, table=True):
    """A source that carried an article; the first one is the article's own."""

    __tablename__ = "sighting"
    __table_args__ = (UniqueConstraint("source_id", "native_key"),)

    id: int | None = big_key()
    article_id: int = big_reference("article.id", index=True)
    source_id: int = Field(foreign_key="source.id")
    native_key: str
    url: str = ""
    first_seen_at: datetime


class TopicRow(SQLModel, table=True):
    """What readers choose. `version` grows with every change of the rule."""

    __tablename__ = "topic"

    id: int | None = Field(default=None, primary_key=True)
    slug: str = Field(unique=True, max_length=64)
    title: str
    description: str = ""
    rule: str
    version: int = 1
    position: int = 0
    enabled: bool = True


class ClassificationRow(SQLModel, table=True):
    """The current verdict of one topic on one article."""

    __tablename__ = "classification"
    __table_args__ = (Index("ix_classification_topic_id_accepted_article_id", "topic_id", "accepted", "article_id"),)

    article_id: int = big_reference("article.id", primary_key=True)
    topic_id: int = Field(foreign_key="topic.id", primary_key=True)
    accepted: bool
    score: float
    terms: list[str] = json_column()
    version: int
    decided_at: datetime


class ClassificationHistoryRow(SQLModel, table=True):
    """Every verdict there ever was, in order."""

    __tablename__ = "classification_history"

    id: int | None = big_key()
    article_id: int = big_reference("article.id", index=True)
    topic_id: int = Field(foreign_key="topic.id")
    accepted: bool
    score: float
    terms: list[str] = json_column()
    version: int
    decided_at: datetime


class CounterRow(SQLModel, table=True):
    """Numbers that only grow: `seq` (articles accepted), `rules` (changes of any topic), `feed` (feed documents written).

    Raised by UPDATE … SET n = n + k RETURNING n as the last statement of its transaction: the row lock makes the order
    of numbers the order of commits, which a SEQUENCE does not (measured).
    """

    __tablename__ = "counter"

    name: str = Field(primary_key=True, max_length=16)
    n: int = 0


class FeedDocumentRow(SQLModel, table=True):
    """A published document: the very bytes that are served and exported, compressed. `version` comes from `counter.feed`.

    fingerprint: of the data it was made from. feed: the feed's permanent name, e.g. 'topics/3', whatever its path is.
    A feed that was removed keeps its rows, without bytes, for the answer 410; one that was renamed for the answer 301:
    `moved_to` is its new path.
    """

    __tablename__ = "feed_document"

    path: str = Field(primary_key=True)
    form: str = Field(primary_key=True, max_length=8)
    version: int = Field(index=True)
    feed: str = Field(default="", max_length=64, index=True)
    moved_to: str = ""
    fingerprint: str = Field(default="", max_length=64)
    etag: str
    last_modified: datetime
    gzip: bytes
    brotli: bytes


# PostgreSQL tries to compress what is compressed, which takes longer than to store it (measured: 5 of 6 ms a feed).
for _column in ("gzip", "brotli"):
    event.listen(
        FeedDocumentRow.__table__,  # type: ignore[attr-defined] # SQLModel declares no __table__
        "after_create",
        DDL(f"ALTER TABLE feed_document ALTER COLUMN {_column} SET STORAGE EXTERNAL").execute_if(dialect="postgresql"),  # type: ignore[no-untyped-call] # as SQLAlchemy has it
    )


class InstallationRow(SQLModel, table=True):
    """Facts about this installation that never change, such as the prefix of its tag URIs."""

    __tablename__ = "installation"

    name: str = Field(primary_key=True, max_length=32)
    value: str
