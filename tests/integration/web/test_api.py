"""The API: scopes, paging, problems, what it describes."""

from typing import Any

import httpx
import jsonschema
import pytest

from syndication.domain.scopes import Scope
from syndication.domain.seams import Task
from syndication.domain.states import SubscriptionStatus
from syndication.store.tokens import NewToken, create_token
from tests.support.website import Website


def ask(website: Website, method: str, path: str, *scopes: Scope, body: dict[str, Any] | None = None) -> httpx.Response:
    with website.database.write() as session:
        _, secret = create_token(session, NewToken("a program", scopes), website.now)
    headers = {"authorization": f"Bearer {secret}"}
    return website.visitor().request(method, f"/api/v1/{path}", headers=headers, json=body)


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "newsletters", Scope.CONTENT_READ),
        ("GET", "topics", Scope.CONTENT_READ),
        ("GET", "feeds", Scope.CONTENT_READ),
        ("GET", "issues", Scope.ISSUES_READ),
        ("GET", "subscribers", Scope.SUBSCRIBERS_READ),
    ],
)
def test_a_list_takes_its_scope_and_no_other(website: Website, method: str, path: str, scope: Scope) -> None:
    assert ask(website, method, path, scope).status_code == 200
    refused = ask(website, method, path, *(set(Scope) - {scope}))
    assert refused.status_code == 403
    assert refused.headers["content-type"] == "application/problem+json"
    assert scope in refused.json()["detail"]
    assert website.visitor().get(f"/api/v1/{path}").status_code == 401


def test_lists_say_what_there_is(website: Website) -> None:
    letters = ask(website, "GET", "newsletters", Scope.CONTENT_READ).json()
    assert [one["slug"] for one in letters["items"]] == ["weekly"]
    assert letters["next"] is None
    topics = ask(website, "GET", "topics", Scope.CONTENT_READ).json()["items"]
    assert {one["slug"] for one in topics} == {"agents", "local"}
    feeds = ask(website, "GET", "feeds", Scope.CONTENT_READ).json()["items"]
    assert any(one["atom"].endswith("/feeds/all.atom") for one in feeds)


def test_a_reader_is_added_shown_unsubscribed_and_erased(website: Website) -> None:
    write, read = Scope.SUBSCRIBERS_WRITE, Scope.SUBSCRIBERS_READ
    body = {"email": "bob@example.org", "newsletter": "weekly", "topics": ["agents"], "consent": "at the fair"}
    made = ask(website, "POST", "subscribers", write, body=body)
    assert (made.status_code, made.json()["status"]) == (201, "confirmed")
    again = ask(website, "POST", "subscribers", write, body=body)
    assert again.status_code == 409
    number = website.subscription().subscriber_id
    shown = ask(website, "GET", f"subscribers/{number}", read).json()
    assert (shown["address"], shown["memberships"][0]["topics"]) == ("bob@example.org", ["agents"])
    assert ask(website, "POST", f"subscribers/{number}/unsubscribe", write).status_code == 204
    assert website.subscription().status is SubscriptionStatus.UNSUBSCRIBED
    assert ask(website, "POST", "subscribers", write, body=body).status_code == 409
    assert ask(website, "DELETE", f"subscribers/{number}", write).status_code == 204
    assert ask(website, "GET", f"subscribers/{number}", read).status_code == 404


def test_what_is_wrong_is_pointed_at(website: Website) -> None:
    body = {"email": "bob at example", "newsletter": "weekly"}
    wrong = ask(website, "POST", "subscribers", Scope.SUBSCRIBERS_WRITE, body=body)
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/email")
    unknown = ask(website, "POST", "subscribers", Scope.SUBSCRIBERS_WRITE, body={**body, "newsletter": "none"})
    assert unknown.json()["errors"][0]["pointer"] == "/newsletter"
    extra = ask(website, "POST", "subscribers", Scope.SUBSCRIBERS_WRITE, body={**body, "extra": 1})
    assert extra.status_code == 422
    assert extra.headers["content-type"] == "application/problem+json"


