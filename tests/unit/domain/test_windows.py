"""Windows: whatever happens to a reader's deliveries, their windows are disjoint and leave no gap that was not served."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndication.domain.states import SERVED, Cadence, DeliveryState
from syndication.domain.windows import (
    CADENCE_SPAN,
    Window,
    is_catch_up,
    start_after,
    start_when_leaving_schedule,
    window_of,
)

NOW = datetime(2026, 11, 6, 7, 30, tzinfo=UTC)


@pytest.mark.parametrize(("seq", "inside"), [(None, False), (3, False), (4, True), (7, True), (8, False)])
def test_a_window_excludes_its_start_includes_its_end_and_never_holds_history(seq: int | None, *, inside: bool) -> None:
    assert Window(3, 7).holds(seq) is inside


def test_a_reader_without_an_own_start_has_the_issues_window() -> None:
    assert window_of(None, Window(3, 7)) == Window(3, 7)
    assert window_of(1, Window(3, 7)) == Window(1, 7)


@pytest.mark.parametrize(
    ("own_start", "waiting_start", "start"), [(None, None, 9), (4, None, 4), (None, 6, 6), (4, 4, 4)]
)
def test_who_leaves_a_schedule_keeps_what_they_were_not_served(
    own_start: int | None, waiting_start: int | None, start: int
) -> None:
    assert start_when_leaving_schedule(own_start, 9, waiting_start) == start


@pytest.mark.parametrize("state", [DeliveryState.EXPIRED, DeliveryState.CANCELLED])
@pytest.mark.parametrize("own_start", [None, 3])
def test_a_lost_digest_comes_again_from_its_start(state: DeliveryState, own_start: int | None) -> None:
    assert start_after(state, blameless=False, digest=Window(3, 7), own_start=own_start) == 3


def test_a_failure_comes_again_unless_the_reader_is_to_blame() -> None:
    assert start_after(DeliveryState.FAILED, blameless=True, digest=Window(3, 7), own_start=None) == 3
    assert start_after(DeliveryState.FAILED, blameless=False, digest=Window(3, 7), own_start=None) is None


@pytest.mark.parametrize("state", sorted(SERVED))
def test_a_served_digest_moves_an_own_start_on_and_needs_none(state: DeliveryState) -> None:
    assert start_after(state, blameless=False, digest=Window(3, 7), own_start=3) == 7
    assert start_after(state, blameless=False, digest=Window(3, 7), own_start=None) is None


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from(sorted(DeliveryState)), st.booleans()), max_size=30))
def test_served_windows_of_one_reader_are_disjoint_and_gapless(
    history: list[tuple[int, DeliveryState, bool]],
) -> None:
    cut, own_start, served_up_to = 0, None, 0
    for news, state, blameless in history:
        issue = Window(cut, cut + news)
        cut = issue.end
        window = window_of(own_start, issue)
        assert window.start == served_up_to
        own_start = None if own_start == issue.start else own_start
        if state in SERVED or (state is DeliveryState.FAILED and not blameless and own_start is None):
            served_up_to = window.end
        elif state not in {DeliveryState.EXPIRED, DeliveryState.CANCELLED, DeliveryState.FAILED}:
            state = DeliveryState.EXPIRED  # noqa: PLW2901 - what has not ended is overtaken by the next issue
        own_start = start_after(state, blameless=blameless, digest=window, own_start=own_start)


@pytest.mark.parametrize("cadence", list(Cadence))
def test_a_window_older_than_two_cadences_is_a_catch_up(cadence: Cadence) -> None:
    limit = NOW - 2 * CADENCE_SPAN[cadence]
    assert not is_catch_up(cadence, limit, NOW)
    assert is_catch_up(cadence, limit - timedelta(seconds=1), NOW)
