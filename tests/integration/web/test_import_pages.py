"""Lists of readers in the console: looked through first, imported once, stopped and gone on with, refused records back."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlmodel import col, select

from syndication.domain.roles import Role
from syndication.domain.seams import Task
from syndication.domain.states import SubscriptionStatus, UploadState
from syndication.jobs.uploads import Uploads
from syndication.store.tables import ConsentEventRow, ReaderUploadRow, SubscriberRow, SubscriptionRow
from syndication.web import security
from syndication.web.security import MOST_LIST_BYTES
from tests.support.console import Colleague, colleague
from tests.support.website import Website

PLACE = "/admin/subscribers/import"
LIST = b"""email,name,tags
nora@example.org,Nora,The agents
otto@example.org,Otto,gardening
ann@example.com,Ann,
no address,Nobody,
"""
FORM = {"newsletter": "weekly", "consent": "signed up on our old site"}


def uploads(website: Website, *, stop: bool = False) -> Uploads:
    def clock() -> Any:  # noqa: ANN401 - the website's
        website.now += timedelta(seconds=2)
        return website.now

    return Uploads(website.database, website.deps().suppression_key, website.outbox.parent, clock, lambda: stop)


def sent(someone: Colleague, body: bytes = LIST, **form: Any) -> httpx.Response:  # noqa: ANN401 - the fields
    files = {"file": ("C:\\lists\\old.csv", body, "text/csv")} if body else {}
    headers = {"cookie": someone.cookie}
    return someone.website.visitor().post(PLACE, data={**FORM, **form}, files=files, headers=headers)


def addresses(website: Website) -> list[str]:
    with website.database.read() as session:
        rows = select(SubscriberRow.address).join(
            SubscriptionRow, col(SubscriptionRow.subscriber_id) == col(SubscriberRow.id)
        )
        return list(session.exec(rows.order_by(SubscriberRow.address)))


def state(website: Website, number: int = 1) -> UploadState:
    with website.database.read() as session:
        return session.get_one(ReaderUploadRow, number).state


def numbers(words: str) -> dict[str, int]:
    return {name: int(number) for name, number in re.findall(r'<th scope="row">([^<]+)</th><td>(\d+)</td>', words)}


@pytest.fixture
def ed(website: Website) -> Colleague:
    website.reader("agents")
    return colleague(website, "ed", Role.EDITOR)


def test_a_list_is_looked_through_before_anybody_is_added_and_then_imported(website: Website, ed: Colleague) -> None:
    answer = sent(ed)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{PLACE}/1")
    assert website.asked[-1] == (Task.IMPORT, "import:1")
    assert "Being looked through" in ed.words(f"{PLACE}/1")
    uploads(website).work(1)
    looked = ed.words(f"{PLACE}/1")
    assert "What would happen" in looked
    found = numbers(looked)
    assert (found["New readers"], found["Known already"], found["Refused"], found["gardening"]) == (2, 1, 1, 1)
    assert addresses(website) == ["ann@example.com"]
    assert ed.post(f"{PLACE}/1/run").status_code == 303
    assert "Being imported" in ed.words(f"{PLACE}/1")
    uploads(website).work(1)
    done = ed.words(f"{PLACE}/1")
    assert "Imported" in done
    assert numbers(done)["New readers"] == 2
    assert addresses(website) == ["ann@example.com", "nora@example.org", "otto@example.org"]
    with website.database.read() as session:
        proofs = session.exec(select(ConsentEventRow.detail).where(ConsentEventRow.event == "imported")).all()
    assert {"consent": FORM["consent"], "list": "old.csv"} in proofs
    assert "example.org" not in str(ed.log("readers.import"))
    assert not uploads(website).list_file(1).exists()


def test_the_refused_records_come_back_with_their_reasons(website: Website, ed: Colleague) -> None:
    sent(ed, LIST + b",Nobody at all,\n=cmd()@,x,\n")
    uploads(website).work(1)
    assert numbers(ed.words(f"{PLACE}/1"))["no address"] == 1
    answer = ed.get(f"{PLACE}/1/refused.csv")
    header, *lines = answer.text.splitlines()
    assert header == "record,reason,email,name,tags"
    assert [line.partition(",")[0] for line in lines] == ["4", "5", "6"]
    assert lines[1] == "5,no address,,Nobody at all,"
    assert ",'=cmd()@,x," in lines[2]
    website.now += timedelta(days=8)
    uploads(website).tidy()
    assert ed.get(f"{PLACE}/1/refused.csv").status_code == 404


def test_tags_get_a_meaning_before_the_import(website: Website, ed: Colleague) -> None:
    sent(ed)
    uploads(website).work(1)
    ed.post(f"{PLACE}/1/check", tag=["gardening"], means=["local"])
    uploads(website).work(1)
    assert "gardening" not in ed.words(f"{PLACE}/1")
    ed.post(f"{PLACE}/1/run")
    uploads(website).work(1)
    csv = colleague(website).post("/admin/subscribers/export").text
    assert "otto@example.org,weekly,confirmed,local,en," in csv


def test_a_form_that_is_wrong_keeps_its_words_and_says_what_is_missing(website: Website, ed: Colleague) -> None:
    answer = sent(ed, b"", consent="", topics="elsewhere")
    assert answer.status_code == 422
    for words in ("Choose the file", "does not offer all of these topics", "Say where and when"):
        assert words in answer.text
    again = sent(ed, newsletter="none", consent='at the "fair"')
    assert "Choose a newsletter" in again.text
    assert "at the &#34;fair&#34;" in again.text
    with website.database.read() as session:
        assert session.exec(select(ReaderUploadRow)).all() == []


def test_a_list_that_cannot_be_read_says_why_and_is_dropped(website: Website, ed: Colleague) -> None:
    sent(ed, b"name,town\nAnna,Rome\n")
    uploads(website).work(1)
    assert "no column holds addresses" in ed.words(f"{PLACE}/1")
    ed.post(f"{PLACE}/1/run")
    assert state(website) is UploadState.FAILED
    ed.post(f"{PLACE}/1/drop")
    assert "It was dropped" in ed.words(f"{PLACE}/1")
    assert not list((website.outbox.parent / "imports").iterdir())


def test_an_import_that_the_service_leaves_goes_on_at_the_next_start_with_exact_counts(
    website: Website, ed: Colleague
) -> None:
    lines = b"".join(b"reader%d@example.org\n" % number for number in range(1_200))
    sent(ed, b"email\n" + lines)
    uploads(website, stop=True).work(1)
    assert state(website) is UploadState.CHECKING
    uploads(website).work(1)
    ed.post(f"{PLACE}/1/run")
    uploads(website, stop=True).work(1)
    taken = len(addresses(website))
    assert 0 < taken < 1_200
    assert state(website) is UploadState.IMPORTING
    uploads(website).work(1)
    assert numbers(ed.words(f"{PLACE}/1"))["New readers"] == 1_200
    assert len(addresses(website)) == 1_201


def test_an_import_can_be_stopped_where_it_is(website: Website, ed: Colleague) -> None:
    sent(ed)
    uploads(website).work(1)
    ed.post(f"{PLACE}/1/run")
    assert "Stop here" in ed.words(f"{PLACE}/1")
    ed.post(f"{PLACE}/1/drop")
    uploads(website).work(1)
    assert addresses(website) == ["ann@example.com"]
    assert len(ed.log("readers.import_stop")) == 1


def test_a_list_without_a_word_for_a_day_is_dropped_and_strange_files_go(website: Website, ed: Colleague) -> None:
    sent(ed)
    uploads(website).work(1)
    stray = website.outbox.parent / "imports" / "99.csv"
    stray.write_text("email\n")
    uploads(website).tidy()
    assert state(website) is UploadState.CHECKED
    assert not stray.exists()
    website.now += timedelta(days=2)
    uploads(website).tidy()
    assert state(website) is UploadState.DROPPED
    assert not uploads(website).list_file(1).exists()


def test_a_list_whose_file_is_gone_says_so(website: Website, ed: Colleague) -> None:
    sent(ed)
    uploads(website).list_file(1).unlink()
    uploads(website).work(1)
    assert "not on this machine any more" in ed.words(f"{PLACE}/1")


def test_only_who_is_logged_in_may_send_much_and_nobody_may_send_too_much(website: Website, ed: Colleague) -> None:
    large = b"email\n" + b"x" * 2_000_000
    assert sent(ed, large).status_code == 303
    stranger = website.visitor().post(PLACE, data=FORM, files={"file": ("x.csv", large)})
    assert (stranger.status_code, stranger.headers["location"]) == (303, "/admin/login")
    assert sent(colleague(website, "vera", Role.VIEWER)).status_code == 403
    assert website.visitor().post("/admin/login", data={"name": "x" * 2_000_000}).status_code == 413


class Body:
    """A body of pieces of 64 KB, of which more are there than anybody takes. read: how many were."""

    read = 0

    async def pieces(self, head: bytes) -> AsyncIterator[bytes]:
        """The pieces, the first after a head."""
        while True:
            self.read += 1
            yield (head if self.read == 1 else b"") + b"x" * 65_536


def too_long(website: Website, ed: Colleague, body: Body, **headers: str) -> str:
    """What the page says to a list that does not end."""
    kind = {"content-type": "multipart/form-data; boundary=b", "cookie": ed.cookie}
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="long.csv"\r\n\r\n'
    answer = website.visitor().post(PLACE, content=body.pieces(head), headers=kind | headers)
    assert answer.status_code == 413
    return answer.text


def test_a_list_that_is_said_to_be_too_long_is_refused_before_it_is_read(website: Website, ed: Colleague) -> None:
    body = Body()
    words = too_long(website, ed, body, **{"content-length": str(MOST_LIST_BYTES + 1)})
    assert "syndication subscribers import FILE NEWSLETTER --consent" in words
    assert body.read == 0


def test_a_list_of_unknown_length_is_read_no_further_than_it_may_be(
    website: Website, ed: Colleague, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(security, "MOST_LIST_BYTES", 3 * 65_536 + 1_000)
    body = Body()
    assert "larger than 128 MB" in too_long(website, ed, body)
    assert body.read == 4


def test_subscribers_are_exported_by_owners_and_the_log_keeps_it(website: Website, ed: Colleague) -> None:
    assert ed.post("/admin/subscribers/export").status_code == 403
    olga = colleague(website)
    everybody = olga.post("/admin/subscribers/export")
    assert everybody.text.splitlines()[0] == "email,newsletter,status,topics,language,confirmed_at,unsubscribed_at"
    assert everybody.text.splitlines()[1].startswith("ann@example.com,weekly,confirmed,agents,en,")
    assert "attachment" in everybody.headers["content-disposition"]
    for form in ({"status": SubscriptionStatus.UNSUBSCRIBED.value}, {"newsletter": "other"}):
        assert len(olga.post("/admin/subscribers/export", **form).text.splitlines()) == 1
    assert [entry.after["status"] for entry in olga.log("readers.export")] == ["all", "unsubscribed", "all"]
