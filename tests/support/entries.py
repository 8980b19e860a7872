"""Entries as somebody may write them down: every field, and words that are hard to write."""

from typing import Any, Final

from hypothesis import strategies as st

from syndication.domain.entries import Entries, ScheduleEntry
from syndication.domain.newsletters import Newsletter
from syndication.domain.pictures import Picture, picture_from
from syndication.domain.source_options import ApiRules, Identity, PageRules, Paging, Preset, SourceOptions
from syndication.domain.sources import Source
from syndication.domain.states import Cadence, FirstFetch, SourceKind, UnknownPolicy
from syndication.domain.topics import Topic

RULES: Final = ("agent*", '"ai agent*"\nOR title:mcp', "a WITH (b OR c)\n   NOT d", "it's OR 'quoted'")
_WORDS: Final = st.text(st.sampled_from("aZ9 é→\"'\\#=[]{}\n\t\x7f🦊"), max_size=20)
_TITLES: Final = _WORDS.map(lambda words: f"T{words}")
# Few, so that two sets of entries have some in common.
_SLUGS: Final = st.sampled_from(["a", "b-2", "0c", "d"])
_WITH_OWN_HOURS: Final = "d"
_COLOURS: Final = st.sampled_from(["#0b5fa5", "#f3f4f6", "#ABCDEF"])
_ZONES: Final = st.sampled_from(["Europe/Rome", "UTC", "Asia/Tokyo"])
_SELECTORS: Final = st.sampled_from(["", "li.post", "a[href^='/x']", 'h2 "x"'])


def picture(width: int) -> Picture:
    """A picture of this width."""
    size = width.to_bytes(4) + (10).to_bytes(4)
    return picture_from(b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\rIHDR" + size)


def _options() -> st.SearchStrategy[SourceOptions]:
    page = st.builds(PageRules, item=_SELECTORS, link=_SELECTORS, title=_SELECTORS)
    api = st.builds(
        ApiRules,
        preset=st.sampled_from(Preset),
        items=st.sampled_from(["", "data.articles"]),
        languages=st.lists(st.sampled_from(["en", "it"]), unique=True).map(tuple),
        paging=st.sampled_from(Paging),
        pages=st.integers(1, 50),
    )
    return st.builds(
        SourceOptions,
        full_text=st.booleans(),
        identity=st.sampled_from(Identity),
        zone=_ZONES,
        max_items=st.integers(1, 2000),
        page=st.just(PageRules()) | page,
        api=st.just(ApiRules()) | api,
    )


@st.composite
def _source(draw: st.DrawFn, slug: str) -> Source:
    kind = draw(st.sampled_from(SourceKind))
    places = {SourceKind.PUSH: "", SourceKind.FOLDER: f"/srv/{slug}"}
    return Source(
        slug=slug,
        title=draw(_WORDS),
        kind=kind,
        location=places.get(kind, f"https://{slug}.example.org/feed?key=x&page={slug}"),
        base_url=draw(st.sampled_from(["", "https://example.org/"])),
        language=draw(st.sampled_from(["", "en", "it"])),
        first_fetch=draw(st.sampled_from(FirstFetch)),
        internal=draw(st.booleans()),
        full_text=draw(st.booleans()),
        options=draw(_options()),
    )


@st.composite
def _schedules(draw: st.DrawFn, most_minutes: int) -> tuple[ScheduleEntry, ...]:
    entry = st.builds(
        ScheduleEntry,
        cadence=st.sampled_from([Cadence.DAILY, Cadence.WEEKLY, Cadence.INSTANT]),
        cron=st.sampled_from(["30 7 * * FRI", "0 8 * * 1-5"]),
        zone=_ZONES,
        review_minutes=st.integers(0, most_minutes),
        enabled=st.booleans(),
        slug=st.sampled_from(["", "", "daily-2", "evening"]),
    )
    return tuple(draw(st.lists(entry, max_size=3, unique_by=lambda one: one.slug or object())))


@st.composite
def _newsletter(draw: st.DrawFn, slug: str, topics: list[str], logo: str) -> Newsletter:
    return Newsletter(
        slug=slug,
        title=draw(_TITLES),
        description=draw(_WORDS),
        sender_name=draw(_TITLES),
        sender_address=draw(st.sampled_from(["w@example.org", "letters@news.example.org"])),
        postal_address=draw(_TITLES),
        language=draw(st.sampled_from(["en", "it"])),
        topics=tuple(draw(st.lists(st.sampled_from(topics), min_size=1, unique=True))),
        reply_to=draw(st.sampled_from(["", "r@example.org"])),
        accent=draw(_COLOURS),
        unknown_policy=draw(st.sampled_from(UnknownPolicy)),
        own_hours=slug == _WITH_OWN_HOURS and draw(st.booleans()),
        languages=tuple(draw(st.lists(st.sampled_from(["en", "it"]), unique=True))),
        ground=draw(_COLOURS),
        logo=logo,
        header=draw(_WORDS),
        footer=draw(_WORDS),
        most_stories=draw(st.integers(0, 50)),
    )


@st.composite
def all_entries(draw: st.DrawFn) -> Entries:
    """Sound entries of every kind, in any number."""
    topics = [
        Topic(slug, draw(_TITLES), draw(_WORDS), draw(st.sampled_from(RULES)))
        for slug in draw(st.lists(_SLUGS, max_size=3, unique=True))
    ]
    sources = [draw(_source(slug)) for slug in draw(st.lists(_SLUGS, max_size=3, unique=True))]
    letters: list[tuple[Newsletter, tuple[ScheduleEntry, ...]]] = []
    pictures: list[Picture] = []
    for slug in draw(st.lists(_SLUGS, max_size=2, unique=True)) if topics else []:
        logo: Any = draw(st.none() | st.integers(1, 9).map(picture))
        pictures += [logo] if logo else []
        letter = draw(_newsletter(slug, [topic.slug for topic in topics], logo.name if logo else ""))
        letters.append((letter, draw(_schedules(0 if slug == _WITH_OWN_HOURS else 90))))
    names = [f"topic/{topic.slug}" for topic in topics] + [f"source/{source.slug}" for source in sources]
    off = frozenset(draw(st.lists(st.sampled_from(names), unique=True))) if names else frozenset[str]()
    return Entries(tuple(topics), tuple(sources), tuple(letters), tuple(pictures), off)
