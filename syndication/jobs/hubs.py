"""Subscriptions at hubs that are due → asked for, so that a source's news is heard of at once. Source: WebSub."""

import secrets
from datetime import datetime
from typing import Final

import structlog

from syndication.collect.hubs import again_at, subscription_form
from syndication.domain.errors import ConfigError
from syndication.domain.seams import Box, Enqueue, Task
from syndication.net.client import NoAnswer, SafeClient, Visit
from syndication.store.database import Database
from syndication.store.hubs import HubTurn, is_hub_due, keep_secret, postpone_hub, take_hub

_log = structlog.get_logger()

_SECRET_BYTES: Final = 32
_LONGEST_WORDS: Final = 200
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}


def look_for_hubs(database: Database, enqueue: Enqueue, now: datetime) -> None:
    """Ask for the job when any subscription is due. now: aware UTC."""
    with database.read() as session:
        is_due = is_hub_due(session, now)
    if is_due:
        enqueue(Task.HUBS, "hubs")


def ask_hubs(database: Database, client: SafeClient, box: Box, public_url: str, now: datetime) -> int:
    """Ask hubs for every subscription that is due, new or to be renewed; answers how many took the request.

    A subscription counts only once its hub has asked back at `/websub/…` of our public address. now: aware UTC.
    """
    taken = 0
    while True:
        with database.write() as session:
            turn = take_hub(session, now, lambda failures: again_at(failures, now))
        if turn is None:
            return taken
        fault = _asked(database, client, box, public_url, turn)
        taken += not fault
        if fault:
            _log.warning("hub_not_subscribed", hub=turn.hub, reason=fault, failures=turn.failures + 1)
            with database.write() as session:
                postpone_hub(session, turn, again_at(turn.failures + 1, now), fault)


def secret_name(source_id: int) -> str:
    """What the secret of a subscription is sealed as."""
    return f"source {source_id} hub"


def _asked(database: Database, client: SafeClient, box: Box, public_url: str, turn: HubTurn) -> str:
    """Why a hub did not take the request, "" when it did."""
    about = secret_name(turn.source_id)
    try:
        secret = box.open(turn.secret, about) if turn.secret else ""
    except ConfigError:
        secret = ""  # its key is gone; a new one is as good
    if not secret:
        secret = secrets.token_hex(_SECRET_BYTES)
        with database.write() as session:
            keep_secret(session, turn, box.seal(secret, about))
    callback = f"{public_url}/websub/{turn.callback}"
    form = subscription_form(callback, turn.topic, secret)
    answer = client.get(Visit(turn.hub, _FORM, turn.is_internal, body=form))
    if isinstance(answer, NoAnswer):
        return answer.reason
    if answer.status // 100 == 2:  # noqa: PLR2004 - 2yz
        return ""
    words = " ".join(answer.body[:_LONGEST_WORDS].decode("utf-8", "replace").split())
    return f"the hub answered {answer.status} {words}".strip()
