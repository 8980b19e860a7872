"""Telling a program elsewhere: JSON or a form by POST, to an address that the operator set up themselves."""

from collections.abc import Mapping
from typing import Any, Final

import httpx

_SECONDS: Final = 10.0
_FINE: Final = range(200, 300)


def post_json(url: str, value: Mapping[str, str]) -> str:
    """Why it was not taken, "" when it was. Any address will do, a private one too: only the operator's settings name it."""
    return _post("webhook", url, json=dict(value))


def post_form(url: str, fields: Mapping[str, str]) -> str:
    """As `post_json`, with the fields of a form, as hubs take them."""
    return _post("hub", url, data=dict(fields))


def _post(kind: str, url: str, **content: Any) -> str:  # noqa: ANN401 - as httpx has it
    try:
        answer = httpx.post(url, timeout=_SECONDS, follow_redirects=False, **content)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return f"the {kind} cannot be reached: {error}"
    return "" if answer.status_code in _FINE else f"the {kind} answered {answer.status_code}"
