"""The console's pages of sources: a look before saving, adding, repairs, lists of feeds."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import httpx
import pytest
from sqlmodel import col, select, update

from syndication.collect.fetcher import SourceFetcher
from syndication.domain.states import Health, SourceKind
from syndication.keys import SecretBox
from syndication.store.access import access_from, sealed_access
from syndication.store.admins import hash_of, offer_setup
from syndication.store.tables import AuditEntryRow, SourceAnswerRow, SourceMoveRow, SourceRow
from syndication.store.visiting import URGENT
from tests.support import rows
from tests.support.web_server import Reply, Seen, WebServer, web_server
from tests.support.website import Website

BOX = SecretBox({"a": b"b" * 32}, "a")
FEED = b"""<rss version='2.0'><channel><title>The Feed</title><item><guid isPermaLink='false'>1</guid><title>A word</title>
<link>/one</link></item></channel></rss>"""
PAGE = b"""<!doctype html><html><head><title>Site</title>
<link rel='alternate' type='application/json' href='/wp-json/x'>
<link rel='alternate' type='application/rss+xml' title='News' href='/news.xml'></head><body>x</body></html>"""


def answer(seen: Seen) -> Reply:
    replies = {"/": Reply(200, {"Content-Type": "text/html"}, PAGE), "/news.xml": Reply(200, {}, FEED)}
    return replies.get(seen.path, Reply(404))


@pytest.fixture
def publisher() -> Iterator[WebServer]:
    with web_server(answer) as running:
        yield running


class Console:
    """A logged-in admin."""

    def __init__(self, website: Website, allowed: Sequence[str] = ("127.0.0.0/8",)) -> None:
        with website.database.write() as session:
            offer_setup(session, hash_of("secret"), website.now)
        checker = SourceFetcher("Test/1", allowed, pause=lambda _: None)
        self.visitor = website.visitor(box=BOX, checker=checker)
        made = self.visitor.post("/admin/setup/secret", data={"name": "Anna", "password": "a long sentence"})
        self.headers = {"cookie": made.headers["set-cookie"].split(";")[0]}

    def get(self, path: str) -> httpx.Response:
        return self.visitor.get(path, headers=self.headers)

    def mark(self, number: int) -> str:
        """Of a source's form as it is opened now."""
        found = re.search(r'name="mark" value="(\w+)"', self.get(f"/admin/sources/{number}").text)
        assert found is not None
        return found[1]

    def post(self, path: str, **form: Any) -> httpx.Response:  # noqa: ANN401 - any field
        return self.visitor.post(path, data=form, headers=self.headers)


@pytest.fixture
def console(website: Website) -> Console:
    return Console(website)


def one(website: Website) -> SourceRow:
    with website.database.read() as session:
        return session.exec(select(SourceRow)).one()


def test_a_look_at_a_site_finds_its_feed_and_saves_nothing(
    website: Website, console: Console, publisher: WebServer
) -> None:
    page = console.post("/admin/sources/check", url=publisher.url("/"))
    assert page.status_code == 200
    for words in (
        "The Feed",
        publisher.url("/news.xml"),
        "A word",
        "The agents",
        "a relative link was made absolute",
        "first_seen",
    ):
        assert words in page.text, words
    with website.database.read() as session:
        assert session.exec(select(SourceRow)).all() == []


def test_saving_makes_the_source_due_before_all_others(
    website: Website, console: Console, publisher: WebServer
) -> None:
    saved = console.post("/admin/sources/", url=publisher.url("/news.xml"), title="The Feed", kind="feed")
    row = one(website)
    assert saved.headers["location"] == f"/admin/sources/{row.id}"
    assert (row.slug, row.title, row.next_poll_at) == ("the-feed", "The Feed", URGENT)
    assert "next visit: now" in console.get(saved.headers["location"]).text.lower()
    again = console.post("/admin/sources/", url=publisher.url("/news.xml"), title="Again", kind="feed")
    assert (again.status_code, "a source with this address already" in again.text) == (422, True)
    assert "It is a source already" in console.post("/admin/sources/check", url=publisher.url("/news.xml")).text


@pytest.mark.parametrize("url", ["", "   ", "http://127.0.0.1:1/"])
def test_an_address_that_gives_nothing_says_why(console: Console, url: str) -> None:
    page = console.post("/admin/sources/check", url=url)
    assert page.status_code == 422
    assert 'role="alert"' in page.text


