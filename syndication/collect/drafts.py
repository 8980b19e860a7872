"""Draft → item: the one way on which every kind of source is cleaned, dated, sanitised and named."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from typing import Final

from syndication.collect.dates import Written, parse_date, published
from syndication.collect.identity import Named, canonical_url, native_keys
from syndication.domain.articles import Enclosure, Item, Wording
from syndication.html.links import absolute
from syndication.html.sanitise import sanitise_and_read
from syndication.html.text import clean_line, lead, plain_text, reading_minutes, shorten
from syndication.lang.detect import detect, normalise

ITEMS: Final = 300
_CONTENT_BYTES: Final = 1024 * 1024
_TITLE_CHARACTERS: Final = 500
_TITLE_FROM_TEXT: Final = 100
_SUMMARY_CHARACTERS: Final = 500
_LISTED: Final = 32
_NAME_CHARACTERS: Final = 100


@dataclass(frozen=True, slots=True)
class Draft:
    """What a parser found, untouched. title: plain text. summary, content: HTML. link: as written, maybe relative.

    base: what links are resolved against, "" for what the source says. translations: title and summary plain text, content
    HTML. variants: addresses, as written, of the same article in other languages. dates: in order of preference.
    """

    native_id: str = ""
    link: str = ""
    title: str = ""
    summary: str = ""
    content: str = ""
    base: str = ""
    dates: tuple[Written, ...] = ()
    updated: str = ""
    language: str = ""
    authors: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    enclosures: tuple[Enclosure, ...] = ()
    image: str = ""
    ai_generated: bool | None = None
    translations: tuple[Wording, ...] = ()
    variants: tuple[str, ...] = ()
    repairs: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Context:
    """What a whole document says about its items. base_url: absolute or "". now: aware UTC. zone: of dates without one."""

    now: datetime
    base_url: str = ""
    language: str = ""
    zone: tzinfo = UTC


def finish(drafts: Sequence[Draft], context: Context) -> tuple[Item, ...]:
    """The items of one document in their order, each once; an item without a single word is left out."""
    made = [item for item in (_finish(draft, context) for draft in drafts) if item is not None]
    keys = native_keys([Named(item.native_id, item.url, f"{item.title}\0{item.content}") for item in made])
    return tuple(_named(item, key) for item, key in zip(made, keys, strict=True) if key is not None)


def _finish(draft: Draft, context: Context) -> Item | None:
    base = absolute(draft.base, context.base_url) or context.base_url
    url = absolute(draft.link, base)
    place = absolute(draft.base, context.base_url) or url or base
    content, text, cut = _content(draft.content or draft.summary, place)
    title = shorten(clean_line(draft.title), _TITLE_CHARACTERS)
    summary = _summary(draft, text)
    if not title and not text and not summary:
        return None
    when, date_repairs = published(draft.dates, context.now, context.zone)
    updated = parse_date(draft.updated, context.zone)
    repairs = [*draft.repairs, *cut, *date_repairs]
    if not title:
        title = shorten(lead(text, 1) or summary, _TITLE_FROM_TEXT)
        repairs.append("no title: the first words are used")
    if draft.link and url and url != draft.link.strip():
        repairs.append("a relative link was made absolute")
    enclosures = _enclosures(draft, base)
    image_url = absolute(draft.image, base)
    return Item(
        native_key="",
        native_id=clean_line(draft.native_id),
        url=url,
        canonical_url=canonical_url(url),
        title=title,
        summary=summary,
        content=content,
        published=when,
        content_hash=_hash(title, summary, content, url, image_url, *(enclosure.url for enclosure in enclosures)),
        language=_language(draft, context, f"{title}\n{text or summary}"),
        updated_at=min(updated[0], context.now) if updated else None,
        authors=_names(draft.authors),
        tags=_names(draft.tags),
        enclosures=enclosures,
        image_url=image_url,
        ai_generated=draft.ai_generated,
        reading_minutes=reading_minutes(text),
        repairs=tuple(repairs),
    )


def _named(item: Item, key: str) -> Item:
    return replace(item, native_key=key)


def _content(written: str, base: str) -> tuple[str, str, tuple[str, ...]]:
    """Sanitised HTML, its plain text, and a note when it had to be cut."""
    cut = written[:_CONTENT_BYTES]
    notes = () if len(cut) == len(written) else ("the text was cut at 1 MiB",)
    return *sanitise_and_read(cut, base), notes


def _summary(draft: Draft, text: str) -> str:
    """The source's own summary where it is one; else the first sentences."""
    own = clean_line(plain_text(draft.summary)) if draft.summary else ""
    if own and (draft.content or len(own) <= _SUMMARY_CHARACTERS):
        return shorten(own, _SUMMARY_CHARACTERS)
    return lead(text)


def _language(draft: Draft, context: Context, words: str) -> str:
    return normalise(draft.language) or normalise(context.language) or detect(words)


def _names(written: Sequence[str]) -> tuple[str, ...]:
    cleaned = (clean_line(name)[:_NAME_CHARACTERS] for name in written)
    return tuple(dict.fromkeys(name for name in cleaned if name))[:_LISTED]


def _enclosures(draft: Draft, base: str) -> tuple[Enclosure, ...]:
    found = (
        Enclosure(absolute(enclosure.url, base), clean_line(enclosure.media_type)[:_NAME_CHARACTERS], enclosure.length)
        for enclosure in draft.enclosures
    )
    return tuple(enclosure for enclosure in found if enclosure.url)[:_LISTED]


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
