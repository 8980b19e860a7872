"""Pages for everybody: what they show, what they never show, and how they answer machines."""

import re
from datetime import timedelta
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import pytest
from sqlmodel import col, select
from structlog.testing import capture_logs

from syndication.domain.states import IssueState
from syndication.domain.tokens import Purpose
from syndication.store.tables import ArticleRow, ArticleTextRow, IssueArticleRow, IssueRow, ScheduleRow
from tests.support import rows
from tests.support.website import Website


def uid_of(website: Website, article_id: int) -> str:
    with website.database.read() as session:
        return session.exec(select(ArticleRow.uid).where(col(ArticleRow.id) == article_id)).one()


def issue(website: Website, state: IssueState, articles: list[int], *, weeks_ago: int = 0, note: str = "") -> int:
    with website.database.write() as session:
        schedule = session.exec(select(ScheduleRow)).one()
        row = IssueRow(
            newsletter_id=schedule.newsletter_id,
            schedule_id=schedule.id,
            slot=website.now - timedelta(weeks=weeks_ago),
            state=state,
            subject=f"Subject {weeks_ago}",
            note=note,
            created_at=website.now,
        )
        session.add(row)
        session.flush()
        assert row.id
        for article_id in articles:
            session.add(IssueArticleRow(issue_id=row.id, article_id=article_id))
        return row.id


def test_home_shows_the_newsletter_its_topics_headlines_and_one_field(website: Website) -> None:
    website.articles("agents", titles=("Planner returns",))
    website.articles("local", titles=("Model in the basement",))
    page = website.visitor().get("/")
    for words in ("Weekly", "The agents", "The local", "Planner returns", "Model in the basement"):
        assert words in page.text
    assert page.text.count('type="email"') == 1
    assert page.text.count('name="topics"') == page.text.count(" checked>") == 2
    assert "Next: <time" in page.text
    assert "Friday 13 November, 08:30 Europe/Rome" in page.text
    assert "/feeds/topics/agents.atom" in page.text


def test_home_says_so_when_there_is_nothing_yet(website: Website) -> None:
    assert "No article yet" in website.visitor().get("/").text


def test_every_page_has_a_feed_to_discover(website: Website) -> None:
    for path in ("/", "/feeds/", "/newsletters/weekly/", "/subscribe"):
        assert 'type="application/atom+xml"' in website.visitor().get(path).text


def test_the_feed_page_and_the_opml_file_list_all_feeds(website: Website) -> None:
    page = website.visitor().get("/feeds/").text
    opml = website.visitor().get("/feeds.opml")
    assert opml.headers["content-type"].startswith("text/x-opml")
    urls = [found.get("xmlUrl") for found in ET.fromstring(opml.text).iter("outline") if found.get("xmlUrl")]  # noqa: S314 - our own words
    assert urls == [f"http://127.0.0.1:8000/feeds/{path}.atom" for path in ("all", "topics/agents", "topics/local")]
    assert all(f'href="{urlsplit(str(url)).path}"' in page for url in urls)


def test_feed_documents_are_answered_before_the_pages(website: Website) -> None:
    assert website.visitor().get("/feeds/all.atom").text == "feed"


def test_an_article_shows_its_source_and_why_it_is_here(website: Website) -> None:
    [article_id] = website.articles("agents", titles=("A & B <i>",))
    page = website.visitor().get(f"/articles/{uid_of(website, article_id)}")
    assert "A &amp; B &lt;i&gt;" in page.text
    assert "The Source" in page.text
    assert '<span class="term">word</span>' in page.text
    assert '<a href="/feeds/topics/agents/">The agents</a>' in page.text
    assert re.search(r'<link rel="canonical" href="https://example.org/article-\d+">', page.text)
    assert page.headers["cache-control"] == "public, max-age=300"


