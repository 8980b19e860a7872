"""A reader's own pages: preferences, leaving, their mail as a page. GET never changes anything; the token is the permission."""

from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from syndication.domain.delivery import DeliveryName
from syndication.domain.errors import CronError, ScheduleError
from syndication.domain.newsletters import Choice
from syndication.domain.splice import Splice, fill
from syndication.domain.states import Cadence, SubscriptionStatus
from syndication.domain.tokens import Purpose
from syndication.lang.sentences import sentence
from syndication.lang.words import own_names
from syndication.store.browsing import ReaderPage, mail_of
from syndication.store.leaving import come_back, may_come_back, pause, resume, unsubscribe
from syndication.store.moving import Hour, choose_schedule
from syndication.store.subscribing import change_choice
from syndication.web import own_feed
from syndication.web.deps import Deps, deps_of
from syndication.web.language import offered_by
from syndication.web.mailbox import mail_page
from syndication.web.render import token_page
from syndication.web.security import SECRET_ADDRESS
from syndication.web.visits import EXPIRED, WRONG, opened, reader_of, visit_of
from syndication.web.words import local_day

router = APIRouter()
router.include_router(own_feed.router)

_SAVED: Final = MappingProxyType(
    {
        "choice": sentence("Saved. It counts from the next issue on."),
        "schedule": sentence("Saved. Nothing is lost, and nothing comes twice."),
        "pause": sentence("You are on pause."),
        "resume": sentence("Welcome back."),
        "fresh": sentence("If you have not asked for one lately, a fresh link is on its way to your mailbox."),
        "feed": sentence("Your private feed is ready. An older address of it no longer works."),
        "feed-off": sentence("Your private feed is switched off."),
    }
)
_OFTEN: Final = MappingProxyType(
    {
        Cadence.INSTANT: sentence("As soon as there is news"),
        Cadence.DAILY: sentence("Every day"),
        Cadence.WEEKLY: sentence("Every week"),
        Cadence.MONTHLY: sentence("Every month"),
    }
)
_RARER: Final = MappingProxyType(
    {
        Cadence.DAILY: sentence("Only once a day"),
        Cadence.WEEKLY: sentence("Only once a week"),
        Cadence.MONTHLY: sentence("Only once a month"),
    }
)
_NO_TOPIC: Final = sentence("Choose at least one topic, pause, or unsubscribe.")
_NO_DAY: Final = sentence("Choose a day after today and within a year.")
_LONGEST_PAUSE: Final = timedelta(days=366)
_SHORT_PAUSE: Final = timedelta(days=30)


@router.get("/preferences/{token}")
def preferences(request: Request, token: str, saved: str = "") -> Response:
    """The reader's topics, language and pause."""
    reader = reader_of(request, opened(request, Purpose.PREFERENCES, token))
    return _preferences(request, token, reader, saved=saved)


@router.post("/preferences/{token}")
def save_choice(
    request: Request,
    token: str,
    topics: Annotated[tuple[str, ...], Form()] = (),
    language: Annotated[str, Form()] = "",
) -> Response:
    """Take the reader's topics and language; they count from the next issue that is planned."""
    deps = deps_of(request)
    subscription_id = opened(request, Purpose.PREFERENCES, token)
    reader = reader_of(request, subscription_id)
    if reader is None or reader.status is not SubscriptionStatus.CONFIRMED:
        return _preferences(request, token, reader)
    if not set(topics) & set(reader.offer.newsletter.topics):
        return _preferences(request, token, reader, fault=_NO_TOPIC)
    choice = Choice(frozenset(topics), language if language in _languages(reader) else reader.language)
    with deps.database.write() as session:
        change_choice(session, subscription_id, choice, visit_of(request), deps.clock())
    return _saved(token, "choice")


@router.post("/preferences/{token}/schedule")
def save_schedule(
    request: Request,
    token: str,
    cadence: Annotated[str, Form()] = "",
    hour: Annotated[str, Form()] = "",
    zone: Annotated[str, Form()] = "",
) -> Response:
    """Take how often the reader wants mail, and at which hour of which zone; an empty hour is the newsletter's."""
    deps = deps_of(request)
    subscription_id = opened(request, Purpose.PREFERENCES, token)
    reader = reader_of(request, subscription_id)
    if reader is None or reader.status is not SubscriptionStatus.CONFIRMED:
        return _preferences(request, token, reader)
    try:
        wanted, own = _wanted(cadence, hour, zone or reader.offer.zone)
        with deps.database.write() as session:
            choose_schedule(session, subscription_id, wanted, own, visit_of(request), deps.clock())
    except (ScheduleError, CronError) as error:
        return _preferences(request, token, reader, fault=str(error))
    return _saved(token, "schedule")


