"""The console's page of tokens: shown once, limited to what was ticked, taken back, in the log."""

import re

from syndication.domain.roles import Role
from syndication.domain.scopes import Scope
from syndication.domain.states import SourceKind
from syndication.store.tables import SourceRow
from tests.support import rows
from tests.support.console import colleague
from tests.support.website import Website


def made(website: Website, **form: object) -> str:
    """The secret of a new token, as the page shows it."""
    page = colleague(website).post("/admin/tokens/", **form).text
    found = re.search(r"<code>([\w-]{30,})</code>", page)
    assert found is not None
    return found[1]


def asks(website: Website, secret: str, path: str = "/api/v1/topics") -> int:
    return website.visitor().get(path, headers={"authorization": f"Bearer {secret}"}).status_code


def test_a_token_is_shown_once_and_opens_what_was_ticked_until_it_is_taken_back(website: Website) -> None:
    olga = colleague(website)
    secret = made(website, label="our CMS", scopes=[Scope.CONTENT_READ], days="30")
    assert asks(website, secret) == 200
    assert asks(website, secret, "/api/v1/subscribers") == 403
    page = olga.words("/admin/tokens/")
    assert "our CMS" in page
    assert secret not in page
    assert olga.post("/admin/tokens/1/revoke").status_code == 303
    assert asks(website, secret) == 401
    assert olga.post("/admin/tokens/1/revoke").status_code == 404
    entry = olga.log("token.create")[0]
    assert entry.after == {"label": "our CMS", "scopes": [Scope.CONTENT_READ], "source": "", "days": 30}
    assert secret not in str(entry)
    assert olga.log("token.revoke")[0].target == "token 1"


def test_what_was_chosen_stays_when_the_form_comes_back(website: Website) -> None:
    with website.database.write() as session:
        session.get_one(SourceRow, rows.add_source(session, "newsroom")).kind = SourceKind.PUSH
    answer = colleague(website).post(
        "/admin/tokens/", label=" ", scopes=[Scope.CONTENT_READ], source="newsroom", days="7"
    )
    assert answer.status_code == 422
    assert "Say whose token it is." in answer.text
    ticked = re.findall(r'value="([\w:]+)" checked', answer.text)
    assert ticked == [Scope.CONTENT_READ]
    for words in ('<option value="newsroom" selected>', 'max="3650" value="7"'):
        assert words in answer.text, words


def test_a_token_without_any_power_is_refused(website: Website) -> None:
    answer = colleague(website).post("/admin/tokens/", label="our CMS")
    assert (answer.status_code, "at least one thing" in answer.text) == (422, True)


def test_only_owners_make_and_revoke(website: Website) -> None:
    ed = colleague(website, "ed", Role.EDITOR)
    assert ed.post("/admin/tokens/", label="mine", scopes=[Scope.CONTENT_READ]).status_code == 403
    assert ed.post("/admin/tokens/1/revoke").status_code == 403