def test_a_look_that_fails_keeps_the_form_with_the_box_that_mends_it(website: Website, publisher: WebServer) -> None:
    closed = Console(website, allowed=())
    page = closed.post("/admin/sources/check", url=publisher.url("/news.xml"), kind="sitemap")
    assert page.status_code == 422
    assert "Say that it lives on a private network" in page.text
    assert f'value="{publisher.url("/news.xml")}"' in page.text
    assert '<option value="sitemap" selected>' in page.text
    assert "<span>It lives on a private network</span>" in page.text
    opened = closed.post("/admin/sources/check", url=publisher.url("/news.xml"), internal="true")
    assert (opened.status_code, "A word" in opened.text) == (200, True)


def test_repairs_are_one_click_away(website: Website, console: Console) -> None:
    with website.database.write() as session:
        number = rows.add_source(session, "feed")
        session.execute(
            update(SourceRow).values(
                kind=SourceKind.FEED,
                location="https://e.org/old",
                enabled=False,
                health=Health.GONE,
                failures=5,
                etag='"a"',
            )
        )
        session.add(
            SourceMoveRow(
                source_id=number, original="https://e.org/old", target="https://e.net/new", since_at=website.now
            )
        )
        session.add(
            SourceAnswerRow(
                source_id=number,
                at=website.now,
                status=410,
                url="https://e.org/old",
                headers=[["server", "x"]],
                body="<b>",
            )
        )
    page = console.get(f"/admin/sources/{number}").text
    for words in ("https://e.net/new", "Use the new address", "Resume", "Status 410", "server: x", "&lt;b&gt;"):
        assert words in page, words
    assert console.post(f"/admin/sources/{number}/moved").status_code == 303
    row = one(website)
    assert (row.location, row.etag, row.enabled, row.health, row.failures) == (
        "https://e.net/new",
        "",
        True,
        Health.OK,
        0,
    )
    assert console.post(f"/admin/sources/{number}/moved").status_code == 404
    console.post(f"/admin/sources/{number}/pause")
    assert not one(website).enabled
    console.post(f"/admin/sources/{number}/identity", identity="url")
    assert one(website).options == {"identity": "url"}
    assert console.post(f"/admin/sources/{number}/explode").status_code == 404


def test_a_log_in_is_sealed_and_never_shown(website: Website, console: Console) -> None:
    with website.database.write() as session:
        number = rows.add_source(session, "feed")
    wrong = console.post(f"/admin/sources/{number}/access", user="me", password="geheim", headers="nonsense")
    assert wrong.status_code == 422
    console.post(f"/admin/sources/{number}/access", user="me", password="geheim", headers="X-Key: 42")
    with website.database.read() as session:
        sealed = sealed_access(session, number)
    assert "geheim" not in sealed
    access = access_from(BOX, number, sealed)
    assert (access.user, access.password, access.headers) == ("me", "geheim", (("X-Key", "42"),))
    assert "geheim" not in console.get(f"/admin/sources/{number}").text
    console.post(f"/admin/sources/{number}/access")
    with website.database.read() as session:
        assert sealed_access(session, number) == ""


def test_a_source_without_articles_goes_and_one_with_articles_stays_as_their_origin(
    website: Website, console: Console
) -> None:
    with website.database.write() as session:
        bare, full = rows.add_source(session, "bare"), rows.add_source(session, "full")
        rows.add_article(session, full, [])
    console.post(f"/admin/sources/{bare}/delete")
    console.post(f"/admin/sources/{full}/delete")
    row = one(website)
    assert (row.id, row.enabled, row.removed_at) == (full, False, website.now)
    assert "No source yet" in console.get("/admin/sources/").text


def test_feeds_come_in_by_opml_and_go_out_again(website: Website, console: Console) -> None:
    opml = b"""<opml version="1.0"><body><outline text="Folder"><outline text="One &amp; only" xmlUrl="https://e.org/1"/>
    <outline text="Two" xmlUrl="https://e.org/2"/><outline text="Two again" xmlUrl="https://e.org/2"/><outline xmlUrl="javascript:x"/></outline></body></opml>"""
    answer = console.visitor.post("/admin/sources/import", files={"file": ("a.opml", opml)}, headers=console.headers)
    assert "2 feeds added, 0 known already" in answer.text
    again = console.visitor.post("/admin/sources/import", files={"file": ("a.opml", opml)}, headers=console.headers)
    assert "0 feeds added, 2 known already" in again.text
    out = console.get("/admin/sources/feeds.opml")
    assert 'xmlUrl="https://e.org/1"' in out.text
    assert "One &amp; only" in out.text
    with website.database.read() as session:
        assert list(session.exec(select(SourceRow.slug).order_by(col(SourceRow.slug)))) == ["one-only", "two"]
        actors = session.exec(select(AuditEntryRow.actor).where(AuditEntryRow.action == "source.import")).all()
    assert set(actors) == {"anna"}
    wrong = console.visitor.post(
        "/admin/sources/import", files={"file": ("a.opml", b"<html/>")}, headers=console.headers
    )
    assert (wrong.status_code, "no OPML file" in wrong.text) == (422, True)


