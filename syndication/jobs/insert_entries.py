"""Entries → rows: inserts what config/ names and the database does not know yet. The database is the truth."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from syndication.domain.configuration import Kind, fields_of, name_of
from syndication.domain.entries import Entries
from syndication.domain.plural import plural
from syndication.store.classifying import save_topic
from syndication.store.collecting import add_source
from syndication.store.configured import remember_alike, stored_entries, taken_over
from syndication.store.database import Database
from syndication.store.installing import ids_by_slug
from syndication.store.looks import keep_picture
from syndication.store.managing import pause_source
from syndication.store.newsletters import add_newsletter
from syndication.store.tables import NewsletterRow, SourceRow, TopicRow


@dataclass(frozen=True, slots=True)
class Inserted:
    """How many of each were new."""

    topics: int
    sources: int
    newsletters: int

    @property
    def words(self) -> str:
        """For the terminal."""
        if not (self.topics or self.sources or self.newsletters):
            return "nothing new"
        counts = {"topic": self.topics, "source": self.sources, "newsletter": self.newsletters}
        return ", ".join(plural(number, one) for one, number in counts.items()) + " inserted"


def insert_entries(database: Database, entries: Entries, now: datetime) -> Inserted:
    """Insert the entries that the database never knew, all or none, and remember what the files say of those it holds.

    One that was renamed or removed since is left alone. Raises RuleError or CronError for a wrong rule or schedule.
    """
    with database.write() as session:
        taken = taken_over(session)
        known = ids_by_slug(session, TopicRow).keys() | _slugs(taken, Kind.TOPIC)
        topics = [topic for topic in entries.topics if topic.slug not in known]
        for topic in topics:
            save_topic(session, topic, enabled=name_of(Kind.TOPIC, topic.slug) not in entries.off)
        known = ids_by_slug(session, SourceRow).keys() | _slugs(taken, Kind.SOURCE)
        sources = [source for source in entries.sources if source.slug not in known]
        for source in sources:
            number = add_source(session, source, now)
            if name_of(Kind.SOURCE, source.slug) in entries.off:
                pause_source(session, number)
        known = ids_by_slug(session, NewsletterRow).keys() | _slugs(taken, Kind.NEWSLETTER)
        for picture in entries.pictures:
            keep_picture(session, picture)
        newsletters = [entry for entry in entries.newsletters if entry[0].slug not in known]
        for newsletter, schedules in newsletters:
            add_newsletter(session, newsletter, schedules, now)
        remember_alike(session, fields_of(entries), fields_of(stored_entries(session)), now)
    return Inserted(len(topics), len(sources), len(newsletters))


def _slugs(taken: Iterable[str], kind: Kind) -> set[str]:
    return {name.partition("/")[2] for name in taken if name.startswith(name_of(kind, ""))}