def test_a_list_is_paged_to_its_end(website: Website) -> None:
    for name in ("ann", "bob", "cid"):
        body = {"email": f"{name}@example.org", "newsletter": "weekly", "consent": "yes"}
        ask(website, "POST", "subscribers", Scope.SUBSCRIBERS_WRITE, body=body)
    seen, cursor = [], ""
    for _ in range(3):
        answer = ask(website, "GET", f"subscribers?limit=1{cursor}", Scope.SUBSCRIBERS_READ).json()
        seen += [one["address"] for one in answer["items"]]
        cursor = f"&after={answer['next']}"
    assert seen == ["cid@example.org", "bob@example.org", "ann@example.org"]
    assert answer["next"] is None


def test_an_issue_is_sent_now_shown_and_in_the_way_of_another(website: Website) -> None:
    begun = ask(website, "POST", "issues", Scope.ISSUES_SEND, body={"newsletter": "weekly"})
    assert begun.status_code == 202
    number = begun.json()["issue"]
    shown = ask(website, "GET", f"issues/{number}", Scope.ISSUES_READ).json()
    assert (shown["state"], shown["deliveries"]) == ("due", {})
    listed = ask(website, "GET", "issues?newsletter=weekly", Scope.ISSUES_READ).json()
    assert [one["id"] for one in listed["items"]] == [number]
    assert ask(website, "POST", "issues", Scope.ISSUES_SEND, body={"newsletter": "weekly"}).status_code == 409
    assert ask(website, "POST", "issues", Scope.ISSUES_SEND, body={"newsletter": "no"}).status_code == 422
    assert ask(website, "GET", "issues/99", Scope.ISSUES_READ).status_code == 404


def test_answers_are_as_the_description_says_and_every_request_is_described(website: Website) -> None:
    described = website.visitor().get("/api/v1/openapi.json").json()
    assert described["openapi"].startswith("3.1")
    assert len(described["paths"]) == 10
    website.reader("agents")
    for path, scope in (
        ("newsletters", Scope.CONTENT_READ),
        ("topics", Scope.CONTENT_READ),
        ("feeds", Scope.CONTENT_READ),
        ("subscribers", Scope.SUBSCRIBERS_READ),
    ):
        answer = ask(website, "GET", path, scope).json()
        content = described["paths"][f"/api/v1/{path}"]["get"]["responses"]["200"]["content"]
        schema = {**content["application/json"]["schema"], "components": described["components"]}
        jsonschema.validate(answer, schema)
        assert answer["items"]
    problem = {"$ref": "#/components/schemas/Problem", "components": described["components"]}
    jsonschema.validate(website.visitor().get("/api/v1/topics").json(), problem)


def test_people_read_the_description_as_a_page(website: Website) -> None:
    page = website.visitor().get("/api/v1/")
    assert page.status_code == 200
    assert "DELETE /api/v1/subscribers/{subscriber_id}" in page.text
    assert "default-src 'self'" in page.headers["content-security-policy"]


def test_an_announcement_is_written_and_sent(website: Website) -> None:
    website.reader("agents")
    (article,) = website.articles("agents", titles=("About agents",))
    body = {"newsletter": "weekly", "subject": "We move", "words": "Dear *all*", "topics": ["agents"], "send": True}
    made = ask(website, "POST", "announcements", Scope.ISSUES_SEND, body={**body, "articles": [article]})
    assert made.status_code == 202, made.text
    assert website.asked == [(Task.SWEEP, "sweep")]
    shown = ask(website, "GET", f"issues/{made.json()['issue']}", Scope.ISSUES_READ).json()
    assert (shown["subject"], shown["slot"], shown["state"]) == ("We move", None, "review")
    assert shown["note"] == "It goes as soon as it is composed."
    assert ask(website, "POST", "announcements", Scope.ISSUES_READ, body=body).status_code == 403
    for wrong in (
        {"newsletter": "none"},
        {"topics": ["cats"]},
        {"articles": [99]},
        {"words": " "},
        {"subject": "W" * 151},
    ):
        assert ask(website, "POST", "announcements", Scope.ISSUES_SEND, body={**body, **wrong}).status_code == 422
