"""Deliveries: names, outcomes, and the moves between states."""

from hypothesis import given
from hypothesis import strategies as st

from syndication.domain.delivery import (
    Accepted,
    Deferred,
    DeliveryKind,
    DeliveryName,
    Failed,
    Fault,
    Reply,
    Unknown,
    state_of,
)
from syndication.domain.states import MOVES, SERVED, TERMINAL, WAITING, DeliveryState, may_move

REPLY = Reply(250, "2.0.0", "ok")
IDS = st.integers(0, 10**18 - 1)


@given(st.sampled_from(list(DeliveryKind)), IDS, IDS)
def test_a_name_is_read_back_from_its_text(kind: DeliveryKind, parent: int, subscriber: int) -> None:
    name = DeliveryName(kind, parent, subscriber)
    assert DeliveryName.parse(name.text) == name


def test_foreign_texts_are_no_names() -> None:
    texts = ("", "x1-2", "i1", "i1-", "i-1", "i1-2 ", "i1-2\n", "i\u0661-2")
    assert [DeliveryName.parse(text) for text in texts] == [None] * len(texts)


def test_each_outcome_has_its_state() -> None:
    outcomes = (Accepted(REPLY), Deferred(REPLY), Failed(REPLY, Fault.SENDER), Unknown("lost"))
    assert [state_of(outcome) for outcome in outcomes] == [
        DeliveryState.ACCEPTED,
        DeliveryState.DEFERRED,
        DeliveryState.FAILED,
        DeliveryState.UNKNOWN,
    ]


def test_every_state_is_waiting_in_flight_or_terminal() -> None:
    assert WAITING | TERMINAL | {DeliveryState.IN_FLIGHT} == set(DeliveryState)
    assert SERVED <= TERMINAL


def test_only_a_take_off_leads_into_flight_and_only_ready_rows_take_off() -> None:
    assert [state for state in DeliveryState if may_move(state, DeliveryState.IN_FLIGHT)] == [DeliveryState.READY]


def test_of_the_terminal_states_late_truths_and_the_rest_of_an_issue_move_on() -> None:
    late = {DeliveryState.ACCEPTED, DeliveryState.BOUNCED, DeliveryState.UNKNOWN}
    sent_to_the_rest = {DeliveryState.FAILED, DeliveryState.EXPIRED, DeliveryState.CANCELLED}
    assert {state for state in TERMINAL if MOVES.get(state)} == late | sent_to_the_rest
    assert all(MOVES[state] == {DeliveryState.READY} for state in sent_to_the_rest)


def test_what_was_accepted_is_never_sent_again() -> None:
    reachable, waiting = {DeliveryState.ACCEPTED}, [DeliveryState.ACCEPTED]
    while waiting:
        for state in MOVES.get(waiting.pop(), frozenset()) - reachable:
            reachable.add(state)
            waiting.append(state)
    assert DeliveryState.IN_FLIGHT not in reachable
