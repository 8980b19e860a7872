"""Builders of feeds for tests, and content of the kind that breaks feeds."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from syndication.domain.articles import Enclosure
from syndication.domain.feeds import Feed, FeedItem, FeedTopic, Origin
from syndication.domain.ids import article_id, article_uid, feed_id

AT = datetime(2026, 11, 6, 7, 30, tzinfo=UTC)
PREFIX = "tag:example.org,2026-11-01:s3cret"
PUBLIC_URL = "https://news.example.org"
ORIGIN = Origin(f"{PREFIX}/feeds/sources/1", "Radar", "https://radar.example/feed.xml", AT)


def an_item(number: int = 1, **changes: Any) -> FeedItem:  # noqa: ANN401 - any field of the item
    """A plain item; the higher its number the older it is."""
    at = AT - timedelta(hours=number)
    plain = FeedItem(
        id=article_id(PREFIX, article_uid("radar", str(number))),
        url=f"https://radar.example/{number}",
        title=f"Title {number}",
        summary=f"Summary {number}.",
        content=f"<p>Content <em>{number}</em></p>",
        authors=("Ada Lovelace",),
        topics=(FeedTopic("ai-agents", "AI agents", ("agent", "tool use")),),
        origin=ORIGIN,
        published_at=at,
        updated_at=at,
        language="en",
    )
    return replace(plain, **changes)


def a_feed(*items: FeedItem, **changes: Any) -> Feed:  # noqa: ANN401 - any field of the feed
    """The feed of everything with these items."""
    plain = Feed(
        id=feed_id(PREFIX, "all", 0),
        path="/feeds/all",
        title="News",
        description="What is new.",
        home_url=f"{PUBLIC_URL}/",
        public_url=PUBLIC_URL,
        language="en",
        updated_at=AT,
        items=items,
    )
    return replace(plain, **changes)


def nasty_feed() -> Feed:
    """A feed with everything that has broken feeds in the field."""
    bulk = datetime(2026, 11, 1, tzinfo=UTC)
    return a_feed(
        an_item(
            1, title="NUL \x00, vertical tab \x0b, surrogate \ud800, non-character \ufffe", content="<p>\x00\uffff</p>"
        ),
        an_item(2, title="عنوان عربي", summary="שלום עולם", language="ar"),
        an_item(3, title="🤖 agents 🚀 at work", content="<p>👩‍👩‍👧‍👦</p>"),
        an_item(4, title="Huge", content="<p>All work and no play.</p>" * 4_000),
        an_item(5, title="No author", authors=("", " ")),
        an_item(6, title="Same instant as the next", published_at=bulk, updated_at=bulk),
        an_item(7, title="Same instant as the last", published_at=bulk, updated_at=bulk),
        an_item(8, title="<b>Bold</b> AT&amp;T &lt;i&gt;news&lt;/i&gt;", summary="a < b & c > d ]]> e"),
        an_item(9, title="", summary="Only a summary, no title.", content=""),
        an_item(10, title="Nothing but a title", summary="", content=""),
        an_item(
            11,
            title="Files",
            image_url="https://radar.example/a b.png",
            enclosures=(
                Enclosure("https://radar.example/1.mp3", "audio/mpeg", 4711),
                Enclosure("https://radar.example/2.mp3", "nonsense"),
                Enclosure("/relative.mp3", "audio/mpeg"),
            ),
        ),
        an_item(12, title="Umlauts in the address", url="https://müller.example/straße?q=ä ö&x=%C3%A4#ü"),
        an_item(13, title="Folder", origin=Origin(f"{PREFIX}/feeds/sources/2", "Folder", "", AT), ai_generated=True),
        an_item(14, title="Strange language", language="not a language!", topics=()),
        an_item(15, title="vector<int> and x < y", url="javascript:alert(1)"),
        title="News & <views>",
        description="",
    )
