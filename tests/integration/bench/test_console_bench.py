"""The benchmark of the console opens every page there is, on a database that makes sense."""

import re
from pathlib import Path

from sqlmodel import col, func, select

from bench._million import fill
from bench.console import addresses
from syndication.store.database import Database
from syndication.store.issues import issue_summary
from syndication.store.tables import ArticleTextRow, IssueRow, SubscriptionRow
from tests.support.console import colleague
from tests.support.website import Website

READERS = 2_000


def test_every_page_of_the_console_opens_with_years_of_rows(database: Database, tmp_path: Path) -> None:
    website = Website(database, tmp_path / "outbox")
    website.outbox.mkdir()
    website.newsletter()
    filled = fill(website, READERS, 300)
    someone = colleague(website)
    for path in addresses(filled, READERS // 2):
        assert someone.get(path).status_code == 200, path
    with database.read() as session:
        titles = session.exec(select(ArticleTextRow.title)).all()
        assert len(set(titles)) == len(titles)
        assert all(re.fullmatch(r"lab\d+ ships\d model\d+ for maker\d+ gain\d+", title) for title in titles)
        assert session.exec(select(func.count()).select_from(SubscriptionRow)).one() == READERS
        for number in session.exec(select(IssueRow.id).where(col(IssueRow.planned_at).is_not(None))):
            summary = issue_summary(session, number or 0)
            assert summary
            assert summary.total == summary.line.planned == READERS
