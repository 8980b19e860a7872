"""Hubs that are to hear of changed feeds → told, or tried again later."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

import structlog

from syndication.store.database import Database
from syndication.store.pinging import drop_pings, due_pings, postpone_ping, settle_ping

_log = structlog.get_logger()

_AT_ONCE: Final = 200

Post = Callable[[str, Mapping[str, str]], str]
"""Sends a form to an address; answers why it was not taken, "" when it was. Never raises."""


def ping_hubs(database: Database, hubs: Sequence[str], post: Post, now: datetime) -> int:
    """Tell the hubs of every change they have not heard of; answers how many pings arrived.

    A hub that fails is not asked again in this run. A ping may be sent twice, which hubs take for one. now: aware UTC.
    Source: WebSub section 6; `hub.mode=publish` with `hub.url` is what hubs understand.
    """
    if not hubs:
        return 0
    with database.write() as session:
        drop_pings(session, hubs)
        pings = due_pings(session, now, _AT_ONCE)
    arrived, failing = 0, dict[str, str]()
    for ping in pings:
        form = {"hub.mode": "publish", "hub.url": ping.topic, "hub.topic": ping.topic}
        fault = failing.get(ping.hub) or post(ping.hub, form)
        with database.write() as session:
            if not fault:
                settle_ping(session, ping)
            elif not postpone_ping(session, ping, now):
                _log.error("ping_given_up", hub=ping.hub, topic=ping.topic, reason=fault)
        arrived += not fault
        if fault and ping.hub not in failing:
            failing[ping.hub] = fault
            _log.warning("ping_failed", hub=ping.hub, reason=fault)
    return arrived
