"""When bounces end a subscription: Mailman's rule with our classes. Source: Mailman, bounce processing."""

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from syndication.domain.delivery import Failed, Fault
from syndication.domain.incoming import Severity

THRESHOLD: Final = 5.0
STALE: Final = timedelta(days=7)
"""A reader who did not bounce for so long begins again at nothing."""

ONCE_IN: Final = timedelta(days=1)
PROBE_LASTS: Final = timedelta(days=7)
"""How long a bounce of the mail that asks counts as its answer."""

FULL: Final = ("4.1.", "4.2.")
"""How the enhanced codes begin that speak of the mailbox: only these count when a mail could not be sent in time."""

_CONTENT: Final = ("5.6.", "5.3.4")
_POINTS: Final = {Severity.HARD: 1.0, Severity.SOFT: 0.5, Severity.GONE: 1.0}


def severity_of_refusal(refused: Failed) -> Severity:
    """What a definite refusal says of the reader. Policy, protocol and content are ours, whoever was refused.

    Source: RFC 3463; of 81 refusals that Google documents 5 say that the recipient is gone.
    """
    if refused.gone:
        return Severity.GONE
    if refused.fault is Fault.RECIPIENT:
        return Severity.SOFT
    if refused.fault is Fault.SENDER or not refused.of_recipient or refused.reply.enhanced.startswith(_CONTENT):
        return Severity.OURS
    # Without an enhanced code nobody knows: never more than a soft count.
    return Severity.HARD if refused.reply.enhanced else Severity.SOFT


class Score(NamedTuple):
    """Points, when they were raised last, and when a probe was sent, all instants aware UTC."""

    points: float
    counted_at: datetime
    probed_at: datetime | None = None


def raised(score: Score | None, severity: Severity, now: datetime) -> Score:
    """The score after another bounce: at most once a day, and from nothing after a week of quiet."""
    points = _POINTS.get(severity, 0.0)
    if score is None or now - score.counted_at >= STALE:
        return Score(points, now)
    if now - score.counted_at < ONCE_IN:
        return score
    return Score(score.points + points, now, score.probed_at)


def needs_probe(score: Score, now: datetime) -> bool:
    """Whether it is time to write one mail that asks whether the address still works: it bounced lately, since the last such mail."""
    is_asked = score.probed_at is not None and score.counted_at - score.probed_at < PROBE_LASTS
    return score.points >= THRESHOLD and now - score.counted_at < STALE and not is_asked


def answers_probe(score: Score | None, sent_at: datetime, now: datetime) -> bool:
    """Whether the bounce of a mail sent at an instant is the answer to a probe."""
    if score is None or score.probed_at is None:
        return False
    return sent_at >= score.probed_at and now - score.probed_at < PROBE_LASTS
