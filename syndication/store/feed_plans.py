"""Which feeds there are: of everything, by topic, by source, by language; and those made only when they are asked for."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, NamedTuple

from sqlalchemy import ScalarSelect, SQLColumnExpression, String, cast, func, literal, select
from sqlmodel import Session, col

from syndication.domain.site import Site
from syndication.lang.names import language_name
from syndication.store.tables import ArchiveEntryRow, ArticleRow, NewsletterRow, NewsletterTopicRow, SourceRow, TopicRow

ITEMS: Final = 50
"""How many articles a feed holds, and a page of its archive. Source: JSON Feed 1.1, 'under 100 KB ideal, 250 KB fine'."""

_SHORT: Final = "/summary"


class FeedKind(StrEnum):
    """What a feed is made of; the middle of its address and of its id."""

    ALL = "all"
    TOPIC = "topics"
    SOURCE = "sources"
    LANGUAGE = "languages"
    CHOICE = "choices"


EVERYTHING: Final = f"{FeedKind.ALL}/0"
"""The permanent name of the feed of all articles; what is in any other is in it."""


class Page(NamedTuple):
    """A page of a feed's archive, 1 being the oldest. articles: how many of its places are meant, the oldest ones.

    A page that is not full yet has an address of its own for each number of articles, so that no address ever changes
    its articles.
    """

    number: int
    articles: int = ITEMS

    @property
    def last(self) -> int:
        """The place of its newest article in the feed's history."""
        return (self.number - 1) * ITEMS + self.articles

    @property
    def name(self) -> str:
        """How addresses call it: '7', or '7-12' for the first 12 articles of page 7."""
        return str(self.number) if self.articles == ITEMS else f"{self.number}-{self.articles}"


@dataclass(frozen=True, slots=True)
class FeedPlan:
    """A feed that can be published. name: permanent, e.g. 'topics/3': renaming the topic does not change it.

    topics: ids of the topics whose articles are in it, none for those of any topic. source: id, 0 for all. languages:
    codes as articles have them, none for all. wording: the language wanted of articles that have several. summary:
    without full texts. query: what follows the ending in its address. pages: how many full pages its archive has. begun: how
    many articles the page after those has, 0 where all of them are in the feed itself. logo: name of the picture of the
    newsletter that it belongs to, "" for none.
    """

    kind: FeedKind
    name: str
    path: str
    title: str
    description: str
    language: str = ""
    topics: tuple[int, ...] = ()
    source: int = 0
    languages: tuple[str, ...] = ()
    wording: str = ""
    summary: bool = False
    query: str = ""
    pages: int = 0
    begun: int = 0
    logo: str = ""

    @property
    def history(self) -> str:
        """The name of the feed whose history its archive shows: a feed without full texts has that of the whole one."""
        return self.name.removesuffix(_SHORT) if self.summary else self.name


def pages_of(plan: FeedPlan) -> Iterator[Page]:
    """The pages of a feed's archive, the newest first."""
    if plan.begun:
        yield Page(plan.pages + 1, plan.begun)
    yield from map(Page, range(plan.pages, 0, -1))


def planned_feeds(session: Session, site: Site, names: Collection[str] | None = None) -> list[FeedPlan]:
    """All feeds that are kept ready: everything, each enabled topic, each source, each language. names: only of these."""
    topics = select(TopicRow, _full_pages(_name(FeedKind.TOPIC, col(TopicRow.id)))).where(col(TopicRow.enabled))
    sources = select(SourceRow, _full_pages(_name(FeedKind.SOURCE, col(SourceRow.id))))
    if names is not None:
        topics = topics.where(col(TopicRow.id).in_(_ids(FeedKind.TOPIC, names)))
        sources = sources.where(col(SourceRow.id).in_(_ids(FeedKind.SOURCE, names)))
    topics, sources = topics.order_by(col(TopicRow.position), col(TopicRow.id)), sources.order_by(col(SourceRow.id))
    languages = languages_of(session).items()
    plans = [
        with_pages(session, FeedPlan(FeedKind.ALL, EVERYTHING, "/feeds/all", site.title, site.description)),
        *(replace(topic_plan(row, site), pages=pages) for row, pages in session.execute(topics)),
        *(replace(source_plan(row, site), pages=pages) for row, pages in session.execute(sources)),
        *(with_pages(session, language_plan(family, codes, site)) for family, codes in languages),
    ]
    logos = _logos(session)
    return [replace(plan, logo=_logo(plan, logos)) for plan in plans if names is None or plan.name in names]


def _ids(kind: FeedKind, names: Collection[str]) -> list[int]:
    """The numbers in the names of one kind of feeds."""
    return [int(name.removeprefix(f"{kind}/")) for name in names if name.startswith(f"{kind}/")]


def topic_plan(row: TopicRow, site: Site) -> FeedPlan:
    """The feed of one topic."""
    path = f"/feeds/{FeedKind.TOPIC}/{row.slug}"
    name = f"{FeedKind.TOPIC}/{row.id}"
    return FeedPlan(FeedKind.TOPIC, name, path, _title(row.title, site), row.description, topics=(row.id or 0,))


