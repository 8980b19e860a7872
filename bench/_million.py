"""A database as years of use leave it: a million subscribers, 100,000 articles, issues with all their deliveries.

Written by the same SQL into both databases, in seconds rather than by the ways that fill it in use.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import bindparam, func, text, update
from sqlmodel import Session, col, select

from syndication.domain.states import Cadence, IssueState
from syndication.jobs.uploads import Uploads
from syndication.store.announcing import announce
from syndication.store.counting import count_batches
from syndication.store.database import Database
from syndication.store.reviewing import Words
from syndication.store.tables import (
    CounterRow,
    DigestBodyRow,
    DigestRow,
    IssueRow,
    ScheduleRow,
    SourceRow,
    SubscriberRow,
    TemplateVersionRow,
)
from syndication.store.uploads import add_upload
from tests.support import rows
from tests.support.website import Website

SOURCES: Final = 100
PAST_ISSUES: Final = 12
BATCH: Final = 1_000
_SUPPRESSED_ONE_IN: Final = 50
_NEWS: Final = 1_000
"""How many of the articles are newer than the last issue."""

_INSTANT: Final = SubscriberRow.__table__.c.created_at.type  # type: ignore[attr-defined] # SQLModel adds it

_NUMBERS: Final = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :most) "

_SUBSCRIBERS: Final = """
INSERT INTO subscriber (id, address, address_key, name, created_at)
SELECT i, 'reader' || i || '@example.com', 'reader' || i || '@example.com', '', :at FROM n
"""
# Nine of ten are confirmed; of those one in a hundred is paused. Two schedules, as a weekly and a daily.
_SUBSCRIPTIONS: Final = """
INSERT INTO subscription (id, newsletter_id, subscriber_id, status, schedule_id, segment_id, language, paused_until,
    created_at, confirmed_at, unsubscribed_at)
SELECT i, :newsletter, i,
    CASE WHEN i % 20 = 7 THEN 'unconfirmed' WHEN i % 20 = 9 THEN 'unsubscribed' ELSE 'confirmed' END,
    CASE WHEN i % 5 = 0 THEN :daily ELSE :weekly END,
    CASE WHEN i % 3 = 0 THEN :both WHEN i % 3 = 1 THEN :one ELSE :other END, 'en',
    CASE WHEN i % 100 = 3 THEN :later END, :at, CASE WHEN i % 20 <> 7 THEN :at END, CASE WHEN i % 20 = 9 THEN :at END
FROM n
"""
_CHOSEN: Final = """
INSERT INTO subscription_topic (subscription_id, topic_id, chosen_at) SELECT i, :topic, :at FROM n WHERE i % 3 <> :without
"""
_CONSENTS: Final = """
INSERT INTO consent_event (subscription_id, event, at, ip, user_agent, page, text_version, language, detail)
SELECT i, 'confirmed', :at, '', '', '', '', 'en', '{}' FROM n
"""
_SUPPRESSIONS: Final = """
INSERT INTO suppression (hmac, reason, created_at)
SELECT 'mark' || i, CASE WHEN i % 3 = 0 THEN 'complaint' WHEN i % 3 = 1 THEN '550 5.1.1' ELSE 'bounce 550 5.1.1' END, :at
FROM n
"""
_SOURCES: Final = """
INSERT INTO source (slug, title, kind, location, base_url, language, first_fetch, internal, options, id_faults,
    distrusted, full_text, marks, enabled, etag, last_modified, body_hash, fetched_before, interval_s, next_poll_at,
    failures, last_error, health, dated, wishes, created_at)
SELECT 'source-' || i, 'Source ' || i, 'feed', 'https://example.org/' || i, '', 'en', 'new', FALSE, '{}', 0,
    FALSE, TRUE, '', TRUE, '', '', '', TRUE, 3600, :at, 0, '', 'ok', 0, '{}', :at FROM n
"""
_ARTICLES: Final = """
INSERT INTO article (id, uid, source_id, native_key, native_id, canonical_url, url, seq, is_backfill, language,
    first_seen_at, published_at, published_precision, published_from, published_raw, updated_at, content_hash, revision,
    authors, tags, enclosures, image_url, reading_minutes, rules_version)
SELECT i, 'u' || i, :source + i % :sources, 'key' || i, '', 'https://example.org/' || i, 'https://example.org/' || i, i, FALSE,
    'en', {at}, {at}, 'second', 'first_seen', '', :now, 'hash' || i, 1, '[]', '[]', '[]', '', 1, 0 FROM n
