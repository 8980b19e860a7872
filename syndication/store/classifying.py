"""What classify reads and writes: topics, articles the current rules have not looked at, verdicts, and `article.seq`."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row, Update, func, insert
from sqlalchemy import select as select_columns
from sqlalchemy.sql.dml import Insert
from sqlmodel import Session, col, select, update

from syndication.domain.articles import Document
from syndication.domain.rules import parse
from syndication.domain.topics import Topic, Verdict
from syndication.html.text import plain_text
from syndication.store.counters import counter, raise_counter
from syndication.store.feed_changes import note_changes
from syndication.store.tables import (
    FOR_GOOD,
    ArticleRow,
    ArticleTextRow,
    ClassificationHistoryRow,
    ClassificationRow,
    TopicRow,
)

REPLAY_NEWS_FOR: Final = timedelta(days=7)
"""What a second look accepts later than this after it was first seen is no news. Source: architecture, section 2, rule 2."""

_COLUMNS: Final = ("article_id", "topic_id", "accepted", "score", "terms", "version", "decided_at")
_NO_SYNC: Final = {"synchronize_session": False}

_Key = tuple[int, int]  # article, topic
_Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Stored:
    """What storing a batch did. looked_at: articles whose verdicts were kept; accepted: how many of them, by topic.

    is_visible: a feed may differ now.
    """

    looked_at: int
    accepted: Counter[str]
    is_visible: bool


def load_topics(session: Session) -> list[Topic]:
    """The enabled topics in the order pages show them."""
    rows = session.exec(select(TopicRow).where(TopicRow.enabled).order_by(col(TopicRow.position), col(TopicRow.id)))
    return [_topic(row) for row in rows]


def save_topic(session: Session, topic: Topic, *, position: int | None = None, enabled: bool = True) -> Topic:
    """Add a topic or change the one with this slug; answers it with its version, which grows when the rule changes.

    A change of what an enabled topic accepts asks for a new look at every article. position: None leaves it where it is
    and puts a new one last. Raises RuleError for a rule that does not parse; the topic then stays as it was.
    """
    parse(topic.rule)
    row = session.exec(select(TopicRow).where(TopicRow.slug == topic.slug).with_for_update()).one_or_none()
    asks_for_a_look = enabled and (row is None or not row.enabled or row.rule != topic.rule)
    if row is None:
        row = TopicRow(slug=topic.slug, title=topic.title, rule=topic.rule, position=_positions(session))
    row.version += int(row.rule != topic.rule)
    row.title, row.description, row.rule, row.enabled = topic.title, topic.description, topic.rule, enabled
    row.position = row.position if position is None else position
    session.add(row)
    session.flush()
    if asks_for_a_look:
        raise_counter(session, "rules")
    return _topic(row)


def rules_in_force(session: Session) -> int:
    """The number of the rules in force. Read it before the topics: newer topics under an older number are looked at again."""
    return counter(session, "rules")


def replay(session: Session) -> int:
    """Ask for a new look at every article whose text is kept; how many these are. One row changes, however many they are."""
    raise_counter(session, "rules")
    kept = select(func.count()).select_from(ArticleRow).where(col(ArticleRow.rules_version) < FOR_GOOD)
    return session.exec(kept).one()


def pending_articles(session: Session, limit: int) -> list[int]:
    """The ids of articles that the rules in force have not looked at, the oldest first, at most `limit`."""
    behind = col(ArticleRow.rules_version) < counter(session, "rules")
    return list(
        session.scalars(select_columns(col(ArticleRow.id)).where(behind).order_by(col(ArticleRow.id)).limit(limit))
    )


def documents_of(session: Session, article_ids: Collection[int]) -> list[Document]:
    """Articles as the classifier reads them, in order of id. Wordings in several languages count together."""
    texts: defaultdict[int, list[ArticleTextRow]] = defaultdict(list)
    for text in session.exec(
        select(ArticleTextRow).where(col(ArticleTextRow.article_id).in_(article_ids)).order_by(col(ArticleTextRow.id))
    ):
        texts[text.article_id].append(text)
    articles = session.execute(
        select_columns(col(ArticleRow.id), col(ArticleRow.language), col(ArticleRow.revision))
        .where(col(ArticleRow.id).in_(article_ids))
        .order_by(col(ArticleRow.id))
    )
    return [
        Document(
            article_id=article_id,
            title="\n".join(text.title for text in texts[article_id]),
            text="\n".join(part for text in texts[article_id] for part in (text.summary, plain_text(text.content))),
            language=language,
            revision=revision,
        )
        for article_id, language, revision in articles
    ]


def store_verdicts(
    session: Session, documents: Sequence[Document], verdicts: Sequence[Verdict], rules_version: int, now: datetime
) -> Stored:
    """Keep the verdicts that the rules of this version give on these documents; the last call in its transaction.

    Articles that changed since they were read, or that another process looked at meanwhile, are passed over. Accepted
    articles that are news get their seq. now: aware UTC.
    """
    articles = _locked(session, documents, rules_version)
    known = _current(session, articles)
    kept = [verdict for verdict in verdicts if verdict.article_id in articles]
    changed = _keep(session, kept, known, now)
    looked_at = update(ArticleRow).where(col(ArticleRow.id).in_(articles)).values(rules_version=rules_version)
    session.execute(looked_at, execution_options=_NO_SYNC)
    accepted = [verdict for verdict in kept if verdict.accepted]
    seen_before = {article_id for article_id, _ in known}
    note_changes(session, {verdict.article_id for verdict in accepted} | changed)
    newly = {verdict.article_id: articles[verdict.article_id] for verdict in accepted}.values()
    _number(session, [article for article in newly if _is_news(article, now, is_second_look=article.id in seen_before)])
    return Stored(len(articles), Counter(verdict.topic for verdict in accepted), bool(accepted) or bool(changed))


def _locked(session: Session, documents: Sequence[Document], rules_version: int) -> dict[int, Row[Any]]:
    """The articles that still are as they were read, by id; locked in order of id, so that no two processes wait in a ring."""
    fields = (ArticleRow.id, ArticleRow.revision, ArticleRow.rules_version, ArticleRow.seq, ArticleRow.is_backfill)
    statement = (
        select_columns(*map(col, fields), col(ArticleRow.removed_at), col(ArticleRow.first_seen_at))
        .where(col(ArticleRow.id).in_([document.article_id for document in documents]))
        .where(col(ArticleRow.rules_version) < rules_version)
        .order_by(col(ArticleRow.id))
        .with_for_update()
    )
    revisions = {document.article_id: document.revision for document in documents}
    return {row.id: row for row in session.execute(statement) if row.revision == revisions[row.id]}


def _current(session: Session, article_ids: Iterable[int]) -> dict[_Key, _Values]:
    columns = (getattr(ClassificationRow, name) for name in _COLUMNS)
    statement = select_columns(*columns).where(col(ClassificationRow.article_id).in_(article_ids))
    return {_key(row): dict(row) for row in session.execute(statement).mappings()}


def _keep(session: Session, verdicts: Iterable[Verdict], known: Mapping[_Key, _Values], now: datetime) -> set[int]:
    """Write what differs from the current verdicts; answers of which articles anything but a version did.

    The history gets every change. That an article never was in a topic is no change.
    """
    topics = {row.slug: row.id for row in session.execute(select_columns(col(TopicRow.slug), col(TopicRow.id)))}
    # A topic that was deleted since the rules were read has no id.
    rows = [_values(verdict, topics[verdict.topic], now) for verdict in verdicts if verdict.topic in topics]
    new = [row for row in rows if _key(row) not in known]
    old = [(known[_key(row)], row) for row in rows if _key(row) in known]
    turned = [row for before, row in old if not _is_same(before, row)]
    confirmed = [
        row | {"decided_at": before["decided_at"]}
        for before, row in old
        if _is_same(before, row) and before["version"] != row["version"]
    ]
    past = [row for row in new if row["accepted"]] + turned
    _execute(session, insert(ClassificationRow), new)
    _execute(session, update(ClassificationRow), turned + confirmed)
    _execute(session, insert(ClassificationHistoryRow), past)
    return {row["article_id"] for row in past}


def _execute(session: Session, statement: Insert | Update, rows: Sequence[_Values]) -> None:
    if rows:
        session.execute(statement, rows)


def _is_same(before: _Values, after: _Values) -> bool:
    return all(before[name] == after[name] for name in ("accepted", "score", "terms"))


def _key(values: Mapping[Any, Any]) -> _Key:
    return values["article_id"], values["topic_id"]


def _values(verdict: Verdict, topic_id: int, now: datetime) -> _Values:
    """A row of classification or of its history, by column."""
    return {
        "article_id": verdict.article_id,
        "topic_id": topic_id,
        "accepted": verdict.accepted,
        "score": verdict.score,
        "terms": list(verdict.terms),
        "version": verdict.version,
        "decided_at": now,
    }


def _is_news(article: Row[Any], now: datetime, *, is_second_look: bool) -> bool:
    """Whether an accepted article gets a seq. Source: architecture, section 2, rules 1 and 2."""
    if article.seq is not None or article.is_backfill or article.removed_at is not None:
        return False
    return not is_second_look or now - article.first_seen_at <= REPLAY_NEWS_FOR


def _number(session: Session, articles: Collection[Row[Any]]) -> None:
    """Give each article its seq, in the order they were first seen.

    The counter's row stays locked until the commit, which must follow at once: so the order of numbers is the order of
    commits, and who reads the counter sees every article up to there. A SEQUENCE hands out numbers without waiting, and
    loses the articles of the slower transaction (measured).
    """
    if not articles:
        return
    last = raise_counter(session, "seq", len(articles))
    in_order = sorted(articles, key=lambda article: (article.first_seen_at, article.id))
    numbered = enumerate(in_order, last - len(articles) + 1)
    session.execute(update(ArticleRow), [{"id": article.id, "seq": seq} for seq, article in numbered])


def _positions(session: Session) -> int:
    """The place behind all topics."""
    return (session.exec(select(func.max(TopicRow.position))).one() or 0) + 1


def _topic(row: TopicRow) -> Topic:
    return Topic(row.slug, row.title, row.description, row.rule, row.version)
