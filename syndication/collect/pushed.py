"""An article handed to us → item, on the same way as what feeds say."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from syndication.collect.dates import Written
from syndication.collect.drafts import Context, Draft, finish
from syndication.collect.elements import as_paragraphs
from syndication.domain.articles import DateOrigin, Item
from syndication.domain.sources import Source


@dataclass(frozen=True, slots=True)
class Pushed:
    """An article as a program sends it. id: the sender's own, names it for good. content_html: before content_text.

    published, updated: ISO 8601, "" when unknown.
    """

    id: str
    url: str = ""
    title: str = ""
    summary: str = ""
    content_html: str = ""
    content_text: str = ""
    language: str = ""
    published: str = ""
    updated: str = ""
    image_url: str = ""
    authors: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    ai_generated: bool | None = None


def pushed_items(source: Source, articles: Sequence[Pushed], now: datetime) -> tuple[Item, ...]:
    """The items of one push; an article without a single word is left out. now: aware UTC."""
    return finish(
        [_draft(article) for article in articles], Context(now, source.base_url, source.language, is_language_sure=True)
    )


def _draft(article: Pushed) -> Draft:
    return Draft(
        native_id=article.id,
        link=article.url,
        title=article.title,
        summary=article.summary,
        content=article.content_html or as_paragraphs(article.content_text),
        dates=(Written(article.published, DateOrigin.FEED),) if article.published else (),
        updated=article.updated,
        language=article.language,
        authors=article.authors,
        tags=article.tags,
        image=article.image_url,
        ai_generated=article.ai_generated,
    )
