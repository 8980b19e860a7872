"""What every answer carries and every request must pass: headers, size, origin, and whose address it is."""

from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from syndication.domain.site import Front
from syndication.web.deps import Network, deps_of

_CSP: Final = (
    "default-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self'; frame-ancestors 'none'; "
    "img-src 'self' data:"
)
MAIL_CSP: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox "
    "allow-top-navigation-by-user-activation"
)
"""For a mail shown as a page: its styles are inline, nothing in it runs or loads."""

_HEADERS: Final = (
    ("Content-Security-Policy", _CSP),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
)
PRIVATE: Final = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow"}
"""For pages that are nobody else's business."""

SECRET_ADDRESS: Final = {**PRIVATE, "Referrer-Policy": "no-referrer"}
"""For pages whose address holds a token. A browser sends forms of such a page with 'Origin: null'."""

_MOST_BODY_BYTES: Final = 1_048_576
MOST_LIST_BYTES: Final = 128 * _MOST_BODY_BYTES
"""Of a list of readers, about two million lines; only who is logged in has it read."""
LIST_ADDRESS: Final = "/admin/subscribers/import"
_LIST_TOO_LONG: Final = (
    f"The list is larger than {MOST_LIST_BYTES >> 20} MB, and nothing of it was kept. On the server there is no limit: "
    "syndication subscribers import FILE NEWSLETTER --consent WORDS. Or upload it in parts, each with the first line."
)
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
# Their address is the permission. A mail provider's one-click POST has no origin, and a browser sends 'null' from a
# page without referrer. Source: RFC 8058 section 3.1; Fetch, "append a request Origin header".
_BY_TOKEN: Final = ("/unsubscribe/", "/confirm/", "/preferences/", "/yours/", "/api/")
# The sign-up form may stand on any site: it needs no cookie, and gives no more power than any program has.
_FROM_ANYWHERE: Final = "/subscribe"


class Guard:
    """Wraps the pages: HEAD becomes GET without a body, bodies have a limit, every answer has the headers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, as ASGI has it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_head = scope["method"] == "HEAD"
        is_list = scope["path"] == LIST_ADDRESS
        most = MOST_LIST_BYTES if is_list else _MOST_BODY_BYTES
        # What is said to come, then what came. Who says too much is answered before they have sent it.
        said = Headers(scope=scope).get("content-length", "")
        seen, expected = 0, int(said) if said.isdecimal() else 0

        async def limited() -> Message:
            nonlocal seen
            message: Message = await receive() if expected <= most else {}
            seen += len(message.get("body", b""))
            if max(seen, expected) > most:
                raise HTTPException(413, _LIST_TOO_LONG if is_list else None)
            return message

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS:
                    headers.setdefault(name, value)
            elif is_head:
                message = {**message, "body": b""}
            await send(message)

        await self._app({**scope, "method": "GET"} if is_head else scope, limited, dressed)


async def same_origin(request: Request) -> None:
    """Refuse a form that another site sends, so that nobody acts through a visitor's browser. Raises HTTPException 403.

    Requests without an Origin come from programs, which have no visitor's cookies.
    """
    if request.method in _SAFE or request.url.path.startswith(_BY_TOKEN) or request.url.path == _FROM_ANYWHERE:
        return
    origin = request.headers.get("origin")
    ours = {request.headers.get("host"), urlsplit(deps_of(request).site.public_url).netloc}
    if origin is not None and urlsplit(origin).netloc not in ours:
        raise HTTPException(403)


def client_address(request: Request) -> str:
    """The visitor's IP address: the peer's, or what a trusted proxy says it is; "" when nobody knows."""
    peer = request.client.host if request.client else ""
    proxies = deps_of(request).proxies
    if not _is_in(peer, proxies):
        return peer
    # Each proxy appends whom it heard; only what trusted ones wrote can be believed.
    for heard in reversed(request.headers.get("x-forwarded-for", "").split(",")):
        address = heard.strip()
        if address and not _is_in(address, proxies):
            return address
    return peer


def front_of(request: Request) -> Front:
    """What the web server in front says of this visitor."""
    if "x-forwarded-for" not in request.headers:
        return Front.SILENT
    peer = request.client.host if request.client else ""
    return Front.BELIEVED if _is_in(peer, deps_of(request).proxies) else Front.NOT_BELIEVED


def private_peer(request: Request) -> str:
    """The address of whoever is connected, when it belongs to a private network and so to nobody; else ""."""
    try:
        return str(address) if request.client and (address := ip_address(request.client.host)).is_private else ""
    except ValueError:
        return ""


def is_local_visitor(request: Request) -> bool:
    """Whether the request was made on this machine, by somebody who wrote this machine's own name.

    The name matters: a site of a stranger can point its own name at 127.0.0.1 and read the answer (DNS rebinding).
    """
    peer = request.client.host if request.client else ""
    is_forwarded = any(name in request.headers for name in ("x-forwarded-for", "forwarded", "via"))
    name = request.url.hostname or ""
    return _is_loopback(peer) and not is_forwarded and (name == "localhost" or _is_loopback(name))


def _is_in(address: str, networks: tuple[Network, ...]) -> bool:
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return any(found in network for network in networks)


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
