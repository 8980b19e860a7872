"""Counts of readers: exact for most, at most ten seconds old where there are very many."""

from datetime import timedelta

from sqlalchemy import update

from syndication.domain.states import SubscriptionStatus
from syndication.store.tables import SubscriptionRow
from syndication.web.admin.reader_counts import KEPT, ReaderCounts
from tests.support.website import Website


def number(counts: ReaderCounts, website: Website, after: timedelta = timedelta(0)) -> int:
    """Confirmed subscriptions, so long after the beginning."""
    with website.database.read() as session:
        counted = counts.of(session, website.now + after)
    return sum(one.number for one in counted if one.status is SubscriptionStatus.CONFIRMED)


def leave(website: Website) -> None:
    """The only reader goes."""
    with website.database.write() as session:
        session.execute(update(SubscriptionRow).values(status=SubscriptionStatus.UNSUBSCRIBED))


def test_a_small_list_is_counted_each_time(website: Website) -> None:
    counts = ReaderCounts()
    assert number(counts, website) == 0
    website.reader("agents")
    assert number(counts, website) == 1


def test_a_large_list_is_counted_again_after_ten_seconds(website: Website) -> None:
    counts = ReaderCounts(many=1)
    assert number(counts, website) == 0
    website.reader("agents")
    assert number(counts, website) == 1
    leave(website)
    assert number(counts, website, KEPT - timedelta(seconds=1)) == 1
    assert number(counts, website, KEPT) == 0


def test_a_clock_that_goes_back_is_no_reason_to_remember(website: Website) -> None:
    counts = ReaderCounts(many=1)
    website.reader("agents")
    assert number(counts, website) == 1
    leave(website)
    assert number(counts, website, timedelta(seconds=-1)) == 0
