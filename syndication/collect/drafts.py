"""Draft → item: the one way on which every kind of source is cleaned, dated, sanitised and named."""

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Final

from syndication.collect.dates import Written, parse_date, published
from syndication.collect.identity import Named, canonical_url, native_keys, without_language
from syndication.collect.titles import title_for
from syndication.domain.articles import Enclosure, Item, Wording
from syndication.domain.source_options import Identity
from syndication.domain.sources import Names
from syndication.html.links import absolute
from syndication.html.sanitise import sanitise_and_read
from syndication.html.text import clean_line, lead, plain_text, reading_minutes, shorten
from syndication.lang.detect import detect, normalise

ITEMS: Final = 300
_CONTENT_BYTES: Final = 1024 * 1024
_TITLE_CHARACTERS: Final = 500
_SUMMARY_CHARACTERS: Final = 500
_LISTED: Final = 32
_NAME_CHARACTERS: Final = 100
_TEASER_CHARACTERS: Final = 1200
_CUT_OFF: Final = ("…", "...", "[…]", "[...]", "Read more", "Continue reading", "Leggi tutto", "Continua a leggere")
_SURE_WORDS: Final = 12
_FEW_WORDS: Final = 5
_READING: Final = 4
"""Grows when drafts are read differently, so that no mark of an older version counts."""


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
class Unread:
    """An entry that is read only when it is new. native_id, link, base: as its draft has them.

    said: bytes that are the same only when the draft is. read: the draft.
    """

    native_id: str
    link: str
    base: str
    said: bytes
    read: Callable[[], Draft]


@dataclass(frozen=True, slots=True)
class Context:
    """What a whole document says about its items. base_url: absolute or "". now: aware UTC. zone: of dates without one.

    is_language_sure: the admin says so, not the document. identity: what names an item. marks: of items that need not be read again.
    """

    now: datetime
    base_url: str = ""
    language: str = ""
    is_language_sure: bool = False
    zone: tzinfo = UTC
    identity: Identity = Identity.AUTO
    marks: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Finished:
    """Items of one document and what Fetched says of those that were not read again."""

    items: tuple[Item, ...]
    marks: tuple[str, ...] = ()
    unchanged: int = 0
    names: Names = field(default_factory=Names)


def finish(entries: Sequence[Draft | Unread], context: Context) -> tuple[Item, ...]:
    """The items of one document in their order, each once; an item without a single word is left out."""
    return finish_new(entries, context).items


def finish_new(entries: Sequence[Draft | Unread], context: Context) -> Finished:
    """As `finish`, without the items whose mark is in `context.marks`."""
    unread = [_unread(entry) if isinstance(entry, Draft) else entry for entry in entries]
    named = [_offered(entry, context) for entry in unread]
    keys = native_keys(named, context.identity)
    items: list[Item] = []
    marks: list[str] = []
    called: list[tuple[str, Named]] = []
    unchanged = 0
    for entry, name, key in zip(unread, named, keys, strict=True):
        if key is None:
            continue
        mark = _mark(entry, context, key)
        item = None if mark in context.marks else _finish(entry.read(), context, key)
        if item is None and mark not in context.marks:
            continue
        unchanged += item is None
        items += [item] if item else []
        marks.append(mark)
        called.append((key, name))
    names = Names(
        tuple(key for key, _ in called),
        tuple(name.url for _, name in called),
        tuple((name.url, name.native_id) for _, name in called if name.url and name.native_id),
    )
    return Finished(tuple(items), tuple(marks), unchanged, names)


def _unread(draft: Draft) -> Unread:
    said = repr(draft).encode("utf-8", "surrogatepass")
    return Unread(draft.native_id, draft.link, draft.base, said, lambda: draft)


def _offered(entry: Unread, context: Context) -> Named:
    return Named(
        native_id=clean_line(entry.native_id),
        url=canonical_url(absolute(entry.link, _base(entry.base, context))),
        words=lambda: _words(entry.read()),
        headline=lambda: _headline(entry.read()),
    )


def _words(draft: Draft) -> str:
    title, text = clean_line(draft.title), plain_text(draft.content or draft.summary)
    # What has no words is told apart by what it points at.
    wordless = () if title or text else (draft.link, draft.image, *(file.url for file in draft.enclosures))
    return "\0".join((title, text, *wordless))


def _headline(draft: Draft) -> str:
    title = clean_line(draft.title)
    return f"{title.casefold()} {next((written.raw for written in draft.dates), '')}" if title else ""


def _mark(entry: Unread, context: Context, key: str) -> str:
    """The same only when the same item would come of the entry."""
    around = f"{_READING} {context.base_url} {context.language} {context.zone} {key} "
    said = around.encode("utf-8", "surrogatepass") + entry.said
    return base64.urlsafe_b64encode(hashlib.blake2b(said, digest_size=9).digest()).decode("ascii")


def _base(written: str, context: Context) -> str:
    return absolute(written, context.base_url) or context.base_url


