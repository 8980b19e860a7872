"""A reader's data: take it, move it to another address, have it erased. Only a link fresh from the mailbox opens it.

The links in digests never do: a digest may be forwarded, and whoever has it must not be able to erase its reader.
"""

from typing import Annotated, Final

from fastapi import APIRouter, Form, HTTPException
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from syndication.deliver.addresses import parse_address
from syndication.domain.errors import AddressError, TokenError
from syndication.domain.seams import Task
from syndication.domain.states import NoticeKind, SubscriptionStatus
from syndication.domain.tokens import Purpose, suppression_mark
from syndication.jobs.erase import erase_reader
from syndication.jobs.notices import send_confirmation, send_link
from syndication.lang.sentences import sentence
from syndication.store.answering import ask_for_link
from syndication.store.browsing import ReaderPage
from syndication.store.dossiers import dossier_of, facts_of
from syndication.store.readdressing import ask_to_move
from syndication.web.deps import deps_of
from syndication.web.render import message_page, token_page
from syndication.web.security import SECRET_ADDRESS
from syndication.web.visits import opened, reader_of, visit_of

router = APIRouter()

_ERASE_WORD: Final = "yes"
_VOID: Final = sentence("This link is not valid any more. Ask for a new one on your preferences page.")
_SURE: Final = sentence("Tick the box if you are sure: it cannot be undone.")
_FORGOTTEN: Final = sentence("You are forgotten")
_ERASED: Final = sentence(
    "Your address and everything about you is erased. A keyed hash stays, so that nothing here ever mails you again."
)


@router.post("/preferences/{token}/fresh")
def mail_fresh_link(request: Request, token: str) -> Response:
    """Mail the reader a link to their data; asking often mails no more than a few."""
    deps = deps_of(request)
    subscription_id = opened(request, Purpose.PREFERENCES, token)
    with deps.database.write() as session:
        answer = ask_for_link(session, subscription_id, deps.clock())

    def post() -> None:
        if answer and answer.notice is NoticeKind.LINK:
            send_link(deps.database, deps.site, subscription_id, deps.clock())
            deps.enqueue(Task.DELIVER, "deliver")

    return _to(f"/preferences/{token}?saved=fresh", BackgroundTask(post))


@router.get("/yours/{token}")
def your_data(request: Request, token: str, asked: str = "") -> Response:
    """What a reader can do with their data."""
    return _page(request, token, _reader(request, token), asked=asked)


@router.get("/yours/{token}/export.json")
def export(request: Request, token: str) -> Response:
    """Everything that is kept of a reader: choices, mails with what became of each, proof of consent."""
    reader = _reader(request, token)
    with deps_of(request).database.read() as session:
        found = dossier_of(session, reader.subscriber_id)
    if found is None:
        raise HTTPException(404)
    name = f'attachment; filename="{reader.offer.newsletter.slug}-my-data.json"'
    return JSONResponse(facts_of(found), headers={**SECRET_ADDRESS, "Content-Disposition": name})


@router.post("/yours/{token}/address")
def move(request: Request, token: str, email: Annotated[str, Form()] = "") -> Response:
    """Ask the owner of another address to take the subscription over; until they confirm, nothing changes."""
    deps = deps_of(request)
    reader = _reader(request, token)
    try:
        address = parse_address(email)
    except AddressError as error:
        return _page(request, token, reader, fault=str(error), email=email)
    mark = suppression_mark(deps.suppression_key, address.key)
    with deps.database.write() as session:
        answer = ask_to_move(
            session, reader.subscription_id, (address.address, address.key, mark), visit_of(request), deps.clock()
        )

    def post() -> None:
        if answer:
            send_confirmation(deps.database, deps.site, answer.subscription_id, deps.clock())
            deps.enqueue(Task.DELIVER, "deliver")

    return _to(f"/yours/{token}?asked=address", BackgroundTask(post))


@router.post("/yours/{token}/erase")
def erase(request: Request, token: str, sure: Annotated[str, Form()] = "") -> Response:
    """Forget the reader, everywhere and for good."""
    deps = deps_of(request)
    reader = _reader(request, token)
    if sure != _ERASE_WORD:
        return _page(request, token, reader, fault=_SURE)
    erase_reader(deps.database, deps.suppression_key, deps.var_folder, reader.subscriber_id, deps.clock())
    return message_page(request, 200, _FORGOTTEN, _ERASED, reader=reader)


def _reader(request: Request, token: str) -> ReaderPage:
    deps = deps_of(request)
    try:
        subscription_id = deps.keys.open_within_the_hour(Purpose.YOURS, token, deps.clock())
    except TokenError as error:
        raise HTTPException(404, _VOID) from error
    reader = reader_of(request, subscription_id)
    if reader is None:
        raise HTTPException(404, _VOID)
    return reader


def _page(
    request: Request, token: str, reader: ReaderPage, *, fault: str = "", email: str = "", asked: str = ""
) -> Response:
    return token_page(
        request,
        "yours.html",
        status=422 if fault else 200,
        reader=reader,
        offer=reader.offer,
        accent=reader.offer.newsletter.accent,
        token=token,
        fault=fault,
        email=email,
        asked=asked,
        can_move=reader.status is SubscriptionStatus.CONFIRMED,
    )


def _to(address: str, task: BackgroundTask) -> Response:
    return RedirectResponse(address, 303, headers=SECRET_ADDRESS, background=task)