@router.post("/preferences/{token}/pause")
def pause_until(request: Request, token: str, until: Annotated[str, Form()] = "") -> Response:
    """Pause until the beginning of a day, in the zone of the reader's schedule."""
    subscription_id = opened(request, Purpose.PREFERENCES, token)
    reader = reader_of(request, subscription_id)
    if reader is None or reader.status is not SubscriptionStatus.CONFIRMED:
        return _preferences(request, token, reader)
    day = _pause_day(until, local_day(deps_of(request).clock(), reader.offer.zone))
    if day is None:
        return _preferences(request, token, reader, fault=_NO_DAY)
    _pause(request, reader, day)
    return _saved(token, "pause")


@router.post("/preferences/{token}/resume")
def end_pause(request: Request, token: str) -> Response:
    """End a pause early."""
    deps = deps_of(request)
    subscription_id = opened(request, Purpose.PREFERENCES, token)
    with deps.database.write() as session:
        resume(session, subscription_id, visit_of(request), deps.clock())
    return _saved(token, "resume")


@router.get("/unsubscribe/{token}")
@router.get("/unsubscribe/{token}/")
def unsubscribe_page(request: Request, token: str) -> Response:
    """The button, and a pause beside it. Link scanners of mail systems come here: nothing changes."""
    reader = reader_of(request, opened(request, Purpose.UNSUBSCRIBE, token))
    return _leaving(request, token, reader)


@router.post("/unsubscribe/{token}")
@router.post("/unsubscribe/{token}/")
def leave(request: Request, token: str, page: str = "") -> Response:
    """Unsubscribe at once, whatever the body says; twice is as good as once. page: the button of our own page was used.

    No redirect, cookie or origin is needed. An erased reader is told the same. Source: RFC 8058 sections 3.1, 3.2.
    """
    deps = deps_of(request)
    subscription_id = opened(request, Purpose.UNSUBSCRIBE, token)
    with deps.database.write() as session:
        unsubscribe(session, subscription_id, visit_of(request), deps.clock())
    if page:
        return _leaving(request, token, reader_of(request, subscription_id))
    return PlainTextResponse("You are unsubscribed.\n", headers=SECRET_ADDRESS)


@router.post("/unsubscribe/{token}/pause")
def pause_instead(request: Request, token: str, until: Annotated[str, Form()] = "") -> Response:
    """A pause instead of leaving; of 30 days when no day, or one that cannot be used, is given."""
    reader = reader_of(request, opened(request, Purpose.UNSUBSCRIBE, token))
    if reader is not None and reader.status is SubscriptionStatus.CONFIRMED:
        now, zone = deps_of(request).clock(), reader.offer.zone
        day = _pause_day(until, local_day(now, zone)) or local_day(now + _SHORT_PAUSE, zone)
        _pause(request, reader, day)
        reader = reader_of(request, reader.subscription_id)
    return _leaving(request, token, reader)


@router.post("/unsubscribe/{token}/fewer")
def fewer_instead(request: Request, token: str, cadence: Annotated[str, Form()] = "") -> Response:
    """A rarer cadence of the newsletter instead of leaving, at the reader's own hour where it can be kept."""
    deps = deps_of(request)
    reader = reader_of(request, opened(request, Purpose.UNSUBSCRIBE, token))
    if reader is None or cadence not in _fewer(reader):
        return _leaving(request, token, reader)
    number, visit, now = reader.subscription_id, visit_of(request), deps.clock()
    try:
        wanted, own = _wanted(cadence, reader.own_hour, reader.offer.zone)
        with deps.database.write() as session:
            choose_schedule(session, number, wanted, own, visit, now)
    except ScheduleError:  # nobody has an hour of their own there
        with deps.database.write() as session:
            choose_schedule(session, number, Cadence(cadence), None, visit, now)
    return _leaving(request, token, reader_of(request, number), gets_fewer=True)


@router.post("/unsubscribe/{token}/return")
def stay_after_all(request: Request, token: str) -> Response:
    """Undo leaving, for an hour; after that the way back is to sign up again."""
    deps = deps_of(request)
    subscription_id = opened(request, Purpose.UNSUBSCRIBE, token)
    with deps.database.write() as session:
        come_back(session, subscription_id, visit_of(request), deps.clock())
    return _leaving(request, token, reader_of(request, subscription_id), came_back=True)


@router.get("/view/{value}")
def view(request: Request, value: str) -> Response:
    """A mail as a page, the very one that was sent. value: `deliver.message.view_value` of its delivery."""
    deps = deps_of(request)
    written, _, token = value.rpartition("-")
    name = DeliveryName.parse(written)
    subscriber_id = opened(request, Purpose.VIEW, token)
    if name is None or name.subscriber != subscriber_id:
        raise HTTPException(404, WRONG)
    with deps.database.read() as session:
        found = mail_of(session, name)
    if found is None:
        raise HTTPException(404, WRONG)
    return mail_page(fill(found.body.html, _links(deps, found.subscription_id, value)))


