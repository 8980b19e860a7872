"""The API that takes articles: who may, what it stores, and how it says what is wrong."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlmodel import Session, select

from syndication.domain.scopes import Scope
from syndication.domain.seams import Task
from syndication.domain.states import FirstFetch, SourceKind
from syndication.store.tables import ArticleRow, ArticleTextRow, SourceRow, TokenRow
from syndication.store.tokens import NewToken, create_token, revoke_token
from tests.support.website import NOW, Website

ARTICLE = {
    "id": "one",
    "title": "Agents at work",
    "url": "https://news.example.org/one",
    "content_html": "<p>They work.</p><script>no</script>",
    "language": "en",
    "published_at": "2026-11-05T08:00:00+01:00",
    "authors": ["Ada"],
}


def source(session: Session, slug: str = "newsroom", kind: SourceKind = SourceKind.PUSH) -> int:
    row = SourceRow(
        slug=slug, title=slug, kind=kind, location="", first_fetch=FirstFetch.NEW, next_poll_at=NOW, created_at=NOW
    )
    session.add(row)
    session.flush()
    return row.id or 0


@pytest.fixture
def token(website: Website) -> str:
    """A token for the only source."""
    with website.database.write() as session:
        return create_token(session, NewToken("CMS", [Scope.ARTICLES_WRITE], source(session)), NOW)[1]


def post(website: Website, token: str, body: Any, **headers: str) -> httpx.Response:  # noqa: ANN401 - any JSON
    auth = {"authorization": f"Bearer {token}"} if token else {}
    return website.visitor().post("/api/v1/articles", json=body, headers={**auth, **headers})


def push(website: Website, token: str, **article: Any) -> httpx.Response:  # noqa: ANN401 - any JSON
    return post(website, token, {"articles": [{**ARTICLE, **article}]})


def articles(website: Website) -> list[ArticleRow]:
    with website.database.read() as session:
        return list(session.exec(select(ArticleRow)))


def test_an_article_that_is_pushed_is_stored_and_classified(website: Website, token: str) -> None:
    answer = push(website, token)
    assert answer.status_code == 201
    (said,) = answer.json()["articles"]
    (article,) = articles(website)
    assert (said["id"], said["status"], said["uid"]) == ("one", "created", article.uid)
    assert said["url"].endswith(f"/articles/{article.uid}")
    assert (article.is_backfill, article.language, article.authors) == (False, "en", ["Ada"])
    assert article.published_at.isoformat() == "2026-11-05T07:00:00+00:00"
    with website.database.read() as session:
        assert session.exec(select(ArticleTextRow.content)).one() == "<p>They work.</p>"
    assert website.asked == [(Task.CLASSIFY, "classify")]


def test_the_same_push_again_changes_nothing(website: Website, token: str) -> None:
    push(website, token)
    website.asked.clear()
    again = push(website, token)
    assert (again.status_code, again.json()["articles"][0]["status"]) == (200, "unchanged")
    assert len(articles(website)) == 1
    assert website.asked == []


def test_the_same_id_with_other_words_is_an_update(website: Website, token: str) -> None:
    first = push(website, token).json()["articles"][0]
    again = push(website, token, title="Agents at rest").json()["articles"][0]
    assert (again["status"], again["uid"]) == ("updated", first["uid"])
    assert [article.revision for article in articles(website)] == [2]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "articles"),
        ({"articles": []}, "articles"),
        ({"articles": [{"title": "x"}]}, "/articles/0/id"),
        ({"articles": [{**ARTICLE, "published_at": "soon"}]}, "/articles/0/published_at"),
        ({"articles": [{**ARTICLE, "published_at": "2026-11-05T08:00:00"}]}, "/articles/0/published_at"),
        ({"articles": [{**ARTICLE, "url": "javascript:alert(1)"}]}, "/articles/0/url"),
        ({"articles": [{**ARTICLE, "tilte": "x"}]}, "/articles/0/tilte"),
        ({"articles": [ARTICLE, ARTICLE]}, "twice"),
        ({"articles": [{"id": "empty"}]}, "at least one word"),
        ({"articles": [ARTICLE] * 101}, "articles"),
        ([], ""),
    ],
)
def test_a_wrong_push_says_where_it_is_wrong_and_stores_nothing(
    website: Website, token: str, body: object, said: str
) -> None:
    answer = post(website, token, body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert said in answer.text
    assert articles(website) == []


def test_what_is_no_json_is_a_problem_too(website: Website, token: str) -> None:
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    answer = website.visitor().post("/api/v1/articles", content=b"{", headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


def test_a_push_of_more_than_a_megabyte_is_refused(website: Website, token: str) -> None:
    answer = push(website, token, content_text="x" * 1_100_000)
    assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")
    assert articles(website) == []


@pytest.mark.parametrize("header", ["", "Bearer ", "Bearer wrong", "Basic YTpi", "syn_x"])
def test_without_a_valid_token_nothing_is_taken(website: Website, token: str, header: str) -> None:
    answer = website.visitor().post("/api/v1/articles", json={"articles": [ARTICLE]}, headers={"authorization": header})
    assert token
    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")
    assert answer.headers["www-authenticate"].startswith("Bearer ")
    assert articles(website) == []


def test_a_revoked_or_expired_token_opens_nothing(website: Website, token: str) -> None:
    with website.database.write() as session:
        brief = create_token(session, NewToken("brief", [Scope.ARTICLES_WRITE], None, NOW + timedelta(days=1)), NOW)[1]
        number = session.exec(select(TokenRow.id).where(TokenRow.label == "CMS")).one() or 0
        assert revoke_token(session, number, NOW)
        assert not revoke_token(session, number, NOW)
    assert push(website, token).status_code == 401
    assert post(website, brief, {"source": "newsroom", "articles": [ARTICLE]}).status_code == 201
    website.now += timedelta(days=1)
    assert post(website, brief, {"source": "newsroom", "articles": [ARTICLE]}).status_code == 401


def test_a_token_without_the_scope_is_told_which_it_lacks(website: Website, token: str) -> None:
    with website.database.write() as session:
        session.exec(select(TokenRow).where(TokenRow.label == "CMS")).one().scopes = ["something:else"]
    answer = push(website, token)
    assert answer.status_code == 403
    assert 'scope="articles:write"' in answer.headers["www-authenticate"]


def test_a_token_of_one_source_cannot_write_to_another(website: Website, token: str) -> None:
    with website.database.write() as session:
        source(session, "other")
    assert post(website, token, {"source": "other", "articles": [ARTICLE]}).status_code == 403
    assert post(website, token, {"source": "newsroom", "articles": [ARTICLE]}).status_code == 201


def test_a_token_of_no_source_must_name_one_that_takes_articles(website: Website) -> None:
    with website.database.write() as session:
        secret = create_token(session, NewToken("any", [Scope.ARTICLES_WRITE]), NOW)[1]
        source(session, "feed", SourceKind.FEED)
    assert "/source" in post(website, secret, {"articles": [ARTICLE]}).text
    assert "no source 'nobody'" in post(website, secret, {"source": "nobody", "articles": [ARTICLE]}).text
    answer = post(website, secret, {"source": "feed", "articles": [ARTICLE]})
    assert (answer.status_code, "kind push" in answer.text) == (422, True)


def test_the_secret_is_nowhere_in_the_database_and_its_use_is_noted(website: Website, token: str) -> None:
    push(website, token)
    with website.database.read() as session:
        row = session.exec(select(TokenRow).where(TokenRow.kind == "api")).one()
    assert token not in str(row.model_dump())
    assert row.hint == token[:8]
    assert row.used_at == NOW


def test_an_unknown_address_of_the_api_is_a_problem(website: Website) -> None:
    answer = website.visitor().get("/api/v1/nothing")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert website.visitor().get("/api/v1/articles").status_code == 405
