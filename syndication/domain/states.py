"""The closed sets of states, and the moves between the states of a delivery. Source: architecture, section 5."""

from enum import StrEnum
from types import MappingProxyType
from typing import Final


class SourceKind(StrEnum):
    """How a source is read."""

    FEED = "feed"  # RSS, Atom, RDF, JSON Feed
    SITEMAP = "sitemap"  # sitemap, news sitemap, index of sitemaps
    PAGE = "page"  # a web page that lists articles
    API = "api"  # JSON of any shape
    FOLDER = "folder"
    PUSH = "push"  # articles are handed to us


class FirstFetch(StrEnum):
    """What the articles of a source's first fetch are: history, or news."""

    BACKFILL = "backfill"
    NEW = "new"


class Health(StrEnum):
    """How a source does."""

    OK = "ok"
    LATE = "late"
    FAILING = "failing"
    GONE = "gone"


class HubState(StrEnum):
    """How a subscription at a hub (WebSub) stands."""

    WANTED = "wanted"
    ASKED = "asked"
    ACTIVE = "active"
    REFUSED = "refused"


class Cadence(StrEnum):
    """How often a schedule means to send; decides caps, half-life and when a window is a catch-up."""

    INSTANT = "instant"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


class SubscriptionStatus(StrEnum):
    """Whether a reader wants a newsletter. A pause is an instant (`paused_until`), not a status."""

    UNCONFIRMED = "unconfirmed"
    CONFIRMED = "confirmed"
    UNSUBSCRIBED = "unsubscribed"


class IssueState(StrEnum):
    """Where an issue stands."""

    DUE = "due"
    COMPOSING = "composing"
    REVIEW = "review"
    SENDING = "sending"
    PAUSED = "paused"
    SENT = "sent"
    CANCELLED = "cancelled"
    EMPTY = "empty"
    SKIPPED = "skipped"


# A new slot of the schedule is recorded as skipped while its last issue is one of these. Source: architecture, section 2, rule 4.
HELD_ISSUES: Final = frozenset({IssueState.REVIEW, IssueState.PAUSED})
# Nothing will ever happen to these issues again.
CLOSED_ISSUES: Final = frozenset({IssueState.SENT, IssueState.CANCELLED, IssueState.EMPTY, IssueState.SKIPPED})


class UploadState(StrEnum):
    """Where a list of readers stands that somebody uploaded in the console."""

    CHECKING = "checking"
    CHECKED = "checked"
    IMPORTING = "importing"
    DONE = "done"
    FAILED = "failed"
    DROPPED = "dropped"


class Edit(StrEnum):
    """What an editor does with an article while an issue is in review."""

    DROP = "drop"
    ADD = "add"


class BatchState(StrEnum):
    """Whether a batch of deliveries is free, leased, asleep until its next retry, or finished."""

    PENDING = "pending"
    CLAIMED = "claimed"
    WAITING = "waiting"
    DONE = "done"


class UnknownPolicy(StrEnum):
    """What a newsletter does with a delivery whose fate nobody knows."""

    RESEND = "resend"
    ASSUME_SENT = "assume_sent"
    HOLD = "hold"


class NoticeKind(StrEnum):
    """The mails that are no issue; also the names of their template folders."""

    CONFIRM = "confirm"
    WELCOME = "welcome"
    LINK = "link"


class DeliveryState(StrEnum):
    """What is known of one issue (or notice) on its way to one reader."""

    READY = "ready"
    IN_FLIGHT = "in_flight"
    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SUPPRESSED = "suppressed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    BOUNCED = "bounced"
    COMPLAINED = "complained"


WAITING: Final = frozenset({DeliveryState.READY, DeliveryState.DEFERRED})
"""Nothing has left for these; unsubscribe, pause, cancel and the next slot settle them."""

UNSETTLED: Final = WAITING | {DeliveryState.IN_FLIGHT}
"""An issue with such deliveries is not over."""

TERMINAL: Final = frozenset(set(DeliveryState) - UNSETTLED)

SERVED: Final = frozenset(
    {DeliveryState.ACCEPTED, DeliveryState.UNKNOWN, DeliveryState.BOUNCED, DeliveryState.COMPLAINED}
)
"""The reader counts as having had these articles. Source: architecture, section 2, rule 6."""

MOVES: Final = MappingProxyType(
    {
        DeliveryState.READY: frozenset(
            {DeliveryState.IN_FLIGHT, DeliveryState.SUPPRESSED, DeliveryState.CANCELLED, DeliveryState.EXPIRED}
        ),
        DeliveryState.IN_FLIGHT: frozenset(
            {
                DeliveryState.ACCEPTED,
                DeliveryState.DEFERRED,
                DeliveryState.FAILED,
                DeliveryState.UNKNOWN,
                DeliveryState.EXPIRED,  # deferred after its issue was overtaken by the next slot
                # A bounce may come before the acceptance that it proves was written down.
                DeliveryState.BOUNCED,
                DeliveryState.COMPLAINED,
            }
        ),
        DeliveryState.DEFERRED: frozenset(
            {DeliveryState.READY, DeliveryState.SUPPRESSED, DeliveryState.CANCELLED, DeliveryState.EXPIRED}
        ),
        # A late truth is still true; READY is the policy `resend`, at most once.
        DeliveryState.UNKNOWN: frozenset(
            {
                DeliveryState.ACCEPTED,
                DeliveryState.DEFERRED,
                DeliveryState.FAILED,
                DeliveryState.READY,
                DeliveryState.BOUNCED,
                DeliveryState.COMPLAINED,
            }
        ),
        # READY: an admin sends to the rest (`store.resending`).
        DeliveryState.FAILED: frozenset({DeliveryState.READY}),
        DeliveryState.EXPIRED: frozenset({DeliveryState.READY}),
        DeliveryState.CANCELLED: frozenset({DeliveryState.READY}),
        DeliveryState.ACCEPTED: frozenset({DeliveryState.BOUNCED, DeliveryState.COMPLAINED}),
        DeliveryState.BOUNCED: frozenset({DeliveryState.COMPLAINED}),
    }
)
"""Every move a delivery can make; a state that is no key has no way out."""


def may_move(old: DeliveryState, new: DeliveryState) -> bool:
    """Whether a delivery in `old` may become `new`."""
    return new in MOVES.get(old, frozenset())
