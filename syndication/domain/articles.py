"""Article and item: one piece of content, as it was read and as the later stages see it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

_CLOSED: Final = frozenset(".!?…。！？")  # noqa: RUF001 - these marks are meant


class Precision(StrEnum):
    """How exact a publication date is."""

    DAY = "day"
    MINUTE = "minute"
    SECOND = "second"


class DateOrigin(StrEnum):
    """Where a publication date was found."""

    FEED = "feed"
    FILE = "file"
    META = "meta"
    JSON_LD = "json_ld"
    URL = "url"
    FIRST_SEEN = "first_seen"


@dataclass(frozen=True, slots=True)
class Published:
    """When an article came out, and how we know.

    at: aware UTC, never in the future when it was read. raw: the words it was read from, "" when there were none.
    """

    at: datetime
    precision: Precision
    origin: DateOrigin
    raw: str = ""


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A file that belongs to an article. length: bytes, None when unknown."""

    url: str
    media_type: str
    length: int | None = None


@dataclass(frozen=True, slots=True)
class Wording:
    """An article in a further language. Fields as in Item."""

    language: str
    title: str
    summary: str = ""
    content: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """The one normalised form of whatever a source handed out; every kind of source ends here.

    native_key: what identifies the item within its source. url: absolute http(s), "" when there is none.
    canonical_url: a key for comparing, never shown. title, summary: plain text of one line or paragraph.
    content: sanitised HTML with absolute links, "" when the source gave none. language: RFC 5646, "" when unknown.
    content_hash: changes exactly when a reader would see a change. ai_generated: None when the source does not say.
    reading_minutes: at least 1.
    translations: further wordings that came with it. variants: keys (as canonical_url) of addresses where the same
    article stands in other languages. is_teaser: the source gave no more than a few sentences.
    repairs: what was mended on the way, in words for the admin.
    """

    native_key: str
    native_id: str
    url: str
    canonical_url: str
    title: str
    summary: str
    content: str
    published: Published
    content_hash: str
    language: str = ""
    updated_at: datetime | None = None
    authors: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    enclosures: tuple[Enclosure, ...] = ()
    image_url: str = ""
    ai_generated: bool | None = None
    reading_minutes: int = 1
    translations: tuple[Wording, ...] = ()
    variants: tuple[str, ...] = ()
    is_teaser: bool = False
    repairs: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class KnownArticle:
    """What the store knows of an article when the same native key, or the same address, is read again."""

    article_id: int
    content_hash: str
    revision: int
    removed: bool = False
    native_key: str = ""
    native_id: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an article is in a topic. terms: the words of the rule that matched, as the rule spells them."""

    topic: str
    title: str
    terms: tuple[str, ...]
    score: float


@dataclass(frozen=True, slots=True)
class Document:
    """An article as the classifier reads it. text: plain text of summary and content together.

    revision: of the wording; a verdict on an older one is not kept.
    """

    article_id: int
    title: str
    text: str
    language: str = ""
    revision: int = 1


@dataclass(frozen=True, slots=True)
class Mention:
    """Another article that tells the same as a story that is listed. uid: permanent public id."""

    article_id: int
    uid: str
    url: str
    source_title: str


@dataclass(frozen=True, slots=True)
class Story:
    """An article as a digest and a page show it.

    seq: its place in the order of acceptance, None for history (backfill). uid: permanent public id.
    first_seen_at: aware UTC; ranking ages by it. reasons: one for each topic the article belongs to, strongest first.
    story_id: the same for articles that tell the same event, None for one that stands alone. also: those of them that a
    digest does not list by themselves.
    """

    article_id: int
    seq: int | None
    uid: str
    url: str
    title: str
    summary: str
    language: str
    source: str
    source_title: str
    published_at: datetime
    first_seen_at: datetime
    reading_minutes: int
    reasons: tuple[Reason, ...]
    ai_generated: bool | None = None
    story_id: int | None = None
    also: tuple[Mention, ...] = ()

    @property
    def beyond_title(self) -> str:
        """The summary without what the title says already."""
        return beyond(self.title, self.summary)

    @property
    def key(self) -> str:
        """Equal for stories that show the same articles."""
        return "+".join(str(number) for number in (self.article_id, *(other.article_id for other in self.also)))

    def reason_for(self, topic: str) -> Reason | None:
        """The reason for one topic's slug, None when the article is not in it."""
        return next((reason for reason in self.reasons if reason.topic == topic), None)


def beyond(title: str, words: str) -> str:
    """What follows in `words` where they open with the title, as they do when an item without one is called by its first words.

    Only a title that ends a sentence, was cut short or is all of the words counts; else words that begin alike stay whole.
    """
    opening = title.removesuffix("…")
    if not words.startswith(opening) or (not is_closed(title) and words != title):
        return words
    rest = words[len(opening) :].strip()
    return f"…{rest}" if rest and opening != title else rest


def is_closed(words: str) -> bool:
    """Whether words end as a sentence does, or show that they were cut short."""
    return words.rstrip("\"'”’»)")[-1:] in _CLOSED  # noqa: RUF001 - these marks are meant


def told_once(stories: Sequence[Story]) -> list[Story]:
    """The stories in order, those that tell the same event as one: the one that fits its topics best, the others beside it."""
    groups: dict[int, list[Story]] = {}
    for story in stories:
        groups.setdefault(-story.article_id if story.story_id is None else story.story_id, []).append(story)
    found = []
    for told in groups.values():
        first = max(
            told, key=lambda story: (max((reason.score for reason in story.reasons), default=0), -story.article_id)
        )
        others = sorted((story for story in told if story is not first), key=lambda story: story.article_id)
        also = tuple(Mention(other.article_id, other.uid, other.url, other.source_title) for other in others)
        found.append(replace(first, also=also) if also else first)
    return found