def test_an_article_called_by_its_first_words_says_them_once(website: Website) -> None:
    title, words = "A note without a title, and it…", "A note without a title, and it goes on. Then it ends."
    [article_id] = website.articles("agents", titles=(title,))
    with website.database.write() as session:
        text = session.exec(select(ArticleTextRow)).one()
        text.summary, text.content = words, f"<p>{words}</p>"
    address = f"/articles/{uid_of(website, article_id)}"

    page = website.visitor().get(address).text
    assert f'<h1 class="hidden" dir="auto" lang="en">{title}</h1>' in page
    assert f"<p>{words}</p>" in page
    shown = website.visitor().get("/feeds/topics/agents/").text
    assert "…goes on. Then it ends." in shown
    assert shown.count("A note without a title") == 1

    with website.database.write() as session:
        session.exec(select(ArticleTextRow)).one().content = ""
    bare = website.visitor().get(address).text
    assert f'<h1 dir="auto" lang="en">{title}</h1>' in bare
    assert "<p>…goes on. Then it ends.</p>" in bare


def test_an_article_without_an_address_is_its_own_canonical_page(website: Website) -> None:
    [article_id] = website.articles("agents")
    with website.database.write() as session:
        row = session.exec(select(ArticleRow)).one()
        row.url = ""
        text = session.exec(select(ArticleTextRow)).one()
        text.content = ""
        text.summary = "Only this."
    uid = uid_of(website, article_id)
    page = website.visitor().get(f"/articles/{uid}").text
    assert f'<link rel="canonical" href="http://127.0.0.1:8000/articles/{uid}">' in page
    assert "<p>Only this.</p>" in page
    assert "Read it at" not in page


def test_a_withdrawn_article_is_gone_and_an_unknown_one_not_found(website: Website) -> None:
    [article_id] = website.articles("agents")
    with website.database.write() as session:
        session.exec(select(ArticleRow)).one().removed_at = website.now
    assert website.visitor().get(f"/articles/{uid_of(website, article_id)}").status_code == 410
    assert website.visitor().get("/articles/aaaaaaaaaaaaaaaa").status_code == 404


def test_the_archive_lists_issues_and_the_slots_when_nothing_was_sent(website: Website) -> None:
    sent = issue(website, IssueState.SENT, website.articles("agents"), weeks_ago=1)
    issue(website, IssueState.EMPTY, [], weeks_ago=2)
    issue(website, IssueState.SKIPPED, [], weeks_ago=3, note="Skipped by anna.")
    hidden = [
        issue(website, state, [], weeks_ago=number)
        for number, state in enumerate((IssueState.REVIEW, IssueState.COMPOSING, IssueState.CANCELLED), 4)
    ]
    page = website.visitor().get("/newsletters/weekly/").text
    assert f"/newsletters/weekly/{sent}" in page
    assert "1 article" in page
    assert "Nothing new, not sent." in page
    assert "Skipped: its articles come with the next issue." in page
    assert "anna" not in page
    assert page.index("Subject 1") < page.index("Nothing new")
    assert not re.search("Subject [456]", page)
    for issue_id in hidden:
        assert website.visitor().get(f"/newsletters/weekly/{issue_id}").status_code == 404


def test_an_issue_lists_each_article_once_under_its_best_topic(website: Website) -> None:
    both = website.articles("agents", "local", titles=("In both",))
    one = website.articles("local", titles=("Only local",))
    with website.database.write() as session:
        rows.add_topic(session, "elsewhere")
    other = website.articles("elsewhere", titles=("Not offered",))
    page = website.visitor().get(f"/newsletters/weekly/{issue(website, IssueState.SENT, both + one + other)}").text
    assert page.count(">In both<") == 1
    assert "Only local" in page
    assert "Not offered" not in page


def test_words_of_an_article_run_in_the_direction_of_their_own_script(website: Website) -> None:
    (article,) = website.articles("agents", titles=("عنوان عربي agent",))
    page = website.visitor().get(f"/articles/{uid_of(website, article)}").text
    assert re.search(r'<h1 dir="auto"[^>]*>عنوان', page)
    assert '<div class="prose" dir="auto"' in page


