"""Telling a program elsewhere: JSON by POST, to an address that the operator set up themselves."""

from collections.abc import Mapping
from typing import Final

import httpx

_SECONDS: Final = 10.0
_FINE: Final = range(200, 300)


def post_json(url: str, value: Mapping[str, str]) -> str:
    """Why it was not taken, "" when it was. Any address will do, a private one too: only the operator's settings name it."""
    try:
        answer = httpx.post(url, json=dict(value), timeout=_SECONDS, follow_redirects=False)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return f"the webhook cannot be reached: {error}"
    return "" if answer.status_code in _FINE else f"the webhook answered {answer.status_code}"
