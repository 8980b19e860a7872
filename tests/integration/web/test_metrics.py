"""`/metrics`: in the text format, true, and not for everybody."""

import re

from sqlmodel import select, update

from syndication.domain.scopes import Scope
from syndication.domain.states import Health, IssueState
from syndication.store.database import Database
from syndication.store.gauges import read_gauges
from syndication.store.tables import IssueRow, NewsletterRow, ScheduleRow, SourceRow
from syndication.store.tokens import NewToken, create_token
from tests.support.mailing import add_mailing
from tests.support.rows import add_counters
from tests.support.website import NOW, Website

LINE = re.compile(r'syndication_[a-z_]+(\{[a-z]+="[^"]+"\})? -?[0-9.e+]+')


def values(text: str) -> dict[str, float]:
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert [line for line in lines if not LINE.fullmatch(line)] == []
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


def test_numbers_of_a_quiet_installation_are_zero(website: Website, database: Database) -> None:
    with database.write() as session:
        session.execute(update(ScheduleRow).values(enabled=False))
    answer = website.visitor().get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    found = values(answer.text)
    assert found.pop("syndication_next_issue_seconds") == -1e9
    assert {name for name, value in found.items() if value} == {'syndication_info{version="0.1.0"}'}


def test_what_is_under_way_is_counted(website: Website, database: Database) -> None:
    website.articles("agents")
    with database.write() as session:
        session.execute(update(SourceRow).values(health=Health.FAILING))
        newsletter_id = session.exec(select(NewsletterRow.id)).one() or 0
        session.add(
            IssueRow(newsletter_id=newsletter_id, state=IssueState.PAUSED, from_seq=0, cut_seq=1, created_at=NOW)
        )
    found = values(website.visitor().get("/metrics").text)
    assert found['syndication_issues{state="paused"}'] == 1
    assert found['syndication_issues{state="sending"}'] == 0
    assert found['syndication_sources{health="failing"}'] == 1
    assert found['syndication_sources{health="ok"}'] == 0
    assert found["syndication_troubles"] == 2
    assert found["syndication_articles_accepted"] == 1
    assert found["syndication_next_issue_seconds"] > 0


def test_from_elsewhere_a_token_is_needed(website: Website, database: Database) -> None:
    stranger = website.visitor("203.0.113.9")
    assert stranger.get("/metrics").status_code == 401
    with database.write() as session:
        _, reads = create_token(session, NewToken("prometheus", (Scope.CONTENT_READ,)), NOW)
        _, sends = create_token(session, NewToken("cms", (Scope.ISSUES_SEND,)), NOW)
    assert stranger.get("/metrics", headers={"Authorization": f"Bearer {reads}"}).status_code == 200
    assert stranger.get("/metrics", headers={"Authorization": f"Bearer {sends}"}).status_code == 403


def test_deliveries_of_an_issue_under_way_are_counted(database: Database) -> None:
    add_mailing(database, NOW, 5)
    with database.write() as session:
        add_counters(session)
        session.execute(update(IssueRow).values(planned=5))
    with database.read() as session:
        found = read_gauges(session)
    assert (found.issues["sending"], found.deliveries["ready"], found.deliveries["accepted"]) == (1, 5, 0)
