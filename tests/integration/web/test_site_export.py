"""The whole public side as files: the bytes that are served, nothing more, nothing twice."""

import asyncio
import gzip
import json
import re
from datetime import timedelta
from pathlib import Path

import brotli
import pytest
from sqlmodel import col, func, select, update

from syndication.domain.pictures import picture_from
from syndication.jobs.publish import publish_feeds
from syndication.store.feed_plans import ITEMS
from syndication.store.looks import keep_picture
from syndication.store.tables import ArticleRow, NewsletterRow, TopicRow
from syndication.web.app import create_app
from syndication.web.export import Exported, export_site, file_of
from syndication.web.feeds import FeedServer
from tests.support.website import KEYS, SITE, Visitor, Website


def served(website: Website) -> FeedServer:
    publish_feeds(website.database, SITE, website.now)
    server = FeedServer(website.database, SITE, KEYS, lambda: website.now)
    server.refresh()
    return server


def export(website: Website, folder: Path) -> Exported:
    return asyncio.run(export_site(website.deps(feeds=served(website)), folder))


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def logo_of(website: Website) -> str:
    """The address of the logo that the newsletter has from now on."""
    picture = picture_from(b"\x89PNG\r\n\x1a\n" + bytes(4) + b"IHDR" + (400).to_bytes(4) + (100).to_bytes(4))
    with website.database.write() as session:
        keep_picture(session, picture)
        session.execute(update(NewsletterRow).values(logo=picture.name))
    return f"/pictures/{picture.name}"


# A file speaks one language: the choice of another one is left out.
SWITCH = re.compile(rb' *<nav aria-label="Language">.*?</nav>\n', re.DOTALL)


def test_a_logo_is_a_file_where_pages_and_feeds_name_it(website: Website, tmp_path: Path) -> None:
    website.articles("agents", titles=["First"])
    logo = logo_of(website)
    export(website, tmp_path)
    assert logo in (tmp_path / "newsletters/weekly/index.html").read_text()
    assert logo in (tmp_path / "feeds/all.atom").read_text()
    assert (tmp_path / logo[1:]).read_bytes() == website.visitor().get(logo).content


def test_files_have_the_bytes_that_are_served_and_a_page_of_an_archive_that_grew_has_its_number(
    website: Website, tmp_path: Path
) -> None:
    website.articles("agents", titles=[str(number) for number in range(ITEMS + 1)])
    export(website, tmp_path)
    # Only a visitor of this machine is led to a trial's mailbox; files are for everybody.
    visitor = Visitor(create_app(website.deps(feeds=served(website))), "192.0.2.7")
    paths = [
        "/",
        "/feeds/",
        "/feeds/all/",
        "/feeds/topics/agents/",
        "/newsletters/weekly/",
        "/feeds.opml",
        "/robots.txt",
    ]
    paths += [f"/feeds/{feed}.{form}" for feed in ("all", "topics/agents", "languages/en") for form in ("rss", "json")]
    paths += ["/feeds/all/archive/1.atom", "/sitemap.xml", "/sitemap/1.xml", "/static/feed.css", "/static/site.css"]
    with website.database.read() as session:
        uid = session.execute(ArticleRow.__table__.select()).mappings().first()["uid"]  # type: ignore[attr-defined, index] # sqlmodel hides it
    for path in [*paths, f"/articles/{uid}"]:
        body = (tmp_path / file_of(path)).read_bytes()
        served_now = visitor.get(path, headers={"accept-encoding": "identity"}).content
        assert body == SWITCH.sub(b"", served_now), path
        assert gzip.decompress((tmp_path / f"{file_of(path)}.gz").read_bytes()) == body
        assert brotli.decompress((tmp_path / f"{file_of(path)}.br").read_bytes()) == body

    icon = visitor.get("/favicon.ico")
    assert (tmp_path / "favicon.ico").read_bytes() == icon.content

    # The page of an archive that is not full has a number of its own.
    website.articles("agents", titles=["old"])
    with website.database.write() as session:
        last = col(ArticleRow.id) == session.scalar(select(func.max(ArticleRow.id)))
        session.execute(update(ArticleRow).where(last).values(published_at=website.now - timedelta(days=900)))
    export(website, tmp_path)
    newest = json.loads((tmp_path / "feeds/all.json").read_bytes())["next_url"]
    assert newest == f"{SITE.public_url}/feeds/all/archive/2-2.json"
    assert (tmp_path / "feeds/all/archive/2-2.json.gz").exists()


def test_a_second_export_touches_nothing_and_one_after_a_change_only_what_changed(
    website: Website, tmp_path: Path
) -> None:
    website.articles("agents", titles=["One"])
    website.articles("local", titles=["Two"])
    export(website, tmp_path)
    before = {name: (tmp_path / name).stat().st_ino for name in files(tmp_path)}
    assert (export(website, tmp_path).written, files(tmp_path)) == (0, set(before))
    with website.database.write() as session:
        session.execute(update(ArticleRow).where(col(ArticleRow.id) == 1).values(url="https://example.org/moved"))
    export(website, tmp_path)
    touched = {name for name in before if (tmp_path / name).stat().st_ino != before[name]}
    assert "feeds/topics/agents.rss" in touched
    assert not {"feeds/topics/local.rss", "feeds.opml", "robots.txt"} & touched


def test_what_left_the_site_leaves_the_folder_and_nothing_else_does(website: Website, tmp_path: Path) -> None:
    website.articles("agents", titles=["One"])
    export(website, tmp_path)
    (tmp_path / "own.txt").write_text("mine")
    with website.database.write() as session:
        session.execute(update(ArticleRow).values(removed_at=website.now))
    assert export(website, tmp_path).deleted > 0
    assert not list((tmp_path / "articles").rglob("*.html"))
    assert (tmp_path / "own.txt").exists()


def test_a_renamed_topic_is_found_under_its_old_address_too(website: Website, tmp_path: Path) -> None:
    website.articles("agents", titles=["One"])
    export(website, tmp_path)
    with website.database.write() as session:
        session.execute(update(TopicRow).where(col(TopicRow.slug) == "agents").values(slug="robots"))
    export(website, tmp_path)
    old, new = (tmp_path / "feeds" / "topics" / f"{slug}.atom" for slug in ("agents", "robots"))
    assert old.read_bytes() == new.read_bytes()
    redirects = (tmp_path / "_redirects").read_text()
    assert f"/feeds/topics/agents.atom {SITE.public_url}/feeds/topics/robots.atom 301\n" in redirects


def test_no_private_page_is_exported(website: Website, tmp_path: Path) -> None:
    website.reader("agents")
    website.articles("agents", titles=["One"])
    export(website, tmp_path)
    assert {name.partition("/")[0] for name in files(tmp_path) if "/" in name} == {
        "articles", "feeds", "newsletters", "sitemap", "static",
    }  # fmt: skip


def test_no_address_leads_out_of_the_folder() -> None:
    for path in ("/../x", "/a/../../x", "/a/./b", "/a\\..\\b"):
        with pytest.raises(ValueError, match="no address"):
            file_of(path)
    assert [file_of(path) for path in ("/", "/feeds/", "/articles/abc", "/feeds/all.rss")] == [
        "index.html",
        "feeds/index.html",
        "articles/abc/index.html",
        "feeds/all.rss",
    ]