def test_an_issue_marks_other_languages_and_machine_text_and_tells_each_event_once(website: Website) -> None:
    first, second, third = website.articles("agents", titles=("An event", "Lo stesso evento", "Scritto a macchina"))
    with website.database.write() as session:
        for number, story, language, ai in ((first, 7, "en", None), (second, 7, "it", None), (third, 8, "it", True)):
            row = session.get_one(ArticleRow, number)
            row.story_id, row.language, row.ai_generated = story, language, ai
            text = session.exec(select(ArticleTextRow).where(ArticleTextRow.article_id == number)).one()
            text.language = language
    words = website.visitor().get(f"/newsletters/weekly/{issue(website, IssueState.SENT, [first, second, third])}").text
    page = " ".join(re.sub(r"<[^>]+>", " ", words).split())
    assert "Lo stesso evento" not in page
    assert "Also: The Source" in page
    assert "1 min · in Italian · Written with AI" in page
    assert "in English" not in page
    article = website.visitor().get(f"/articles/{uid_of(website, third)}").text
    assert "in Italian" in article
    assert "Written with AI" in article


def test_an_issue_belongs_to_its_own_newsletter(website: Website) -> None:
    issue_id = issue(website, IssueState.SENT, [])
    with website.database.write() as session:
        rows.add_newsletter(session, "other", ["agents"])
    assert website.visitor().get(f"/newsletters/other/{issue_id}").status_code == 404
    assert website.visitor().get("/newsletters/").status_code == 200
    assert website.visitor().get("/newsletters/none/").status_code == 404
    assert website.visitor().get("/newsletters/weekly/first").status_code == 404


def test_addresses_without_their_slash_lead_on(website: Website) -> None:
    for path in ("/feeds", "/newsletters/weekly"):
        assert website.visitor().get(path).headers["location"] == f"{path}/"
    assert website.visitor().get("/newsletters/").headers["location"] == "/newsletters/weekly/"


def test_a_sample_issue_is_rendered_from_the_newest_articles(website: Website) -> None:
    website.articles("agents", titles=("Planner returns",))
    client = website.visitor()
    assert "Planner returns" in client.get("/newsletters/weekly/sample").text
    mail = client.get("/newsletters/weekly/sample/mail")
    assert "Planner returns" in mail.text
    assert "/unsubscribe/sample" in mail.text
    assert "frame-ancestors 'self'" in mail.headers["content-security-policy"]
    assert "belongs to a sample" in client.get("/unsubscribe/sample").text


def test_without_articles_there_is_no_sample(website: Website) -> None:
    assert "no article to show yet" in website.visitor().get("/newsletters/weekly/sample").text
    assert website.visitor().get("/newsletters/weekly/sample/mail").status_code == 404
    assert website.visitor().get("/newsletters/none/sample").status_code == 404


@pytest.mark.parametrize(
    "path", ["/", "/feeds/", "/nope", "/subscribe", "/admin/login", "/healthz", "/static/site.css"]
)
def test_every_answer_carries_the_security_headers(website: Website, path: str) -> None:
    headers = website.visitor().get(path).headers
    assert "default-src 'self'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"


def test_no_page_holds_a_script_or_style_that_the_policy_would_refuse(website: Website) -> None:
    website.articles("agents")
    for path in ("/", "/feeds/", "/subscribe", "/link", "/newsletters/weekly/", "/newsletters/weekly/sample", "/nope"):
        page = website.visitor().get(path).text
        assert not re.search(r"<style|<script(?! src)| style=| on\w+=", page)
        assert not re.search(r'(?:src|href)="(?!/)(?!http://127\.0\.0\.1:8000/)(?!#)', page)