"""
# Titles share a word here and there, as those of a field do. SQLite joins words before it reckons.
_TEXTS: Final = """
INSERT INTO article_text (article_id, language, title, summary, content, revision)
SELECT i, 'en', 'lab' || (CAST(i AS bigint) * 7919 % 997) || ' ships' || (i % 7) || ' model' || (CAST(i AS bigint) * 104729 % 1009)
    || ' for maker' || (CAST(i AS bigint) * 15485863 % 991) || ' gain' || (i % 983), 'In short: it happened.', '<p>It happened.</p>', 1
FROM n
"""
# One source of ten never brings anything in a topic.
_VERDICTS: Final = """
INSERT INTO classification (article_id, topic_id, accepted, score, terms, version, decided_at)
SELECT i, :topic, i % 10 <> 0 AND i / 100 % :every = 0, 0.1 + (i * 7919 % 800) / 1000.0, '[]', 1, :at FROM n
"""
# The age of an article in steps of ten minutes: the newest day has 144.
_AGE: Final = {
    "sqlite": "strftime('%Y-%m-%d %H:%M:%f000', :now, '-' || ((:most - i) * 10) || ' minutes')",
    "postgresql": "CAST(:now AS timestamptz) - (:most - i) * interval '10 minutes'",
}
_DELIVERIES: Final = """
INSERT INTO delivery (issue_id, subscriber_id, digest_id, state, attempt, resends, enhanced, reply, code, fault, settled_at)
SELECT :issue, i, :digest,
    CASE WHEN i % 500 = 7 THEN 'failed' WHEN i % 50 = 3 THEN 'deferred' ELSE 'accepted' END, 1, 0,
    CASE WHEN i % 1000 = 7 THEN '5.1.1' WHEN i % 500 = 7 THEN '5.7.1' WHEN i % 50 = 3 THEN '4.2.2' ELSE '2.0.0' END,
    CASE WHEN i % 500 = 7 THEN 'refused' ELSE 'queued as ' || i END,
    CASE WHEN i % 500 = 7 THEN 550 WHEN i % 50 = 3 THEN 451 ELSE 250 END,
    CASE WHEN i % 1000 = 7 THEN 'recipient' WHEN i % 500 = 7 THEN 'sender' END, :at
FROM n
"""
_BATCHES: Final = """
INSERT INTO delivery_batch (issue_id, lane, lo, hi, state, attempt)
SELECT :issue, 'relay', (i - 1) * :size + 1, i * :size, :state, 1 FROM n
"""
_COUNTED: Final = """
INSERT INTO delivery_count (batch_id, state, fault, code, enhanced, reply, deliveries)
SELECT id, 'accepted', '', 250, '2.0.0', 'queued', :size - 20 FROM delivery_batch WHERE issue_id = :issue
UNION ALL SELECT id, 'failed', 'recipient', 550, '5.1.1', 'gone', 20 FROM delivery_batch WHERE issue_id = :issue
"""
_CLAIMED: Final = "UPDATE delivery_batch SET state = 'claimed' WHERE id % 250 = 0 AND issue_id = :issue"
_HOLDS: Final = "UPDATE delivery_batch SET counted_attempt = attempt WHERE issue_id = :issue"


@dataclass(frozen=True, slots=True)
class Filled:
    """The issues that are not over. sending: to all readers, those before it were sent. review: an announcement to all."""

    sending: int
    review: int


def fill(website: Website, readers: int, articles: int) -> Filled:
    """Fill a website's database that has a newsletter, its topics 'agents' and 'local', and nothing else."""
    database, now = website.database, website.now
    with database.write() as session:
        frame = _frame(session, now)
    values = {**frame, "at": now - timedelta(days=400), "now": now, "later": now + timedelta(days=60)}
    _readers(database, readers, values)
    _articles(database, articles, values)
    for weeks in range(PAST_ISSUES, 0, -1):
        _sent(database, readers, values, now - timedelta(days=7 * weeks))
    sending = _sending(database, readers, values, now)
    with database.write() as session:
        review = announce(session, values["newsletter"], Words("A meeting", "We **meet** in Rome."), now)
    _list_of_before(website)
    while count_batches(database):
        pass
    _keep_up(database)
    return Filled(sending, review)


def _frame(session: Session, now: datetime) -> dict[str, Any]:
    """What the rows below belong to, by name."""
    weekly = session.exec(select(ScheduleRow)).one()
    return {
        "newsletter": weekly.newsletter_id,
        "weekly": weekly.id,
        "daily": rows.add_schedule(
            session, weekly.newsletter_id, cadence=Cadence.DAILY, cron="0 8 * * *", next_slot=now
        ),
        "one": rows.segment_of(session, ["agents"]),
        "other": rows.segment_of(session, ["local"]),
        "both": rows.segment_of(session, ["agents", "local"]),
        "agents": rows.topic_id_of(session, "agents"),
        "local": rows.topic_id_of(session, "local"),
    }


