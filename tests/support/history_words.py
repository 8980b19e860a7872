"""What a random history is made of: the words of its rules and what the plain model remembers."""

from dataclasses import dataclass, field

from hypothesis import strategies as st

from syndication.domain.delivery import Fault
from syndication.domain.states import DeliveryState

TOPICS = ("agents", "onprem", "chips")
WAITING = (DeliveryState.READY, DeliveryState.DEFERRED)
some_topics = st.sets(st.sampled_from(TOPICS), min_size=1)
some_end = st.sampled_from(
    [
        (DeliveryState.READY, None),
        (DeliveryState.ACCEPTED, None),
        (DeliveryState.UNKNOWN, None),
        (DeliveryState.DEFERRED, None),
        (DeliveryState.IN_FLIGHT, None),
        (DeliveryState.FAILED, Fault.SENDER),
        (DeliveryState.FAILED, Fault.RECIPIENT),
    ]
)
any_number = st.integers(0, 10_000)


@dataclass
class Sent:
    """A digest on its way to a reader, or arrived. listed: article ids."""

    issue: int
    start: int
    end: int
    had_own_start: bool
    listed: frozenset[int]
    state: DeliveryState = DeliveryState.READY


@dataclass
class Reader:
    """What the model knows of a reader. mark: the seq they were served up to."""

    key: int
    subscription: int
    schedule: int
    topics: set[str]
    mark: int
    is_paused: bool = False
    has_left: bool = False
    sent: list[Sent] = field(default_factory=list)

    def waiting(self) -> list[Sent]:
        return [sent for sent in self.sent if sent.state in WAITING]

    def served(self) -> list[Sent]:
        return [sent for sent in self.sent if sent.state in {DeliveryState.ACCEPTED, DeliveryState.UNKNOWN}]


@dataclass(frozen=True)
class Run:
    """An issue as chance has it: what came in before, when planning is killed, and what becomes of the deliveries."""

    news: list[set[str]]
    writes: int
    is_cancelled: bool
    ends: list[tuple[DeliveryState, Fault | None]]


some_run = st.builds(
    Run,
    news=st.lists(some_topics, max_size=3),
    writes=st.integers(0, 20),
    is_cancelled=st.booleans(),
    ends=st.lists(some_end, min_size=1, max_size=4),
)
