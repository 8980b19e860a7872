"""Roles, invitations, log-ins, slowed guesses, the log."""

import re
from datetime import timedelta

import pytest

from syndication.domain.errors import StoreError
from syndication.domain.roles import Role
from syndication.store.admins import find_admin, hash_of
from syndication.store.people import offer_reset, remove_admin
from tests.support.console import colleague
from tests.support.website import Website

PASSWORD = "a long sentence"
LINK = re.compile(r"http://127\.0\.0\.1:8000(/admin/invite/[\w-]+)")


def invite(website: Website, role: str) -> str:
    page = colleague(website).post("/admin/people/invite", label="Our new editor", role=role).text
    found = LINK.search(page)
    assert found
    return found[1]


def number_of(website: Website, name: str) -> int:
    with website.database.read() as session:
        found = find_admin(session, name)
    assert found
    return found.admin_id


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR])
def test_who_is_no_owner_sees_people_but_changes_none(website: Website, role: Role) -> None:
    somebody = colleague(website, "vera", role)
    assert "vera (you)" in somebody.words("/admin/people/")
    assert "Invite somebody" not in somebody.words("/admin/people/")
    for path in ("invite", "1/role", "1/remove"):
        answer = somebody.post(f"/admin/people/{path}", label="x", role="owner")
        assert answer.status_code == 403
    assert f"vera, who is {'a viewer' if role is Role.VIEWER else 'an editor'}" in answer.text


def test_a_viewer_cannot_change_a_schedule_and_an_editor_can(website: Website) -> None:
    form = {"cron": "0 8 * * *", "zone": "Europe/Rome", "version": "1"}
    assert colleague(website, "vera", Role.VIEWER).post("/admin/schedules/1", **form).status_code == 403
    assert colleague(website, "ed", Role.EDITOR).post("/admin/schedules/1", **form).status_code == 303


def test_an_invitation_makes_one_admin_of_its_role_and_is_not_used_up_by_looking(website: Website) -> None:
    link = invite(website, "editor")
    assert website.visitor().get(link).status_code == 200
    answer = website.visitor().post(link, data={"name": "Edith", "password": PASSWORD})
    assert answer.headers["location"] == "/admin/"
    assert website.visitor().post(link, data={"name": "Eve", "password": PASSWORD}).status_code == 404
    with website.database.read() as session:
        found = find_admin(session, "edith")
    assert found
    assert found.role is Role.EDITOR


def test_an_invitation_for_nobody_keeps_the_role(website: Website) -> None:
    answer = colleague(website).post("/admin/people/invite", label=" ", role="editor")
    assert answer.status_code == 422
    assert 'name="role"><option>viewer</option><option selected>editor</option>' in answer.text


def test_a_taken_name_keeps_the_invitation_open(website: Website) -> None:
    link = invite(website, "viewer")
    taken = website.visitor().post(link, data={"name": "olga", "password": PASSWORD})
    assert taken.status_code == 422
    assert "already" in taken.text
    assert website.visitor().post(link, data={"name": "vera", "password": PASSWORD}).status_code == 303


def test_an_invitation_that_was_withdrawn_or_is_old_is_worth_nothing(website: Website) -> None:
    first, second = invite(website, "owner"), invite(website, "owner")
    colleague(website).post("/admin/people/invitations/1/withdraw")
    assert website.visitor().get(first).status_code == 404
    website.now += timedelta(days=7)
    assert website.visitor().post(second, data={"name": "eve", "password": PASSWORD}).status_code == 404


def test_the_last_owner_can_neither_leave_nor_step_down(website: Website) -> None:
    olga = colleague(website)
    number = number_of(website, "olga")
    for path, form in ((f"{number}/remove", {}), (f"{number}/role", {"role": "viewer"})):
        answer = olga.post(f"/admin/people/{path}", **form)
        assert answer.status_code == 422
        assert "only owner" in answer.text
    colleague(website, "otto", Role.OWNER)
    assert olga.post(f"/admin/people/{number}/role", role="viewer").status_code == 303
    with website.database.write() as session, pytest.raises(StoreError):
        remove_admin(session, number_of(website, "otto"))


def test_who_is_removed_is_out_at_once(website: Website) -> None:
    vera = colleague(website, "vera", Role.VIEWER)
    olga = colleague(website)
    assert vera.get("/admin/").status_code == 200
    olga.post(f"/admin/people/{number_of(website, 'vera')}/remove")
    assert vera.get("/admin/").status_code == 303
    assert olga.log("admin.remove")[0].target == "vera"


def test_a_log_in_is_listed_and_can_be_ended_by_its_owner_only(website: Website) -> None:
    vera, ed = colleague(website, "vera", Role.VIEWER), colleague(website, "ed", Role.EDITOR)
    mark = hash_of("cookie-of-vera")[:16]
    assert mark in vera.words("/admin/people/")
    assert mark not in ed.words("/admin/people/")
    ed.post(f"/admin/people/log-ins/{mark}/end")
    assert vera.get("/admin/").status_code == 200
    colleague(website).post(f"/admin/people/log-ins/{mark}/end")
    assert vera.get("/admin/").status_code == 303


def test_wrong_guesses_end_in_429_and_the_browser_of_the_admin_still_comes_in(website: Website) -> None:
    good = {"name": "anna", "password": PASSWORD}
    arrived = website.visitor().post(invite(website, "owner"), data=good)
    device = next(one.split(";")[0] for one in arrived.headers.get_list("set-cookie") if "device" in one)
    wrong = {"name": "anna", "password": "wrong"}
    tries = [website.visitor().post("/admin/login", data=wrong).status_code for _ in range(11)]
    assert tries == [422] * 10 + [429]
    own = website.visitor().post("/admin/login", data=good, headers={"cookie": device})
    assert own.headers["location"] == "/admin/"


def test_a_reset_link_sets_the_password_once_and_ends_older_log_ins(website: Website) -> None:
    olga = colleague(website)
    with website.database.write() as session:
        offer_reset(session, hash_of("reset"), "Olga", website.now)
    assert website.visitor().get("/admin/reset/reset").status_code == 200
    assert website.visitor().post("/admin/reset/reset", data={"password": "short"}).status_code == 422
    done = website.visitor().post("/admin/reset/reset", data={"password": PASSWORD})
    assert done.headers["location"] == "/admin/"
    assert website.visitor().post("/admin/reset/reset", data={"password": PASSWORD}).status_code == 404
    assert olga.get("/admin/").status_code == 303
    again = website.visitor().post("/admin/login", data={"name": "olga", "password": PASSWORD})
    assert again.headers["location"] == "/admin/"


def test_nobody_gets_a_reset_link_for_an_unknown_name(website: Website) -> None:
    with website.database.write() as session, pytest.raises(StoreError, match="admin list"):
        offer_reset(session, hash_of("reset"), "nobody", website.now)


def test_the_log_shows_what_was_changed_and_by_whom_in_pages(website: Website) -> None:
    olga = colleague(website)
    for number in range(51):
        olga.post("/admin/people/invite", label=f"guest {number}", role="viewer")
    newest = olga.words("/admin/log/")
    assert "admin.invite" in newest
    assert "guest 50" in newest
    older = re.search(r"/admin/log/\?before=(\d+)", newest)
    assert older
    assert "guest 0<" in olga.words(f"/admin/log/?before={older[1]}")
