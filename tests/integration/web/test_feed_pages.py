"""Feeds for people: the list, a page each, OPML, the site map, a reader's private feed."""

import re

from lxml import etree
from sqlmodel import col, update

from syndication.domain.site import Profile
from syndication.domain.tokens import Purpose
from syndication.jobs.publish import publish_feeds
from syndication.store.tables import ArticleRow, SourceRow, TopicRow
from tests.support.website import SITE, Website

MAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


def filled(website: Website) -> Website:
    website.articles("agents", titles=["One", "Two"])
    website.articles("local", titles=["Three"])
    publish_feeds(website.database, SITE, website.now)
    return website


def test_the_list_names_every_feed_in_every_format_and_how_to_subscribe(website: Website) -> None:
    page = filled(website).visitor().get("/feeds/").text
    for path in ("all", "topics/agents", "topics/local", "languages/en", "sources/source-three"):
        for form in ("rss", "atom", "json"):
            assert f'href="/feeds/{path}.{form}"' in page
    assert (
        page.count("data-copy=") == 3
    )  # of the feed of everything; all three of every feed would be a page of many screens
    assert "How to subscribe" in page
    assert "/feeds.opml" in page


def test_a_feed_has_a_page_with_its_newest_articles_and_ways_into_a_reader(website: Website) -> None:
    filled(website)
    answer = website.visitor(profile=Profile.INTERNET).get("/feeds/topics/agents/")
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert "One" in answer.text
    assert "Three" not in answer.text
    assert f'data-copy="{SITE.public_url}/feeds/topics/agents.atom"' in answer.text
    assert f"{SITE.public_url}/<wbr>feeds/<wbr>topics/<wbr>agents.atom</a>" in answer.text
    for reader in ("feedly.com", "inoreader.com", "newsblur.com", "theoldreader.com", "feed:http"):
        assert reader in answer.text
    assert f'<link rel="canonical" href="{SITE.public_url}/feeds/topics/agents/">' in answer.text
    assert '<link rel="alternate" type="application/feed+json" title="The agents (JSON Feed)"' in answer.text


def test_a_trial_sends_nobody_to_readers_that_cannot_reach_it(website: Website) -> None:
    assert "feedly.com" not in filled(website).visitor().get("/feeds/all/").text


def test_every_kind_of_feed_has_a_page_also_a_union(website: Website) -> None:
    visitor = filled(website).visitor()
    for path in ("all", "topics/agents+local", "sources/source-three", "languages/en"):
        assert visitor.get(f"/feeds/{path}/").status_code == 200, path
        assert visitor.get(f"/feeds/{path}").headers["location"] == f"/feeds/{path}/"
    assert visitor.get("/feeds/topics/local+agents/").headers["location"] == "/feeds/topics/agents+local/"
    for path in ("topics/none", "sources/none", "languages/xx", "other/agents"):
        assert visitor.get(f"/feeds/{path}/").status_code == 404, path


def test_topics_are_chosen_on_the_list_and_lead_to_their_feed(website: Website) -> None:
    visitor = filled(website).visitor()
    assert visitor.get("/feeds/choose?topic=local&topic=agents").headers["location"] == "/feeds/topics/agents+local/"
    none = visitor.get("/feeds/choose")
    assert (none.status_code, "Choose at least one topic." in none.text) == (422, True)
    many = visitor.get(f"/feeds/choose?topic=agents&{'&'.join(f'topic=t{number}' for number in range(10))}")
    assert (many.status_code, "Choose at most 10 topics" in many.text) == (422, True)
    assert 'value="agents" checked' in many.text


def outlines(body: bytes) -> list[str]:
    return [node.get("xmlUrl", "") for node in etree.fromstring(body).iter("outline") if node.get("type") == "rss"]


