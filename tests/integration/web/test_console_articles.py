"""The console's pages of articles: an editor withdraws one and shows it again; a viewer looks, and who comes late is told."""

import pytest
from sqlmodel import col, select

from syndication.domain.roles import Role
from syndication.domain.seams import Task
from syndication.jobs.publish import publish_changed, publish_feeds
from syndication.store.feed_documents import documents_since
from syndication.store.tables import ArticleRow, SourceRow
from tests.support.console import colleague
from tests.support.website import SITE, Website


def an_article(website: Website, title: str = "Wrong") -> tuple[str, str]:
    """Its public id and its own address."""
    article = website.articles("agents", titles=(title,))[0]
    with website.database.read() as session:
        uid, url = session.execute(select(ArticleRow.uid, ArticleRow.url).where(col(ArticleRow.id) == article)).one()
    return uid, url


def test_an_editor_withdraws_an_article_and_shows_it_again(website: Website) -> None:
    (uid, url), editor = an_article(website), colleague(website, "eddy", Role.EDITOR)
    page = f"/admin/articles/{uid}"
    assert f'href="{page}"' in editor.words("/admin/articles/")
    for words in (
        "leaves all feeds within a second",
        "(410)",
        "Mails that were sent, and those of an issue that is being sent, stay",
        f'action="{page}/withdraw"',
    ):
        assert words in editor.words(page)
    answer = editor.post(f"{page}/withdraw")
    assert (answer.status_code, answer.headers["location"]) == (303, page)
    assert website.asked == [(Task.PUBLISH, "publish")]
    assert website.visitor().get(f"/articles/{uid}").status_code == 410
    assert "by eddy" in editor.words(page)
    assert "<td>withdrawn</td>" in editor.words(f"/admin/articles/?named={url}")
    editor.post(f"{page}/restore")
    assert website.visitor().get(f"/articles/{uid}").status_code == 200
    log = [(one.actor, one.target) for act in ("withdraw", "restore") for one in editor.log(f"article.{act}")]
    assert log == [("eddy", f"article {uid}")] * 2


def test_a_withdrawal_in_the_console_leaves_the_feeds(website: Website) -> None:
    (uid, _), editor = an_article(website), colleague(website, "eddy", Role.EDITOR)
    publish_feeds(website.database, SITE, website.now)
    for act, is_shown in (("withdraw", False), ("restore", True)):
        editor.post(f"/admin/articles/{uid}/{act}")
        publish_changed(website.database, SITE, website.now)
        with website.database.read() as session:
            bodies = [stored.document.body for stored in documents_since(session, 0)]
        assert bodies
        assert any(uid.encode() in body for body in bodies) is is_shown


@pytest.mark.parametrize(
    ("acts", "words"), [(("withdraw",), "olga withdrew it"), (("withdraw", "restore"), "olga showed it again")]
)
def test_who_comes_late_is_told_who_was_first_and_changes_nothing(
    website: Website, acts: tuple[str, ...], words: str
) -> None:
    (uid, _), first, late = an_article(website), colleague(website, "olga"), colleague(website, "eddy", Role.EDITOR)
    for act in acts:
        first.post(f"/admin/articles/{uid}/{act}")
    answer = late.post(f"/admin/articles/{uid}/{acts[-1]}")
    assert answer.status_code == 409
    assert f"{words} meanwhile" in answer.text
    assert [one.actor for one in late.log(f"article.{acts[-1]}")] == ["olga"]
    assert len(website.asked) == len(acts)


def test_a_viewer_looks_and_is_offered_no_button(website: Website) -> None:
    (uid, _), viewer = an_article(website), colleague(website, "vera", Role.VIEWER)
    words = viewer.words(f"/admin/articles/{uid}")
    assert "An editor can withdraw it" in words
    assert "/withdraw" not in words
    assert viewer.post(f"/admin/articles/{uid}/withdraw").status_code == 403
    assert viewer.get(f"/admin/articles/{uid}/withdraw").status_code in {404, 405}
    assert website.visitor().get(f"/articles/{uid}").status_code == 200


def test_articles_are_found_by_address_or_by_source(website: Website) -> None:
    (uid, url), (other, _), editor = an_article(website), an_article(website, "Right"), colleague(website)
    with website.database.read() as session:
        of_article = select(SourceRow.id, SourceRow.slug).where(col(SourceRow.id) == col(ArticleRow.source_id))
        number, slug = session.execute(of_article.where(col(ArticleRow.uid) == uid)).one()
    for query in (f"named={url}", f"named=http://here.example/articles/{uid}", f"source={slug}"):
        words = editor.words(f"/admin/articles/?{query}")
        assert f"/admin/articles/{uid}" in words
        assert f"/admin/articles/{other}" not in words
    assert f"/admin/articles/?source={slug}" in editor.words(f"/admin/sources/{number}")
    assert "No article goes by this address" in editor.words("/admin/articles/?named=https://example.org/nowhere")
    assert editor.get("/admin/articles/nowhere").status_code == 404
    assert editor.post(f"/admin/articles/{uid}/explode").status_code == 404
