"""Tables of what goes out: newsletter, template version, schedule, issue, digest, batch, delivery, notice."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Column, Field, SQLModel

from syndication.domain.delivery import Fault
from syndication.domain.preflight import Gate
from syndication.domain.states import (
    BatchState,
    Cadence,
    DeliveryState,
    Edit,
    IssueState,
    NoticeKind,
    UnknownPolicy,
)
from syndication.store.tables.columns import Words, big_key, big_number, big_reference, json_column, words


class NewsletterRow(SQLModel, table=True):
    """A publication."""

    __tablename__ = "newsletter"

    id: int | None = Field(default=None, primary_key=True)
    slug: str = Field(unique=True, max_length=64)
    title: str
    description: str = ""
    sender_name: str
    sender_address: str
    reply_to: str = ""
    postal_address: str
    language: str = "en"
    accent: str = "#0b5fa5"
    ground: str = "#f3f4f6"
    logo: str = ""
    header: str = ""
    footer: str = ""
    unknown_policy: UnknownPolicy = words(UnknownPolicy, UnknownPolicy.RESEND)
    # Readers may choose an hour and a zone of their own.
    own_hours: bool = False
    # What readers may choose from; none: whatever there are words for.
    languages: list[str] = json_column()
    # What a digest lists at most; 0 is what is usual at its cadence.
    most_stories: int = 0
    created_at: datetime


class NewsletterTopicRow(SQLModel, table=True):
    """A topic that a newsletter offers; `position` orders the sections of its digests."""

    __tablename__ = "newsletter_topic"

    newsletter_id: int = Field(foreign_key="newsletter.id", primary_key=True)
    topic_id: int = Field(foreign_key="topic.id", primary_key=True)
    position: int = 0


class PictureRow(SQLModel, table=True):
    """A logo that some mail or page may show; kept for good, as mails that went out name it."""

    __tablename__ = "picture"

    name: str = Field(primary_key=True, max_length=64)
    kind: str = Field(max_length=16)
    width: int
    height: int
    body: bytes


class TemplateVersionRow(SQLModel, table=True):
    """One immutable version of an e-mail template, compiled. Exactly one version a name and newsletter is active.

    newsletter_id: None for the versions that come with the product. html: MJML already compiled, still with Jinja tags.
    """

    __tablename__ = "template_version"
    __table_args__ = (UniqueConstraint("name", "newsletter_id", "hash"),)

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=32)
    newsletter_id: int | None = Field(default=None, foreign_key="newsletter.id")
    hash: str = Field(max_length=64)
    subject: str
    text: str
    mjml: str
    html: str
    is_active: bool = False
    author: str = ""
    created_at: datetime


class ScheduleRow(SQLModel, table=True):
    """When a newsletter goes out. `last_cut`: the seq its readers were served up to; a freeze moves it.

    is_own: made on demand, for readers who chose this hour and zone themselves; it has no slug. review_s: how long before
    its slot an issue is composed, to be looked at. slug: what config/ calls it, given once.
    """

    __tablename__ = "schedule"
    __table_args__ = (Index("ix_schedule_newsletter_id_slug", "newsletter_id", "slug", unique=True),)

    id: int | None = Field(default=None, primary_key=True)
    newsletter_id: int = Field(foreign_key="newsletter.id", index=True)
    slug: str | None = Field(default=None, max_length=64)
    cadence: Cadence = words(Cadence)
    cron: str
    zone: str
    enabled: bool = True
    next_slot: datetime = Field(index=True)
    last_cut: int = 0
    max_late_s: int = 86_400
    version: int = 1
    is_own: bool = False
    review_s: int = 0


class IssueRow(SQLModel, table=True):
    """One dated number of a newsletter. Its window is (from_seq, cut_seq], None until it is frozen.

    frozen_at: when its window was fixed; once its review is over, when that was: its mails bear this date.
    planned_at: since when every delivery row is there; before, the freeze can be undone. closed_at: no row waits or flies.
    review_until: when an issue in review goes by itself, None while it is held. is_stale: it was edited since it was planned.
    own_subject: the editor's, "" for the strongest headline; subject: what most readers get. intro: words of the editor
    above the stories; all there need be of an announcement, which has neither schedule nor slot.
    topics: slugs that an announcement is for, empty for all readers.
    gate: whether it may be sent; findings: of the last check before (`store.gating`).
    """

    __tablename__ = "issue"
    __table_args__ = (UniqueConstraint("schedule_id", "slot"),)

    id: int | None = Field(default=None, primary_key=True)
    newsletter_id: int = Field(foreign_key="newsletter.id", index=True)
    schedule_id: int | None = Field(default=None, foreign_key="schedule.id")
    slot: datetime | None = None
    state: IssueState = words(IssueState, IssueState.DUE, index=True)
    note: str = ""
    subject: str = ""
    from_seq: int | None = None
    cut_seq: int | None = None
    planned: int = 0
    created_at: datetime
    frozen_at: datetime | None = None
    planned_at: datetime | None = None
    closed_at: datetime | None = None
    review_until: datetime | None = None
    is_stale: bool = False
    intro: str = ""
    own_subject: str = ""
    topics: list[str] = json_column()
    gate: Gate = words(Gate, Gate.OPEN)
    findings: list[dict[str, Any]] = json_column(list)


class IssueEditRow(SQLModel, table=True):
    """What an editor did with an article in review; the latest word counts."""

    __tablename__ = "issue_edit"

    issue_id: int = Field(foreign_key="issue.id", primary_key=True)
    article_id: int = big_reference("article.id", primary_key=True)
    edit: Edit = words(Edit)
    by: str = ""
    at: datetime


class IssueArticleRow(SQLModel, table=True):
    """An article that some reader of an issue may get."""

    __tablename__ = "issue_article"

    issue_id: int = Field(foreign_key="issue.id", primary_key=True)
    article_id: int = big_reference("article.id", primary_key=True)


class DigestPartRow(SQLModel, table=True):
    """A piece of rendered bodies, such as an article's row, kept once. name: a hash of the text."""

    __tablename__ = "digest_part"

    name: str = Field(primary_key=True, max_length=16)
    text: str


