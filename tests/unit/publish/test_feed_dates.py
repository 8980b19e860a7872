"""When a feed changed."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from syndication.publish.documents import dated
from tests.support.feeds import AT, a_feed

HOUR = timedelta(hours=1)


def test_a_feed_has_the_date_of_its_newest_change_in_whole_seconds() -> None:
    feed = a_feed(updated_at=AT + timedelta(microseconds=7))
    assert dated(feed, None, AT + HOUR).updated_at == AT
    assert dated(feed, AT - HOUR, AT + HOUR).updated_at == AT


def test_a_change_that_left_no_date_happened_now() -> None:
    assert dated(a_feed(), AT, AT + HOUR).updated_at == AT + HOUR


@given(st.timedeltas(-HOUR, HOUR), st.timedeltas(-HOUR, HOUR), st.timedeltas(-HOUR, HOUR))
def test_a_changed_feed_is_later_by_a_second_even_when_the_clock_was_set_back(
    newest: timedelta, previous: timedelta, now: timedelta
) -> None:
    before = (AT + previous).replace(microsecond=0)
    after = dated(a_feed(updated_at=AT + newest), before, AT + now).updated_at
    assert after.microsecond == 0
    assert after >= before + timedelta(seconds=1)
