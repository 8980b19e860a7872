"""How far an answer 'come less often' reaches: one address, or the whole host. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from syndication.domain.sources import FetchFailed

_TOO_MANY: Final = 429
_OUT_OF_SERVICE: Final = 503
_TOGETHER: Final = timedelta(minutes=10)
_WITHOUT_A_WORD: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Limited:
    """Who of a host was last told to come less often; "" and None when nobody was."""

    url: str = ""
    at: datetime | None = None


def closed_until(
    failure: FetchFailed, location: str, earlier: Limited, now: datetime, *, is_inside: bool
) -> datetime | None:
    """Until when the whole host must be left alone after a failure, None when only this address must.

    429 speaks for the registrable domain. 503 does when another address of it was limited within ten minutes, or this
    one before: one broken page must not stall a site. A host inside is many programs' (feed bridges): the address only.
    Source: FreshRSS 7870 and 8925.
    """
    if is_inside or failure.status not in {_TOO_MANY, _OUT_OF_SERVICE}:
        return None
    until = failure.retry_at or now + _WITHOUT_A_WORD
    if failure.status == _TOO_MANY:
        return until
    is_recent = earlier.at is not None and now - earlier.at <= _TOGETHER
    return until if is_recent and earlier.url != location else None