def test_opml_has_everything_or_a_selection(website: Website) -> None:
    visitor = filled(website).visitor()
    everything = visitor.get("/feeds.opml")
    assert everything.headers["content-type"] == "text/x-opml; charset=utf-8"
    assert len(outlines(everything.content)) == 6
    assert outlines(visitor.get("/feeds.opml?topic=local").content) == [f"{SITE.public_url}/feeds/topics/local.atom"]
    groups = [node.attrib for node in etree.fromstring(everything.content).iter("outline") if not node.get("type")]
    assert [dict(group) for group in groups] == [{"text": "Topics"}, {"text": "Languages"}, {"text": "Sources"}]


def test_the_site_map_has_every_page_and_every_article_that_is_not_withdrawn(website: Website) -> None:
    visitor = filled(website).visitor()
    with website.database.write() as session:
        session.execute(update(ArticleRow).where(col(ArticleRow.id) == 1).values(removed_at=website.now))
    maps = [node.text or "" for node in etree.fromstring(visitor.get("/sitemap.xml").content).iter(f"{MAP}loc")]
    assert maps == [f"{SITE.public_url}/sitemap/pages.xml", f"{SITE.public_url}/sitemap/1.xml"]
    found = [
        (node.text or "").removeprefix(SITE.public_url)
        for url in maps
        for node in etree.fromstring(visitor.get(url.removeprefix(SITE.public_url)).content).iter(f"{MAP}loc")
    ]
    assert {"/", "/feeds/", "/feeds/all/", "/feeds/topics/agents/", "/newsletters/weekly/"} <= set(found)
    articles = [path for path in found if path.startswith("/articles/")]
    assert len(articles) == 2
    assert all(visitor.get(path).status_code == 200 for path in found)
    for name in ("2", "0", "x", "99999999"):
        assert visitor.get(f"/sitemap/{name}.xml").status_code == 404
    assert f"Sitemap: {SITE.public_url}/sitemap.xml" in visitor.get("/robots.txt").text


def test_an_article_shows_the_summary_alone_where_the_publisher_wants_that(website: Website) -> None:
    website.articles("agents", titles=["One"])
    with website.database.read() as session:
        uid = session.execute(ArticleRow.__table__.select()).mappings().one()["uid"]  # type: ignore[attr-defined] # sqlmodel hides it
    assert "<p>One</p>" in website.visitor().get(f"/articles/{uid}").text
    with website.database.write() as session:
        session.execute(update(SourceRow).values(full_text=False))
    page = website.visitor().get(f"/articles/{uid}").text
    assert "<p>One</p>" not in page
    assert "About One." in page


def test_a_renamed_topic_takes_its_page_with_it(website: Website) -> None:
    filled(website)
    with website.database.write() as session:
        session.execute(update(TopicRow).where(col(TopicRow.slug) == "agents").values(slug="robots"))
    publish_feeds(website.database, SITE, website.now)
    answer = website.visitor().get("/feeds/topics/agents/")
    assert (answer.status_code, answer.headers["location"]) == (301, "/feeds/topics/robots/")


def test_a_reader_makes_renews_and_switches_off_a_private_feed(website: Website) -> None:
    subscription = website.reader("agents")
    page = website.link(Purpose.PREFERENCES, subscription)
    visitor = website.visitor()
    assert "/feeds/me/" not in visitor.get(page).text

    def address() -> str:
        found = re.search(r'data-copy="[^"]*(/feeds/me/[a-z2-7]+)\.atom"', visitor.get(page).text)
        return found[1] if found else ""

    assert visitor.post(f"{page}/feed").headers["location"] == f"{page}?saved=feed"
    first = address()
    assert len(first.rpartition("/")[2]) == 33
    assert address() == first
    visitor.post(f"{page}/feed")
    assert address() not in {"", first}
    visitor.post(f"{page}/feed/revoke")
    assert address() == ""
    assert visitor.get(f"{page}/feed").status_code == 405
    assert visitor.post("/preferences/nonsense/feed").status_code == 404
