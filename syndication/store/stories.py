"""Articles as digests and pages show them: wording in the reader's language, topics with their reasons.

Each call costs a few queries, however many stories it answers.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Protocol, TypeVar

from sqlalchemy import Row, Select, exists, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from syndication.domain.articles import Reason, Story
from syndication.store.publishing import accepted_in, are_old, is_sparse
from syndication.store.tables import ArticleRow, ArticleTextRow, ClassificationRow, SourceRow, TopicRow

# Ids that come as a list go into statements in parts: SQLite takes at most 32,766 values.
_IDS_A_QUERY: Final = 5_000

# What a story says of its article: whole rows hold lists that cost more to read than all of this (measured).
_FACTS: Final[tuple[Any, ...]] = (
    ArticleRow.id,
    ArticleRow.seq,
    ArticleRow.story_id,
    ArticleRow.uid,
    ArticleRow.url,
    ArticleRow.language,
    ArticleRow.published_at,
    ArticleRow.first_seen_at,
    ArticleRow.reading_minutes,
    ArticleRow.ai_generated,
)

Ids = Select[int | None]


class _Text(Protocol):
    @property
    def language(self) -> str: ...


_AnyText = TypeVar("_AnyText", bound=_Text)


def stories_between(session: Session, start: int, end: int, topics: Sequence[str], language: str) -> list[Story]:
    """The stories with start < seq <= end that are in any of these topics (slugs), in order of seq.

    Wording in `language` where there is one, else the article's own. Removed articles are left out.
    """
    wanted = _accepted(topics).where(col(ArticleRow.seq) > start, col(ArticleRow.seq) <= end)
    return sorted(_load(session, wanted, language), key=lambda story: story.seq or 0)


def newest_stories(
    session: Session, topics: Sequence[str], language: str, *, limit: int, since: datetime | None = None
) -> list[Story]:
    """The newest stories in any of these topics (slugs) by date of publication, history included, newest first.

    since: aware UTC; leaves out what was published earlier.
    """
    slugs = select(col(TopicRow.id)).where(col(TopicRow.slug).in_(topics))
    ids = [topic_id for topic_id in session.execute(slugs).scalars() if topic_id]
    # Topics of few articles among very many, or of old ones: looking at the newest of all would take long to find them.
    if ids and (is_sparse(session, ids) or are_old(session, ids, limit)):
        # The offset keeps PostgreSQL from looking at the newest of all even so: 18 ms instead of 150 (measured).
        every = select(ArticleRow).where(col(ArticleRow.id).in_(accepted_in(ids))).offset(0)
        among: type[ArticleRow] = aliased(ArticleRow, every.subquery())
        wanted = select(col(among.id)).where(col(among.removed_at).is_(None))
    else:
        among, wanted = ArticleRow, _accepted(topics)
    if since is not None:
        wanted = wanted.where(col(among.published_at) >= since)
    wanted = wanted.order_by(col(among.published_at).desc(), col(among.id).desc()).limit(limit)
    return stories_of(session, [number for number in session.execute(wanted).scalars() if number], language)


def stories_of(session: Session, article_ids: Sequence[int], language: str) -> list[Story]:
    """The stories of these articles in the order given; removed and unknown ones are left out."""
    found: dict[int, Story] = {}
    for first in range(0, len(article_ids), _IDS_A_QUERY):
        wanted = _present().where(col(ArticleRow.id).in_(article_ids[first : first + _IDS_A_QUERY]))
        found.update((story.article_id, story) for story in _load(session, wanted, language))
    return [found[article_id] for article_id in article_ids if article_id in found]


def stories_even_withdrawn(session: Session, wanted: Ids, language: str) -> list[Story]:
    """The stories of the articles whose numbers `wanted` answers, those that readers see no more too; newest first."""
    return _newest_first(_load(session, wanted, language))


def story_by_uid(session: Session, uid: str, language: str) -> tuple[Story, str] | None:
    """One story and its content (sanitised HTML, "" when there is none) by public id; None when there is no such story.

    The content is left out too where its publisher allows no full text.
    """
    stories = _load(session, _present().where(col(ArticleRow.uid) == uid), language)
    if not stories:
        return None
    texts = session.execute(
        select(col(ArticleTextRow.language), col(ArticleTextRow.content), col(ArticleRow.language).label("own"))
        .join(ArticleRow, col(ArticleRow.id) == col(ArticleTextRow.article_id))
        .where(col(ArticleRow.uid) == uid)
        .order_by(col(ArticleTextRow.id))
    ).all()
    content: str = _wording(texts, language, texts[0].own).content
    allowed = select(col(SourceRow.full_text)).where(col(SourceRow.slug) == stories[0].source)
    return stories[0], content if session.execute(allowed).scalar() else ""


def _newest_first(stories: Sequence[Story]) -> list[Story]:
    return sorted(stories, key=lambda story: (story.published_at, story.article_id), reverse=True)


def _present() -> Ids:
    return select(col(ArticleRow.id)).where(col(ArticleRow.removed_at).is_(None))


def _accepted(topics: Sequence[str]) -> Ids:
    accepted = (
        exists()
        .where(col(ClassificationRow.article_id) == col(ArticleRow.id), col(ClassificationRow.accepted))
        .where(col(ClassificationRow.topic_id) == col(TopicRow.id), col(TopicRow.slug).in_(topics))
    )
    return _present().where(accepted)


def _load(session: Session, wanted: Ids, language: str) -> list[Story]:
    """The stories of the articles that `wanted` answers, in no order; one without any text is no story."""
    ids = wanted.subquery()
    texts = _texts(session, ids)
    reasons = _reasons(session, ids)
    facts = select(*map(col, _FACTS), col(SourceRow.slug), col(SourceRow.title).label("source_title"))
    articles = facts.join(SourceRow, col(SourceRow.id) == col(ArticleRow.source_id))
    return [
        _story(article, _wording(texts[article.id], language, article.language), tuple(reasons[article.id]))
        for article in session.execute(articles.join(ids, ids.c.id == col(ArticleRow.id)))
        if article.id in texts
    ]


def _texts(session: Session, ids: Any) -> dict[int | None, list[Row[Any]]]:  # noqa: ANN401 - a Subquery has untyped columns
    """The wordings of each article, the oldest first."""
    columns = (ArticleTextRow.article_id, ArticleTextRow.language, ArticleTextRow.title, ArticleTextRow.summary)
    statement = select(*(col(column) for column in columns)).join(ids, ids.c.id == col(ArticleTextRow.article_id))
    found: dict[int | None, list[Row[Any]]] = {}
    for row in session.execute(statement.order_by(col(ArticleTextRow.id))):
        found.setdefault(row.article_id, []).append(row)
    return found


def _reasons(session: Session, ids: Any) -> defaultdict[int | None, list[Reason]]:  # noqa: ANN401 - as _texts
    """Why each article is in its topics, the strongest first."""
    columns = (ClassificationRow.article_id, TopicRow.slug, TopicRow.title, ClassificationRow.terms)
    statement = (
        select(*(col(column) for column in columns), col(ClassificationRow.score))
        .join(TopicRow, col(TopicRow.id) == col(ClassificationRow.topic_id))
        .join(ids, ids.c.id == col(ClassificationRow.article_id))
        .where(col(ClassificationRow.accepted), col(TopicRow.enabled))
        .order_by(col(ClassificationRow.score).desc(), col(TopicRow.position), col(TopicRow.id))
    )
    found: defaultdict[int | None, list[Reason]] = defaultdict(list)
    for article_id, slug, title, terms, score in session.execute(statement):
        found[article_id].append(Reason(slug, title, tuple(terms), score))
    return found


def _wording(texts: Sequence[_AnyText], language: str, own: str) -> _AnyText:
    """The text in `language`, else in its main language ('it' for 'it-IT'), else the article's own, else the oldest."""

    def rank(text: _AnyText) -> tuple[bool, bool, bool]:
        same_family = _family(text.language) == _family(language)
        return text.language != language, not same_family, text.language != own

    return min(texts, key=rank)


def _family(language: str) -> str:
    return language.split("-", maxsplit=1)[0].lower()


def _story(article: Any, text: Any, reasons: tuple[Reason, ...]) -> Story:  # noqa: ANN401 - Rows
    return Story(
        article_id=article.id or 0,
        seq=article.seq,
        uid=article.uid,
        url=article.url,
        title=text.title,
        summary=text.summary,
        language=text.language or article.language,
        source=article.slug,
        source_title=article.source_title,
        published_at=article.published_at,
        first_seen_at=article.first_seen_at,
        reading_minutes=article.reading_minutes,
        reasons=reasons,
        ai_generated=article.ai_generated,
        story_id=article.story_id,
    )