def _links(deps: Deps, subscription_id: int, view_value: str) -> dict[Splice, str]:
    return {
        Splice.UNSUBSCRIBE: deps.keys.sign(Purpose.UNSUBSCRIBE, subscription_id),
        Splice.PREFERENCES: deps.keys.sign(Purpose.PREFERENCES, subscription_id),
        Splice.CONFIRM: deps.keys.sign(Purpose.CONFIRM, subscription_id),
        Splice.VIEW: view_value,
        Splice.YOURS: EXPIRED,
    }


def _preferences(
    request: Request, token: str, reader: ReaderPage | None, *, fault: str = "", saved: str = ""
) -> Response:
    if reader is None or reader.status is not SubscriptionStatus.CONFIRMED:
        return _leaving(request, token, reader)
    deps = deps_of(request)
    now = deps.clock()
    return token_page(
        request,
        "preferences.html",
        status=422 if fault else 200,
        reader=reader,
        offer=reader.offer,
        accent=reader.offer.newsletter.accent,
        token=token,
        fault=fault,
        saved=_SAVED.get(saved, ""),
        cadences={cadence: _OFTEN[cadence] for cadence in reader.offer.cadences},
        languages=own_names(_languages(reader)),
        paused_until=_paused_until(reader, now),
        days=_pause_days(reader, now),
        unsubscribe=deps.keys.sign(Purpose.UNSUBSCRIBE, reader.subscription_id),
        private_feed=own_feed.own_feed(request, reader.subscription_id),
    )


def _leaving(request: Request, token: str, reader: ReaderPage | None, **said: bool) -> Response:
    """said: what was just done, `came_back` or `gets_fewer`."""
    now = deps_of(request).clock()
    with deps_of(request).database.read() as session:
        can_return = reader is not None and may_come_back(session, reader.subscription_id, now)
    has_left = reader is None or reader.status is SubscriptionStatus.UNSUBSCRIBED
    return token_page(
        request,
        "unsubscribe.html",
        token=token,
        reader=reader,
        offer=reader.offer if reader else None,
        accent=reader.offer.newsletter.accent if reader else "",
        paused_until=_paused_until(reader, now) if reader else None,
        has_left=has_left,
        can_return=can_return,
        came_back=said.get("came_back", False) and not has_left,
        gets_fewer=said.get("gets_fewer", False) and not has_left,
        fewer=_fewer(reader) if reader else {},
        days=_pause_days(reader, now),
    )


def _languages(reader: ReaderPage) -> tuple[str, ...]:
    """What the reader may choose from; what they have stays theirs."""
    return tuple(dict.fromkeys([*offered_by(reader.offer.newsletter), reader.language]))


def _paused_until(reader: ReaderPage, now: datetime) -> datetime | None:
    return reader.paused_until if reader.paused_until and reader.paused_until > now else None


def _fewer(reader: ReaderPage) -> dict[Cadence, str]:
    """The cadences of the newsletter that bring fewer mails than the reader's own, in words."""
    if reader.status is not SubscriptionStatus.CONFIRMED:
        return {}
    rarer = list(_RARER)[list(Cadence).index(reader.cadence) :]
    return {cadence: _RARER[cadence] for cadence in rarer if cadence in reader.offer.cadences}


def _pause_days(reader: ReaderPage | None, now: datetime) -> dict[str, date]:
    """The first and last day that a pause may end, and the one proposed."""
    zone = reader.offer.zone if reader else "UTC"
    return {
        "first": local_day(now, zone) + timedelta(days=1),
        "last": local_day(now + _LONGEST_PAUSE, zone),
        "proposed": local_day(now + _SHORT_PAUSE, zone),
    }


def _pause_day(written: str, today: date) -> date | None:
    """The day a pause ends, None when it cannot be used."""
    try:
        day = date.fromisoformat(written)
    except ValueError:
        return None
    return day if today < day <= today + _LONGEST_PAUSE else None


def _wanted(cadence: str, hour: str, zone: str) -> tuple[Cadence, Hour | None]:
    """What the form says. Raises ScheduleError."""
    if cadence not in set(Cadence):
        message = "Choose how often you want mail."
        raise ScheduleError(message)
    if not hour.strip():
        return Cadence(cadence), None
    try:
        at = time.fromisoformat(hour.strip())
    except ValueError as error:
        message = f"'{hour}' is no time of day; write it as 07:30."
        raise ScheduleError(message) from error
    return Cadence(cadence), Hour(at.hour, at.minute, zone.strip())


def _pause(request: Request, reader: ReaderPage, day: date) -> None:
    deps = deps_of(request)
    until = datetime.combine(day, time.min, ZoneInfo(reader.offer.zone)).astimezone(UTC)
    with deps.database.write() as session:
        pause(session, reader.subscription_id, until, visit_of(request), deps.clock())


def _saved(token: str, what: str) -> Response:
    return RedirectResponse(f"/preferences/{token}?saved={what}", 303, headers=SECRET_ADDRESS)