def union_plan(rows: Sequence[TopicRow], site: Site) -> FeedPlan:
    """The feed of several topics. rows: in the order of their slugs, each once."""
    path = f"/feeds/{FeedKind.TOPIC}/{'+'.join(row.slug for row in rows)}"
    ids = tuple(sorted(row.id or 0 for row in rows))
    name = f"{FeedKind.TOPIC}/{'+'.join(map(str, ids))}"
    titles = " + ".join(row.title for row in sorted(rows, key=lambda row: (row.position, row.id or 0)))
    return FeedPlan(FeedKind.TOPIC, name, path, _title(titles, site), "", topics=ids)


def varied(plan: FeedPlan, languages: dict[str, tuple[str, ...]], *, lang: str, summary: bool) -> FeedPlan | None:
    """The same feed in one language, or without full texts; None when it has nothing in this language.

    The parts of the query stand in a fixed order, so that one feed has one address.
    """
    asked = []
    if lang:
        if lang not in languages:
            return None
        plan = replace(plan, name=f"{plan.name}/{lang}", language=lang, languages=languages[lang])
        asked.append(f"lang={lang}")
    if summary:
        plan = replace(plan, name=f"{plan.name}{_SHORT}", summary=True)
        asked.append("content=summary")
    return replace(plan, query=f"?{'&'.join(asked)}") if asked else plan


def languages_of(session: Session) -> dict[str, tuple[str, ...]]:
    """The languages articles are in ('en') with all codes that belong to each ('en', 'en-US'), in alphabetical order."""
    codes, last = [], ""
    # One step in the index for each language, however many articles there are.
    while found := session.execute(
        select(func.min(ArticleRow.language)).where(col(ArticleRow.language) > last)
    ).scalar():
        codes.append(found)
        last = found
    families = defaultdict[str, list[str]](list)
    for code in codes:
        family = family_of(code)
        if family.isascii() and family.isalpha():
            families[family].append(code)
    return {family: tuple(families[family]) for family in sorted(families)}


def family_of(code: str) -> str:
    """The language without its region: 'en' of 'en-US'."""
    return code.split("-", maxsplit=1)[0].lower()


def source_plan(row: SourceRow, site: Site) -> FeedPlan:
    """The feed of one source."""
    path = f"/feeds/{FeedKind.SOURCE}/{row.slug}"
    name = f"{FeedKind.SOURCE}/{row.id}"
    return FeedPlan(FeedKind.SOURCE, name, path, _title(row.title, site), "", row.language, source=row.id or 0)


def language_plan(family: str, codes: tuple[str, ...], site: Site) -> FeedPlan:
    """The feed of all articles in one language. codes: as articles have them."""
    name = f"{FeedKind.LANGUAGE}/{family}"
    title = _title(language_name(family), site)
    return FeedPlan(FeedKind.LANGUAGE, name, f"/feeds/{name}", title, "", family, languages=codes)


def _title(own: str, site: Site) -> str:
    return f"{own} · {site.title}"


def with_logo(session: Session, plan: FeedPlan) -> FeedPlan:
    """The plan with the picture of the newsletter that it belongs to, for plans that are not kept ready."""
    return replace(plan, logo=_logo(plan, _logos(session)))


def with_pages(session: Session, plan: FeedPlan) -> FeedPlan:
    """The plan with the full pages of its archive. Unions and one language of a feed have none."""
    return replace(plan, pages=session.execute(select(_full_pages(literal(plan.history)))).scalar_one())


def _logos(session: Session) -> list[tuple[int, str]]:
    """The topics that newsletters with a logo offer, and the logo; the oldest newsletter first."""
    rows = session.execute(
        select(col(NewsletterTopicRow.topic_id), col(NewsletterRow.logo))
        .join(NewsletterRow, col(NewsletterRow.id) == col(NewsletterTopicRow.newsletter_id))
        .where(col(NewsletterRow.logo) != "")
        .order_by(col(NewsletterRow.id), col(NewsletterTopicRow.topic_id))
    )
    return [(topic_id, logo) for topic_id, logo in rows]


def _logo(plan: FeedPlan, logos: Sequence[tuple[int, str]]) -> str:
    """Of the oldest newsletter that offers one of the plan's topics; of any where it has none."""
    return next((logo for topic_id, logo in logos if topic_id in plan.topics or not plan.topics), "")


def _full_pages(feed: SQLColumnExpression[str]) -> ScalarSelect[int]:
    """How many pages of the archive of a feed (name) are full: one look into the index, however long its history is."""
    full = func.coalesce(func.max(ArchiveEntryRow.number), 0) // ITEMS
    return select(full).where(col(ArchiveEntryRow.feed) == feed).scalar_subquery()


def _name(kind: FeedKind, key: SQLColumnExpression[int | None]) -> SQLColumnExpression[str]:
    """The permanent name of a feed, told by the database."""
    return literal(f"{kind}/") + cast(key, String)
