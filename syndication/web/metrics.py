"""`/metrics` for monitoring systems. Source: Prometheus text exposition format 0.0.4."""

from collections.abc import Iterator, Mapping
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from syndication import __version__
from syndication.domain.scopes import Scope
from syndication.store.console import readers, troubles
from syndication.store.finding import count_readers
from syndication.store.gauges import read_gauges
from syndication.web.api.access import needs
from syndication.web.deps import deps_of
from syndication.web.security import is_local_visitor

router = APIRouter()

_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_may_read = needs(Scope.CONTENT_READ)


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """How the service does, in numbers; for visitors on this machine, and for tokens that may read content."""
    if not is_local_visitor(request):
        _may_read(request)
    deps = deps_of(request)
    now = deps.clock()
    with deps.database.read() as session:
        found, subscribed = read_gauges(session), readers(count_readers(session, now))
        wrong = len(troubles(session, now))
    by_status = {
        "confirmed": subscribed.confirmed,
        "unconfirmed": subscribed.unconfirmed,
        "unsubscribed": subscribed.unsubscribed,
    }
    lines = [
        *_gauge("info", "Which version runs.", {__version__: 1}, "version"),
        *_gauge("troubles", "What needs an admin; the console's main page names each.", wrong),
        *_gauge("sources", "Sources that are switched on.", found.sources, "health"),
        *_gauge("articles_accepted", "Articles ever accepted into a topic.", found.accepted),
        *_gauge("subscriptions", "Subscriptions.", by_status, "status"),
        *_gauge("issues", "Issues that are under way.", found.issues, "state"),
        *_gauge("deliveries", "Deliveries of issues that are under way.", found.deliveries, "state"),
        *_gauge("notices_waiting", "Confirmations and welcome mails that wait.", found.notices),
        *_gauge(
            "next_issue_seconds",
            "Until the next issue is due; below zero when it is late, -1e9 when none is planned.",
            round((found.next_slot - now).total_seconds()) if found.next_slot else -1e9,
        ),
    ]
    return Response("\n".join([*lines, ""]), media_type=_TYPE, headers={"Cache-Control": "no-store"})


def _gauge(name: str, words: str, value: float | Mapping[str, float], label: str = "") -> Iterator[str]:
    name = f"syndication_{name}"
    yield f"# HELP {name} {words}"
    yield f"# TYPE {name} gauge"
    if isinstance(value, Mapping):
        yield from (f'{name}{{{label}="{word}"}} {number}' for word, number in value.items())
    else:
        yield f"{name} {value}"
