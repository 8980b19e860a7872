"""Any address → what a source there would bring, with every repair and the topics, before anything is saved."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from syndication.classify.percolator import classify
from syndication.collect.discover import Candidate, discover
from syndication.collect.fetcher import SourceFetcher
from syndication.domain.articles import DateOrigin, Document, Item
from syndication.domain.sources import Fetched, FetchFailed, Source
from syndication.domain.states import SourceKind
from syndication.html.text import plain_text
from syndication.store.classifying import load_topics
from syndication.store.collecting import places
from syndication.store.database import Database


@dataclass(frozen=True, slots=True)
class Seen:
    """An item as it would be stored. topics: title of the topic and the words that matched. notes: what was mended."""

    item: Item
    topics: tuple[tuple[str, tuple[str, ...]], ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found at an address. source: as it would be saved. failure: why nothing can be read, None when something can.

    known_as: the slug of a source that is there already, "" for none. others: further addresses that were found.
    """

    source: Source
    items: tuple[Seen, ...] = ()
    notes: tuple[str, ...] = ()
    others: tuple[Candidate, ...] = ()
    hub: str = ""
    failure: str | None = None
    known_as: str = ""


def check_source(database: Database, fetcher: SourceFetcher, source: Source, now: datetime) -> Checked:
    """Look at a source without saving anything; when its address is a site's, at the feeds that the site has.

    now: aware UTC. Never raises for anything the address does.
    """
    result = fetcher.fetch(source, now)
    if isinstance(result, Fetched):
        return _checked(database, source, result)
    failure = result.reason if isinstance(result, FetchFailed) else "nothing came"
    if source.kind is not SourceKind.FEED or (isinstance(result, FetchFailed) and result.unreachable):
        return Checked(source, failure=failure)
    candidates = discover(fetcher.client, source)
    for number, candidate in enumerate(candidates):
        wanted = replace(source, location=candidate.url, kind=candidate.kind)
        found = fetcher.fetch(wanted, now)
        if isinstance(found, Fetched):
            others = tuple(one for one in candidates[number + 1 :] if not one.is_guess)
            return replace(_checked(database, wanted, found), others=others)
    return Checked(source, failure=failure)


def _checked(database: Database, source: Source, result: Fetched) -> Checked:
    with database.read() as session:
        topics = load_topics(session)
        known = places(session).get(source.location, "")
    documents = [
        Document(number, item.title, plain_text(f"{item.summary}\n{item.content}"), item.language)
        for number, item in enumerate(result.items)
    ]
    titles = {topic.slug: topic.title for topic in topics}
    reasons: dict[int, list[tuple[str, tuple[str, ...]]]] = {}
    for verdict in classify(documents, topics):
        if verdict.accepted:
            reasons.setdefault(verdict.article_id, []).append((titles[verdict.topic], tuple(verdict.terms)))
    items = tuple(Seen(item, tuple(reasons.get(number, ())), _notes(item)) for number, item in enumerate(result.items))
    named = replace(source, title=source.title or result.title or source.location)
    hub = next(iter(result.hubs), "")
    return Checked(named, items, _whole(result.items, result.repairs), hub=hub, known_as=known)


def _notes(item: Item) -> tuple[str, ...]:
    undated = item.published.origin is DateOrigin.FIRST_SEEN and not any("date" in note for note in item.repairs)
    return (*item.repairs, "no date: when we first saw it is used") if undated else item.repairs


def _whole(items: Sequence[Item], repairs: tuple[str, ...]) -> tuple[str, ...]:
    composed = sum(item.native_id not in {"", item.native_key} for item in items)
    doubtful = f"{composed} ids repeat or cannot be kept, so the address is part of what names these items"
    return (*repairs, doubtful) if composed else repairs
