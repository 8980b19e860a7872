"""Plans of feeds → their documents, built a few feeds at a time and saved in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Self

from sqlmodel import Session

from syndication.domain.feeds import FeedFormat
from syndication.domain.site import Site
from syndication.publish.documents import Pack, dated, documents_of
from syndication.store.database import Database
from syndication.store.feed_documents import Edition, Published, published, save_documents
from syndication.store.feed_plans import FeedPlan
from syndication.store.pinging import queue_pings
from syndication.store.publishing import Outline, load_feeds, outline_feeds


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many documents (feed and format) got new bytes, how many stayed as they were; contended: feeds to be built again."""

    written: int = 0
    unchanged: int = 0
    contended: tuple[FeedPlan, ...] = ()

    def __add__(self, other: Self) -> "Outcome":
        """Of both together."""
        return Outcome(self.written + other.written, self.unchanged + other.unchanged, self.contended + other.contended)


@dataclass(frozen=True, slots=True)
class _Built:
    """The documents of a feed, and what was stored of it when they were made."""

    plan: FeedPlan
    edition: Edition


@dataclass(frozen=True, slots=True)
class FeedBuilder:
    """now: aware UTC; the date of changes that left none in the data."""

    database: Database
    site: Site
    now: datetime

    def publish(self, plans: Sequence[FeedPlan], pack: Pack = map) -> Outcome:
        """Build these feeds together and keep those whose data changed. pack: see `documents_of`."""
        built = self._build(plans, pack)
        outcome = Outcome(unchanged=(len(plans) - len(built)) * len(FeedFormat))
        return outcome + self._save(built) if built else outcome

    def are_new(self, plans: Sequence[FeedPlan]) -> bool:
        """Whether none of these feeds is published as it would be made now."""
        with self.database.read() as session:
            before = published(session, [plan.path for plan in plans])
            return len(self._stale(session, plans, before)) == len(plans)

    def _build(self, plans: Sequence[FeedPlan], pack: Pack) -> list[_Built]:
        """The feeds that are not published already."""
        with self.database.read() as session:
            before = published(session, [plan.path for plan in plans])
            stale = self._stale(session, plans, before)
            loaded = load_feeds(session, self.site, stale) if stale else []
        made = documents_of([dated(feed, before[feed.path].last_modified, self.now) for feed in loaded], pack)
        return [
            _Built(one.plan, Edition(documents, one.fingerprint, before[one.plan.path].version, one.plan.name))
            for one, documents in zip(stale, made, strict=True)
        ]

    def _stale(self, session: Session, plans: Sequence[FeedPlan], before: Mapping[str, Published]) -> list[Outline]:
        outlines = outline_feeds(session, self.site, plans)
        return [one for one in outlines if one.fingerprint != before[one.plan.path].fingerprint]

    def _save(self, built: Sequence[_Built]) -> Outcome:
        # One commit for all of them: a commit is dear beside building a feed.
        with self.database.write() as session:
            written = save_documents(session, [one.edition for one in built])
            return sum(map(partial(self._settle, session), built, written), Outcome())

    def _settle(self, session: Session, one: _Built, written: int | None) -> Outcome:
        if written is None:
            return Outcome(contended=(one.plan,))
        documents = one.edition.documents
        if written:
            addresses = [f"{self.site.public_url}{document.path}.{document.form}" for document in documents]
            queue_pings(session, self.site.hubs, addresses, self.now)
        return Outcome(written=written, unchanged=len(documents) - written)
