"""The mailbox of a trial: what is in the outbox, shown to visitors on this machine and to nobody else."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Final

from fastapi import APIRouter, HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from syndication.domain.site import Profile
from syndication.web.deps import deps_of
from syndication.web.render import private_page
from syndication.web.security import MAIL_CSP, SECRET_ADDRESS, is_local_visitor

router = APIRouter(prefix="/mailbox")

_MOST_SHOWN: Final = 100
_NAME: Final = re.compile(r"[a-z0-9-]{1,60}")
_HEAD: Final = re.compile(r"<head[^>]*>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail in the outbox. name: of its delivery. at: when it was written, aware UTC."""

    name: str
    at: datetime
    sender: str
    recipient: str
    subject: str


def may_see_mailbox(request: Request) -> bool:
    """Whether there is a mailbox, and this visitor may look into it."""
    deps = deps_of(request)
    return deps.profile is Profile.TRIAL and deps.outbox is not None and is_local_visitor(request)


def mail_page(html: str) -> Response:
    """A mail's HTML as a document of its own, for a frame or a tab; its links open outside the frame."""
    outside = _HEAD.sub(lambda head: f'{head[0]}<base target="_top">', html, count=1)
    return HTMLResponse(outside, headers={**SECRET_ADDRESS, "Content-Security-Policy": MAIL_CSP})


@router.get("/")
def mailbox(request: Request) -> Response:
    """The newest mails of the outbox."""
    folder = _folder(request)
    paths = sorted(folder.glob("*.eml"), key=lambda path: path.stat().st_mtime, reverse=True)
    letters = [_letter(path, _parsed(path, headers_only=True)) for path in paths[:_MOST_SHOWN]]
    return private_page(request, "mailbox.html", letters=letters, zone=deps_of(request).site.zone)


@router.get("/{name}")
def letter(request: Request, name: str) -> Response:
    """One mail: its header, its HTML in a frame, its plain text."""
    path = _path(request, name)
    message = _parsed(path)
    text = message.get_body(("plain",))
    words = text.get_content() if isinstance(text, EmailMessage) else ""
    zone = deps_of(request).site.zone
    return private_page(request, "letter.html", letter=_letter(path, message), text=words, zone=zone)


@router.get("/{name}/html")
def letter_html(request: Request, name: str) -> Response:
    """The HTML part of one mail."""
    part = _parsed(_path(request, name)).get_body(("html",))
    if not isinstance(part, EmailMessage):
        raise HTTPException(404)
    return mail_page(str(part.get_content()))


def _folder(request: Request) -> Path:
    folder = deps_of(request).outbox
    if folder is None or not may_see_mailbox(request):
        raise HTTPException(404)
    return folder


def _path(request: Request, name: str) -> Path:
    path = _folder(request) / f"{name}.eml"
    if not _NAME.fullmatch(name) or not path.is_file():
        raise HTTPException(404)
    return path


def _parsed(path: Path, *, headers_only: bool = False) -> EmailMessage:
    with path.open("rb") as file:
        return BytesParser(policy=policy.default).parse(file, headersonly=headers_only)


def _letter(path: Path, message: EmailMessage) -> Letter:
    return Letter(
        name=path.stem,
        at=datetime.fromtimestamp(path.stat().st_mtime, UTC),
        sender=str(message["From"]),
        recipient=str(message["To"]),
        subject=str(message["Subject"]),
    )