class DigestBodyRow(SQLModel, table=True):
    """A rendered body, shared by all digests with the same bytes; with splice marks for each reader's own links.

    is_cut: text and html are names of parts (`store.bodies` pieces them together).
    """

    __tablename__ = "digest_body"

    hash: str = Field(primary_key=True, max_length=64)
    subject: str
    text: str
    html: str
    is_cut: bool = False


class DigestRow(SQLModel, table=True):
    """An issue's content for one effective choice and start. content_hash: of items in order, sections, language, template.

    items: id of the article and of the topic it is listed under, in order. Neither is ever deleted.
    """

    __tablename__ = "digest"
    __table_args__ = (UniqueConstraint("issue_id", "start", "content_hash"),)

    id: int | None = big_key()
    issue_id: int = Field(foreign_key="issue.id")
    start: int
    content_hash: str = Field(max_length=64)
    body_hash: str = Field(foreign_key="digest_body.hash", max_length=64)
    language: str
    template_version_id: int = Field(foreign_key="template_version.id")
    more: int = 0
    items: list[tuple[int, int]] = json_column()


class DigestChoiceRow(SQLModel, table=True):
    """Which digest the readers of a segment with a given start get; the deliveries are inserted by joining this."""

    __tablename__ = "digest_choice"

    issue_id: int = Field(foreign_key="issue.id", primary_key=True)
    start: int = Field(primary_key=True)
    segment_id: int = Field(foreign_key="segment.id", primary_key=True)
    digest_id: int = big_reference("digest.id")


class DeliveryBatchRow(SQLModel, table=True):
    """The unit of leasing: an issue's deliveries with lo <= subscriber_id <= hi. The lease is (id, attempt).

    counted_attempt: for which attempt its counts hold; None: never counted (`store.counting`).
    """

    __tablename__ = "delivery_batch"
    __table_args__ = (UniqueConstraint("issue_id", "lane", "lo"),)

    id: int | None = big_key()
    issue_id: int = Field(foreign_key="issue.id")
    lane: str = Field(default="relay", max_length=128)
    lo: int
    hi: int
    state: BatchState = words(BatchState, BatchState.PENDING, index=True)
    attempt: int = 0
    lease_until: datetime | None = None
    next_at: datetime | None = None
    counted_attempt: int | None = None


class DeliveryCountRow(SQLModel, table=True):
    """How many deliveries of a batch ended alike. fault "" and code 0: none. reply: one of theirs."""

    __tablename__ = "delivery_count"

    batch_id: int = big_reference("delivery_batch.id", primary_key=True)
    state: DeliveryState = Field(sa_column=Column(Words(DeliveryState), primary_key=True))
    fault: str = Field(primary_key=True, max_length=16)
    code: int = Field(primary_key=True)
    enhanced: str = Field(primary_key=True)
    reply: str
    deliveries: int


class DeliveryRow(SQLModel, table=True):
    """One issue to one subscriber: the ledger. No index on state, so that PostgreSQL can update in place (measured).

    No foreign keys either: what `planning.insert_deliveries` copies has its own, and whoever deletes that looks here first
    (measured: three of them take three times as long as the row).
    """

    __tablename__ = "delivery"
    __table_args__ = (Index("ix_delivery_subscriber_id", "subscriber_id"),)

    issue_id: int = Field(primary_key=True)
    subscriber_id: int = big_number(primary_key=True)
    digest_id: int = big_number()
    state: DeliveryState = words(DeliveryState, DeliveryState.READY)
    attempt: int = 0
    resends: int = 0
    next_at: datetime | None = None
    taken_off_at: datetime | None = None
    settled_at: datetime | None = None
    code: int | None = None
    enhanced: str = ""
    reply: str = ""
    fault: Fault | None = words(Fault, nullable=True)


class NoticeRow(SQLModel, table=True):
    """A mail that is no issue, with the same fates as a delivery."""

    __tablename__ = "notice"

    id: int | None = big_key()
    kind: NoticeKind = words(NoticeKind)
    newsletter_id: int = Field(foreign_key="newsletter.id")
    subscriber_id: int = big_reference("subscriber.id", index=True)
    body_hash: str = Field(foreign_key="digest_body.hash", max_length=64)
    created_at: datetime
    state: DeliveryState = words(DeliveryState, DeliveryState.READY, index=True)
    attempt: int = 0
    resends: int = 0
    next_at: datetime | None = None
    taken_off_at: datetime | None = None
    settled_at: datetime | None = None
    code: int | None = None
    enhanced: str = ""
    reply: str = ""
    fault: Fault | None = words(Fault, nullable=True)


class LaneRow(SQLModel, table=True):
    """A way out: the relay, or a provider. next_free_at: the first instant that no reserved mail leaves at."""

    __tablename__ = "lane"

    name: str = Field(primary_key=True, max_length=128)
    next_free_at: datetime | None = None


class LaneUseRow(SQLModel, table=True):
    """How many mails of a lane were permitted in the five minutes from `span_at`."""

    __tablename__ = "lane_use"

    lane: str = Field(foreign_key="lane.name", primary_key=True, max_length=128)
    span_at: datetime = Field(primary_key=True)
    mails: int = 0
