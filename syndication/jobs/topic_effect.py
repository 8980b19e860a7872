"""A rule that is being written → what it would change among the articles of the last days. Nothing is written."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from syndication.classify.percolator import classify
from syndication.domain.topics import Topic
from syndication.store.classifying import documents_of
from syndication.store.database import Database
from syndication.store.topics import accepted_among, recent_articles, titles_of

SPAN: Final = timedelta(days=30)
MOST: Final = 1_000
_LISTED: Final = 20


@dataclass(frozen=True, slots=True)
class Change:
    """An article that would come into a topic or go out of it. terms: the words that matched, for one that comes."""

    uid: str
    title: str
    terms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Effect:
    """looked_at: articles of the last 30 days, at most the newest 1,000. gained, lost: numbers; comes, goes: the newest of them."""

    looked_at: int
    stays: int
    gained: int
    lost: int
    comes: tuple[Change, ...]
    goes: tuple[Change, ...]


def effect_of(database: Database, topic_id: int | None, rule: str, now: datetime) -> Effect:
    """What a rule would change for a topic, None for one that is new. Raises RuleError."""
    with database.read() as session:
        ids = recent_articles(session, now - SPAN, MOST)
        before = accepted_among(session, topic_id, ids) if topic_id else set()
        documents = documents_of(session, ids)
    verdicts = classify(documents, [Topic("new", "", "", rule)])
    after = {verdict.article_id: verdict.terms for verdict in verdicts if verdict.accepted}
    gained = sorted(set(after) - before, reverse=True)
    lost = sorted(before - set(after), reverse=True)
    with database.read() as session:
        titles = titles_of(session, gained[:_LISTED] + lost[:_LISTED])
    return Effect(
        looked_at=len(ids),
        stays=len(before & set(after)),
        gained=len(gained),
        lost=len(lost),
        comes=tuple(Change(*titles[one], after[one]) for one in gained[:_LISTED] if one in titles),
        goes=tuple(Change(*titles[one]) for one in lost[:_LISTED] if one in titles),
    )
