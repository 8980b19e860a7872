"""Readers in the console: found, shown, added, paused, unsubscribed, erased, exported."""

from typing import Any

from sqlmodel import select

from syndication.domain.roles import Role
from syndication.domain.states import NoticeKind, SubscriptionStatus
from syndication.store.tables import ConsentEventRow, SubscriberRow
from tests.support.console import colleague
from tests.support.website import Website


def new(**other: object) -> dict[str, Any]:
    return {"email": "bob@example.org", "newsletter": "weekly", "topics": ["agents"], "how": "ask", **other}


def test_readers_are_found_by_the_beginning_of_their_address_topic_and_status(website: Website) -> None:
    website.reader("agents")
    vera = colleague(website, "vera", Role.VIEWER)
    for query, is_there in {
        "q=ANN": True,
        "q=ann%25": False,
        "q=nn@": False,
        "topic=agents&status=confirmed": True,
        "topic=local": False,
        "status=unsubscribed": False,
        "q=ann&topic=agents&before=1": False,
    }.items():
        assert ("ann@example.com" in vera.words(f"/admin/subscribers/?{query}")) is is_there, query


def test_newsletters_topics_and_languages_are_called_by_their_names(website: Website) -> None:
    website.reader("agents")
    vera = colleague(website, "vera", Role.VIEWER)
    listed = vera.words("/admin/subscribers/")
    assert "<td>Weekly</td>" in listed
    assert "<td>English</td>" in listed
    reader = vera.words(f"/admin/subscribers/{website.subscription().subscriber_id}")
    for words in (">Weekly: confirmed</h2>", "<dd>The agents</dd>", "<dd>English</dd>"):
        assert words in reader


def test_somebody_added_is_asked_by_mail_and_no_address_stands_in_the_log(website: Website) -> None:
    ed = colleague(website, "ed", Role.EDITOR)
    assert ed.post("/admin/subscribers/new", **new()).status_code == 303
    assert website.subscription().status is SubscriptionStatus.UNCONFIRMED
    assert website.notices() == [NoticeKind.CONFIRM]
    entry = ed.log("reader.add")[0]
    assert "bob" not in f"{entry.target}{entry.after}"


def test_a_declared_consent_confirms_at_once_and_is_kept_as_the_proof(website: Website) -> None:
    ed = colleague(website, "ed", Role.EDITOR)
    wrong = ed.post("/admin/subscribers/new", **new(how="declared"))
    assert wrong.status_code == 422
    assert "Say where and when" in wrong.text
    done = ed.post("/admin/subscribers/new", **new(how="declared", consent="paper list, fair in Torino"))
    assert done.status_code == 303
    assert website.subscription().status is SubscriptionStatus.CONFIRMED
    with website.database.read() as session:
        texts = session.exec(select(ConsentEventRow.text_version)).all()
    assert "declared: paper list, fair in Torino" in texts


def test_who_left_cannot_be_brought_back_by_a_declaration(website: Website) -> None:
    number = website.reader("agents")
    ed = colleague(website, "ed", Role.EDITOR)
    reader = website.subscription().subscriber_id
    assert ed.post(f"/admin/subscribers/{reader}/unsubscribe/{number}").status_code == 303
    answer = ed.post("/admin/subscribers/new", **new(email="ann@example.com", how="declared", consent="she said so"))
    assert answer.status_code == 422
    assert "only they can come back" in answer.text
    assert website.subscription().status is SubscriptionStatus.UNSUBSCRIBED


def test_what_was_typed_stays_when_it_is_wrong(website: Website) -> None:
    ed = colleague(website, "ed", Role.EDITOR)
    answer = ed.post("/admin/subscribers/new", **new(email="bob at example", topics=["elsewhere"]))
    assert answer.status_code == 422
    assert 'value="bob at example"' in answer.text
    assert "at least one topic" in answer.text


def test_a_reader_is_paused_until_a_day_to_come_and_goes_on_again(website: Website) -> None:
    number = website.reader("agents")
    reader = website.subscription().subscriber_id
    ed = colleague(website, "ed", Role.EDITOR)
    past = ed.post(f"/admin/subscribers/{reader}/pause/{number}", until="2020-01-01")
    assert (past.status_code, 'value="2020-01-01"' in past.text) == (422, True)
    assert ed.post(f"/admin/subscribers/{reader}/pause/{number}", until="2027-01-01").status_code == 303
    assert website.subscription().paused_until is not None
    assert "Paused until" in ed.words(f"/admin/subscribers/{reader}")
    ed.post(f"/admin/subscribers/{reader}/resume/{number}")
    assert website.subscription().paused_until is None
    assert ed.post(f"/admin/subscribers/{reader}/unsubscribe/999").status_code == 404


def test_erasing_takes_an_owner_and_the_word(website: Website) -> None:
    website.reader("agents")
    reader = website.subscription().subscriber_id
    path = f"/admin/subscribers/{reader}/erase"
    assert colleague(website, "ed", Role.EDITOR).post(path, word="erase").status_code == 403
    olga = colleague(website)
    assert olga.post(path, word="yes").status_code == 422
    assert "ann@example.com" in olga.words(f"/admin/subscribers/{reader}")
    assert olga.post(path, word="Erase").status_code == 303
    assert olga.get(f"/admin/subscribers/{reader}").status_code == 404
    with website.database.read() as session:
        assert session.exec(select(SubscriberRow.address)).all() == [""]
    assert "ann@" not in str(olga.log("reader.erase"))


def test_a_dossier_is_handed_out_as_json(website: Website) -> None:
    website.reader("agents")
    reader = website.subscription().subscriber_id
    answer = colleague(website, "ed", Role.EDITOR).get(f"/admin/subscribers/{reader}/dossier.json")
    found = answer.json()
    assert (found["address"], found["memberships"][0]["topics"]) == ("ann@example.com", ["agents"])
    assert "attachment" in answer.headers["content-disposition"]
