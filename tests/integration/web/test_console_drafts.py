"""Before an issue: preview as any reader, a test to any address, send it now."""

import email
import email.policy

from sqlmodel import select

from syndication.domain.roles import Role
from syndication.domain.seams import Task
from syndication.store.tables import DeliveryRow, IssueRow, NoticeRow
from tests.support.console import colleague
from tests.support.website import Website


def test_the_preview_has_the_articles_of_the_chosen_topics_only(website: Website) -> None:
    website.articles("agents", titles=("About agents",))
    website.articles("local", titles=("About models",))
    vera = colleague(website, "vera", Role.VIEWER)
    mail = vera.get("/admin/newsletters/1/preview/mail?topics=agents").text
    assert "About agents" in mail
    assert "About models" not in mail
    page = vera.words("/admin/newsletters/1/preview?topics=agents")
    assert "what is new since the last issue" in page
    assert "Nobody would get it: it has no confirmed reader yet." in page


def test_without_any_article_the_page_says_so(website: Website) -> None:
    vera = colleague(website, "vera", Role.VIEWER)
    assert "no article in these topics yet" in vera.words("/admin/newsletters/1/preview")
    assert vera.get("/admin/newsletters/1/preview/mail").status_code == 404


def test_a_test_is_marked_and_stands_in_no_count(website: Website) -> None:
    website.articles("agents", titles=("About agents",))
    ed = colleague(website, "ed", Role.EDITOR)
    answer = ed.post("/admin/newsletters/1/test", topics=["agents"], to="me@example.org, you@example.org")
    assert "2 of 2 taken" in answer.text
    mails = [
        email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        for path in website.outbox.glob("*.eml")
    ]
    assert sorted(mail["To"] for mail in mails) == ["me@example.org", "you@example.org"]
    assert all(mail["Subject"].startswith("[Test] ") for mail in mails)
    assert all("List-Unsubscribe" not in mail for mail in mails)
    assert len({mail["Message-ID"] for mail in mails}) == 2
    with website.database.read() as session:
        for table in (IssueRow, DeliveryRow, NoticeRow):
            assert session.exec(select(table)).all() == []
    assert "example.org" not in str(ed.log("newsletter.test")[0].after)


def test_a_wrong_address_is_explained_and_kept(website: Website) -> None:
    website.articles("agents", titles=("About agents",))
    ed = colleague(website, "ed", Role.EDITOR)
    for to in ("me at example", "", " ".join(f"a{n}@example.org" for n in range(11))):
        answer = ed.post("/admin/newsletters/1/test", topics=["agents"], to=to)
        assert answer.status_code == 422
        assert f'value="{to}"' in answer.text
    assert list(website.outbox.glob("*.eml")) == []


def test_sending_now_asks_first_and_leads_to_the_issue(website: Website) -> None:
    website.articles("agents", titles=("About agents",))
    ed = colleague(website, "ed", Role.EDITOR)
    assert ed.post("/admin/newsletters/1/send").status_code == 422
    assert ed.post("/admin/newsletters/1/send", sure="1").headers["location"] == "/admin/issues/1"
    assert (Task.COMPOSE, "compose:1") in website.asked
    again = ed.post("/admin/newsletters/1/send", sure="1")
    assert again.status_code == 422
    assert "still due" in again.text
