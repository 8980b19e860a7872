"""Entries → rows: inserts what config/ names and the database does not know yet. The database is the truth."""

from dataclasses import dataclass
from datetime import datetime

from syndication.domain.entries import Entries
from syndication.domain.plural import plural
from syndication.store.classifying import save_topic
from syndication.store.collecting import add_source
from syndication.store.database import Database
from syndication.store.installing import known_slugs
from syndication.store.looks import keep_picture
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
    """Insert the entries whose slug is absent, all or none. Raises RuleError or CronError for a wrong rule or schedule."""
    with database.write() as session:
        known = known_slugs(session, TopicRow)
        topics = [topic for topic in entries.topics if topic.slug not in known]
        for topic in topics:
            save_topic(session, topic)
        known = known_slugs(session, SourceRow)
        sources = [source for source in entries.sources if source.slug not in known]
        for source in sources:
            add_source(session, source, now)
        known = known_slugs(session, NewsletterRow)
        for picture in entries.pictures:
            keep_picture(session, picture)
        newsletters = [entry for entry in entries.newsletters if entry[0].slug not in known]
        for newsletter, schedules in newsletters:
            add_newsletter(session, newsletter, schedules, now)
    return Inserted(len(topics), len(sources), len(newsletters))