def test_errors_are_told_in_words(website: Website) -> None:
    client = website.visitor()
    assert "There is no page at this address" in client.get("/nope").text
    refused = client.post("/feeds/")
    assert refused.status_code == 405
    assert "does not understand this request" in refused.text
    assert client.post("/subscribe", data={"email": "x" * 1_048_577}).status_code == 413


def test_a_fault_of_ours_is_told_in_words_without_its_inside(
    website: Website, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> None:
        message = "inside of the machine"
        raise RuntimeError(message)

    subscription_id = website.reader("agents")
    link = website.link(Purpose.UNSUBSCRIBE, subscription_id)
    answer = website.visitor(clock=broken).post(link)
    assert answer.status_code == 500
    assert "Something went wrong on our side" in answer.text
    assert "inside of the machine" not in answer.text
    logged = capsys.readouterr()
    assert "/unsubscribe/{token}" in logged.out
    assert link.rpartition("/")[2] not in logged.out + logged.err


def test_head_answers_as_get_without_a_body(website: Website) -> None:
    for path in ("/", "/feeds/", "/nope", "/static/site.css"):
        head, get = (website.visitor().request(method, path) for method in ("HEAD", "GET"))
        assert head.status_code == get.status_code
        assert head.content == b""
        assert head.headers["content-length"] == str(len(get.content))


def test_style_sheets_are_kept_for_good_under_their_hash(website: Website) -> None:
    client = website.visitor()
    found = re.search(r'href="(/static/site\.css\?v=\w+)"', client.get("/").text)
    assert found
    assert "immutable" in client.get(found[1]).headers["cache-control"]
    assert "immutable" not in client.get("/static/site.css?v=old").headers["cache-control"]
    accent = client.get("/static/accent-0b5fa5.css")
    assert accent.headers["content-type"].startswith("text/css")
    assert "--accent:#0b5fa5" in accent.text
    for wrong in ("nothing.css", "..%2Fapp.py", "accent-zzzzzz.css", "accent-0b5fa5.css.map"):
        assert client.get(f"/static/{wrong}").status_code == 404


def test_the_icon_lies_where_browsers_look_for_it_beside_a_feed(website: Website) -> None:
    answer = website.visitor().get("/favicon.ico")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/vnd.microsoft.icon"
    assert answer.headers["cache-control"] == "public, max-age=604800"
    assert answer.content.startswith(b"\x00\x00\x01\x00")
    assert b"\x89PNG" in answer.content


@pytest.mark.parametrize(
    ("peer", "headers", "front"),
    [
        ("127.0.0.1", {}, "silent"),
        ("127.0.0.1", {"x-forwarded-for": "192.0.2.7"}, "believed"),
        ("192.0.2.9", {"x-forwarded-for": "192.0.2.7"}, "not-believed"),
    ],
)
def test_health_says_what_is_heard_of_a_visitor(
    website: Website, peer: str, headers: dict[str, str], front: str
) -> None:
    assert website.visitor(peer).get("/healthz", headers=headers).headers["syndication-front"] == front


@pytest.mark.parametrize(("peer", "logged"), [("10.88.0.1", ["10.88.0.1"]), ("8.8.8.8", []), ("a socket", [])])
def test_the_log_names_a_server_in_front_that_is_not_believed_and_no_visitor(
    website: Website, peer: str, logged: list[str]
) -> None:
    with capture_logs() as entries:
        website.visitor(peer).get("/healthz", headers={"x-forwarded-for": "192.0.2.7"})
    assert [entry["peer"] for entry in entries if entry["event"] == "front_not_believed"] == logged


def test_health_is_told_to_machines(website: Website) -> None:
    client = website.visitor()
    assert client.get("/healthz").text == "ok\n"
    not_migrated = client.get("/readyz")  # the tables of a test are made without migrations
    assert not_migrated.status_code == 503
    assert "syndication init" in not_migrated.text
    assert "Disallow: /unsubscribe/" in client.get("/robots.txt").text