def _readers(database: Database, readers: int, values: dict[str, Any]) -> None:
    with database.write() as session:
        for statement in (_SUBSCRIBERS, _SUBSCRIPTIONS, _CONSENTS):
            _run(session, statement, readers, values)
        _run(session, _CHOSEN, readers, values | {"topic": values["agents"], "without": 2})
        _run(session, _CHOSEN, readers, values | {"topic": values["local"], "without": 1})
        _run(session, _SUPPRESSIONS, readers // _SUPPRESSED_ONE_IN, values)


def _articles(database: Database, articles: int, values: dict[str, Any]) -> None:
    age = _AGE["sqlite" if database.is_sqlite else "postgresql"]
    with database.write() as session:
        _run(session, _SOURCES, SOURCES, values)
        first = session.exec(select(func.min(SourceRow.id))).one()
        _run(session, _ARTICLES.format(at=age), articles, values | {"source": first, "sources": SOURCES})
        _run(session, _TEXTS, articles, values)
        _run(session, _VERDICTS, articles, values | {"topic": values["agents"], "every": 2})
        _run(session, _VERDICTS, articles, values | {"topic": values["local"], "every": 3})
        session.execute(update(CounterRow).where(col(CounterRow.name) == "seq").values(n=articles))
        session.execute(update(ScheduleRow).values(last_cut=articles - _NEWS))


def _sent(database: Database, readers: int, values: dict[str, Any], at: datetime) -> None:
    """An issue of before, as it is kept: counted, its deliveries' batches done."""
    with database.write() as session:
        own = values | {"issue": _issue(session, values, readers, at, IssueState.SENT), "size": BATCH, "state": "done"}
        _run(session, _BATCHES, readers // BATCH, own)
        for statement in (_COUNTED, _HOLDS):
            _run(session, statement, 0, own)


def _sending(database: Database, readers: int, values: dict[str, Any], now: datetime) -> int:
    """An issue whose batches were all tried once, four of a thousand being on their way."""
    with database.write() as session:
        issue_id = _issue(session, values, readers, now, IssueState.SENDING)
        body = DigestBodyRow(hash="body", subject="News", text="News", html="<p>News</p>")
        session.add(body)
        session.flush()
        template = session.exec(select(TemplateVersionRow.id).where(TemplateVersionRow.name == "digest")).first() or 0
        digest = DigestRow(
            issue_id=issue_id, start=0, content_hash="c", body_hash="body", language="en", template_version_id=template
        )
        session.add(digest)
        session.flush()
        own = values | {"issue": issue_id, "digest": digest.id, "size": BATCH, "state": "waiting"}
        _run(session, _DELIVERIES, readers, own)
        _run(session, _BATCHES, readers // BATCH, own)
        _run(session, _CLAIMED, 0, own)
    return issue_id


def _list_of_before(website: Website) -> None:
    """A list of readers that was looked through, with records that were refused."""
    wish = {"newsletter": "weekly", "consent": "of old", "topics": [], "language": "", "tags": {}}
    with website.database.write() as session:
        upload_id = add_upload(session, "list.csv", wish, "olga", website.now)
    uploads = Uploads(website.database, b"s" * 32, website.outbox.parent, lambda: website.now)
    path = uploads.list_file(upload_id)
    path.parent.mkdir(exist_ok=True)
    path.write_text("email\nsomebody@example.net\nnobody\n", "utf-8")
    uploads.work(upload_id)


def _issue(session: Session, values: dict[str, Any], readers: int, at: datetime, state: IssueState) -> int:
    row = IssueRow(
        newsletter_id=values["newsletter"],
        schedule_id=values["weekly"],
        slot=at,
        state=state,
        subject="What happened",
        from_seq=0,
        cut_seq=1,
        planned=readers,
        created_at=at,
        frozen_at=at,
        planned_at=at,
        closed_at=at if state is IssueState.SENT else None,
    )
    session.add(row)
    session.flush()
    return row.id or 0


def _run(session: Session, statement: str, most: int, values: dict[str, Any]) -> None:
    """Execute a statement with those of the values that it names; most: of the numbers `n`."""
    head = _NUMBERS if most else ""
    used = {name: value for name, value in (values | {"most": most}).items() if f":{name}" in head + statement}
    instants = [bindparam(name, type_=_INSTANT) for name, value in used.items() if isinstance(value, datetime)]
    session.execute(text(head + statement).bindparams(*instants), used)


def _keep_up(database: Database) -> None:
    """What the database does by itself after so many changes."""
    if not database.is_sqlite:
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