def test_a_source_can_be_changed_and_a_new_address_is_visited_at_once(website: Website, console: Console) -> None:
    with website.database.write() as session:
        number = rows.add_source(session, "feed")
        session.execute(update(SourceRow).values(kind=SourceKind.FEED, location="https://e.org/1", etag='"a"'))
    mark = console.mark(number)
    changed = console.post(f"/admin/sources/{number}", title="New", url="https://e.org/2", language="it", mark=mark)
    assert changed.status_code == 303
    row = one(website)
    assert (row.title, row.location, row.language, row.etag, row.next_poll_at) == (
        "New",
        "https://e.org/2",
        "it",
        "",
        URGENT,
    )
    assert console.get("/admin/sources/999").status_code == 404
    with website.database.read() as session:
        entry = session.exec(select(AuditEntryRow).where(AuditEntryRow.action == "source.change")).one()
    assert entry.before == {"title": "Feed", "url": "https://e.org/1", "language": ""}
    assert entry.after == {"title": "New", "url": "https://e.org/2", "language": "it"}


def test_a_log_in_within_an_address_is_neither_in_the_log_nor_in_a_list_of_feeds(
    website: Website, console: Console
) -> None:
    with website.database.write() as session:
        number = rows.add_source(session, "feed")
        session.execute(update(SourceRow).values(kind=SourceKind.FEED, location="https://anna:first@e.org/1"))
    mark, url = console.mark(number), "https://anna:second@e.org/2?token=third"
    assert console.post(f"/admin/sources/{number}", title="Feed", url=url, mark=mark).status_code == 303
    assert one(website).location == url
    with website.database.read() as session:
        entry = session.exec(select(AuditEntryRow).where(AuditEntryRow.action == "source.change")).one()
    assert (entry.before["url"], entry.after["url"]) == ("https://e.org/1", "https://e.org/2")
    assert 'xmlUrl="https://e.org/2"' in console.get("/admin/sources/feeds.opml").text


def test_what_cannot_be_saved_of_a_source_stays_in_its_form(website: Website, console: Console) -> None:
    with website.database.write() as session:
        number = rows.add_source(session, "feed")
        session.execute(update(SourceRow).values(kind=SourceKind.FEED, location="https://e.org/1"))
    path = f"/admin/sources/{number}"
    wrong = console.post(path, title=" ", url="nowhere", language="it", internal="true", mark=console.mark(number))
    assert wrong.status_code == 422
    for words in ("A source needs a title.", "The address must look like", 'value="nowhere"', 'value="it"'):
        assert words in wrong.text, words
    assert 'name="internal" value="true" checked' in wrong.text
    form = {"user": "me", "password": "geheim", "headers": "nonsense", "proxy": "http://p:1", "user_agent": "U"}
    unclear = console.post(f"{path}/access", **form)
    assert unclear.status_code == 422
    for words in ('value="me"', ">nonsense</textarea>", 'value="http://p:1"', 'value="U"', "typed again"):
        assert words in unclear.text, words
    assert "geheim" not in unclear.text
    assert one(website).location == "https://e.org/1"


def test_of_two_people_the_second_sees_what_the_first_saved_of_a_source(website: Website, console: Console) -> None:
    with website.database.write() as session:
        number = rows.add_source(session, "feed")
        session.execute(update(SourceRow).values(kind=SourceKind.FEED, location="https://e.org/1"))
    mark, form = console.mark(number), {"url": "https://e.org/1"}
    assert console.post(f"/admin/sources/{number}", title="First", mark=mark, **form).status_code == 303
    late = console.post(f"/admin/sources/{number}", title="Second", mark=mark, **form)
    assert (late.status_code, one(website).title) == (409, "First")
    assert "Saved by anna meanwhile" in late.text
    assert "<td>First</td><td>Second</td>" in late.text