def _finish(draft: Draft, context: Context, key: str) -> Item | None:
    base = _base(draft.base, context)
    url = absolute(draft.link, base)
    place = (draft.base and base) or url or base
    content, text, cut = _content(draft.content or draft.summary, place)
    title = shorten(clean_line(draft.title), _TITLE_CHARACTERS)
    summary = _summary(draft, text)
    enclosures = _enclosures(draft, base)
    image_url = absolute(draft.image, base)
    # A photograph or a link that somebody passes on has no words of its own.
    address = next(filter(None, (url, *(file.url for file in enclosures), image_url)), "")
    if not (title or text or summary or address):
        return None
    when, date_repairs = published(draft.dates, context.now, context.zone)
    updated = parse_date(draft.updated, context.zone)
    repairs = [*draft.repairs, *cut, *date_repairs]
    if not title:
        title, how = title_for(text or summary, address)
        repairs.append(how)
    if draft.link and url and url != draft.link.strip():
        repairs.append("a relative link was made absolute")
    canonical = canonical_url(url)
    return Item(
        native_key=key,
        native_id=clean_line(draft.native_id),
        url=url,
        canonical_url=canonical,
        title=title,
        summary=summary,
        content=content,
        published=when,
        content_hash=_hash(
            (title, summary, content, canonical, *(f"{one.title}{one.content}" for one in draft.translations)),
            (image_url, *(file.url for file in enclosures)),
        ),
        language=_language(draft, context, f"{title}\n{text or summary}"),
        updated_at=min(updated[0], context.now) if updated else None,
        authors=_names(draft.authors),
        tags=_names(draft.tags),
        enclosures=enclosures,
        image_url=image_url,
        ai_generated=draft.ai_generated,
        reading_minutes=reading_minutes(text),
        translations=tuple(_translation(wording, place) for wording in draft.translations),
        variants=_variants(draft, base, canonical),
        is_teaser=_is_teaser(draft, text),
        repairs=tuple(repairs),
    )


def _content(written: str, base: str) -> tuple[str, str, tuple[str, ...]]:
    """Sanitised HTML, its plain text, and a note when it had to be cut."""
    cut = written[:_CONTENT_BYTES]
    notes = () if len(cut) == len(written) else ("the text was cut at 1 MiB",)
    return *sanitise_and_read(cut, base), notes


def _summary(draft: Draft, text: str) -> str:
    """The source's own summary where it is one; else the first sentences. text: of the content, else of the summary."""
    # Images leave their alternative text in an article, not in a summary.
    is_read = not draft.content and "<img" not in draft.summary.lower()
    own = clean_line(text if is_read else plain_text(draft.summary)) if draft.summary else ""
    if own and (draft.content or len(own) <= _SUMMARY_CHARACTERS):
        return shorten(own, _SUMMARY_CHARACTERS)
    return lead(text)


def _language(draft: Draft, context: Context, words: str) -> str:
    """The item's own word; else the document's, unless the words clearly speak another language; else theirs."""
    said = normalise(draft.language)
    if said or (context.is_language_sure and context.language):
        return said or normalise(context.language)
    whole = normalise(context.language)
    found = detect(words, _SURE_WORDS if whole else _FEW_WORDS)
    return found if found and found != whole.partition("-")[0] else whole


def _names(written: Sequence[str]) -> tuple[str, ...]:
    cleaned = (clean_line(name)[:_NAME_CHARACTERS] for name in written)
    return tuple(dict.fromkeys(name for name in cleaned if name))[:_LISTED]


def _enclosures(draft: Draft, base: str) -> tuple[Enclosure, ...]:
    found = (
        Enclosure(absolute(enclosure.url, base), clean_line(enclosure.media_type)[:_NAME_CHARACTERS], enclosure.length)
        for enclosure in draft.enclosures
    )
    return tuple(enclosure for enclosure in found if enclosure.url)[:_LISTED]


def _translation(wording: Wording, base: str) -> Wording:
    content, text = sanitise_and_read(wording.content[:_CONTENT_BYTES], base)
    return Wording(
        normalise(wording.language),
        shorten(clean_line(wording.title), _TITLE_CHARACTERS),
        shorten(clean_line(wording.summary), _SUMMARY_CHARACTERS) or lead(text),
        content,
    )


def _variants(draft: Draft, base: str, canonical: str) -> tuple[str, ...]:
    """Keys of the article's addresses in other languages, said or by a parameter such as ?lang=en."""
    said = [canonical_url(absolute(link, base)) for link in draft.variants[:_LISTED]]
    bare = without_language(canonical)
    return tuple(dict.fromkeys(key for key in (*said, bare) if key and key != canonical))


def _is_teaser(draft: Draft, text: str) -> bool:
    return (not draft.content and len(text) < _TEASER_CHARACTERS) or text.endswith(_CUT_OFF)


def _hash(words: Sequence[str], files: Sequence[str]) -> str:
    """What a reader would see. Signatures in the addresses of files change with every visit and mean nothing."""
    parts = (*words, *(url.partition("?")[0] for url in files))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
