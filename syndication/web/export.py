"""The whole public side → files, for any web server, object store or one-way transfer: the very bytes that are served.

Feeds and their archives come from the feed server, pages from the application; both are asked as a visitor asks.
"""

import re
from collections import deque
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import unquote, urlsplit

import brotli

from syndication.domain.feeds import FeedFormat
from syndication.domain.site import Site
from syndication.jobs.publish import write_file
from syndication.publish.documents import gzipped
from syndication.store.database import Database
from syndication.store.feed_documents import documents_since
from syndication.store.feed_plans import pages_of, planned_feeds
from syndication.store.publishing import outline_feeds
from syndication.store.site_map import article_addresses, number_of_maps, page_addresses
from syndication.web.app import create_app
from syndication.web.deps import Deps

_LINK: Final = re.compile(rb'(?:href|src)="(/[^"#]*)')
_FIXED: Final = ("/feeds.opml", "/sitemap.xml", "/robots.txt", "/favicon.ico", "/static/feed.css", "/newsletters/")
_CLOSED: Final = (
    "/admin",
    "/api",
    "/confirm",
    "/feeds/choose",
    "/feeds/me/",
    "/link",
    "/mailbox",
    "/preferences",
    "/subscribe",
    "/unsubscribe",
    "/view",
)
_PACKED: Final = frozenset({".html", ".css", ".js", ".svg", ".xml", ".opml", ".txt", ".rss", ".atom", ".json"})
_QUALITY: Final = 5
_LIST: Final = ".exported"
_OK: Final = 200


@dataclass(slots=True)
class Exported:
    """How many files were written, how many stayed as they were, how many were deleted."""

    written: int = 0
    unchanged: int = 0
    deleted: int = 0


@dataclass(slots=True)
class _Export:
    """One run. kept: the files that belong to the site, relative to the folder."""

    folder: Path
    done: Exported = field(default_factory=Exported)
    kept: set[str] = field(default_factory=set)

    def write(self, name: str, body: bytes, packed: dict[str, bytes]) -> None:
        """Write a file and, beside it, its codings; an unchanged one is not touched."""
        for ending, content in {"": body, **packed}.items():
            self.kept.add(f"{name}{ending}")
            if write_file(self.folder, f"{name}{ending}", content):
                self.done.written += 1
            else:
                self.done.unchanged += 1


async def export_site(deps: Deps, folder: Path) -> Exported:
    """Write feeds, archives, pages, OPML and what they need below a folder; raises OSError when the disk does not take it.

    Each file is replaced at once. What an earlier export wrote and the site has no more is deleted; other files in the
    folder are left alone.
    """
    export = _Export(folder)
    app = create_app(deps)
    moved = _feeds(deps.database, deps.site, export)
    waiting = deque(_addresses(deps))
    seen = set(waiting)
    while waiting:
        path = waiting.popleft()
        name = file_of(path)
        if name in export.kept:
            continue
        answer = await _ask(app, path)
        if answer.status != _OK:
            continue
        body = answer.body
        is_feed = path.endswith(tuple(f".{form}" for form in FeedFormat))
        export.write(name, body, await _codings(app, path) if is_feed else _pack(name, body))
        if name.endswith(".html"):
            new = [link for link in map(_local, _LINK.findall(body)) if link and link not in seen]
            seen.update(new)
            waiting.extend(dict.fromkeys(new))
    export.write("_redirects", moved, {})
    _sweep(export)
    return export.done


def file_of(path: str) -> str:
    """The file for an address, as web servers look for it: a folder's index.html for a page, whose last word has no ending.

    Raises ValueError for an address that would lead out of the folder.
    """
    parts = [part for part in path.split("/") if part]
    if any(part in {".", ".."} or "\\" in part or "\0" in part for part in parts):
        message = f"{path} is no address of this site"
        raise ValueError(message)
    is_page = "." not in path.rpartition("/")[2]
    return "/".join([*parts, "index.html"]) if is_page else "/".join(parts)


def _addresses(deps: Deps) -> Iterator[str]:
    """Where to begin; the pages lead to everything else."""
    yield from _FIXED
    with deps.database.read() as session:
        yield from page_addresses(session, deps.site)
        yield "/sitemap/pages.xml"
        for number in range(1, number_of_maps(session) + 1):
            yield f"/sitemap/{number}.xml"
            yield from (path for path, _ in article_addresses(session, number))
        for outline in outline_feeds(session, deps.site, planned_feeds(session, deps.site)):
            for page in pages_of(outline.plan):
                yield from (f"{outline.plan.path}/archive/{page.name}.{form}" for form in FeedFormat)
            if outline.plan.logo:
                yield f"/pictures/{outline.plan.logo}"


def _feeds(database: Database, site: Site, export: _Export) -> bytes:
    """Write the documents that are kept ready; answers the redirects and removals for servers that read such a file.

    A renamed feed is also written under its old addresses, so that nobody loses it where such a file is not read.
    """
    lines, left = [], []
    with database.read() as session:
        for stored in documents_since(session, 0):
            document, path = stored.document, f"{stored.document.path}.{stored.document.form}"
            if not stored.is_gone:
                packed = {".gz": document.gzip, ".br": document.brotli}
                export.write(file_of(path), document.body, packed)
            elif stored.moved_to:
                target = f"{stored.moved_to}.{document.form}"
                lines.append(f"{path} {site.public_url}{target} 301")
                left.append((path, target))
            else:
                lines.append(f"{path} /410 410")
    for path, target in left:
        for ending in ("", ".gz", ".br"):
            source = export.folder / f"{file_of(target)}{ending}"
            if source.exists():
                export.write(f"{file_of(path)}{ending}", source.read_bytes(), {})
    return "".join(f"{line}\n" for line in sorted(lines)).encode()


async def _codings(app: Any, path: str) -> dict[str, bytes]:  # noqa: ANN401 - an ASGI application
    answers = {ending: await _ask(app, path, coding) for ending, coding in ((".gz", b"gzip"), (".br", b"br"))}
    return {ending: answer.body if answer.is_coded else b"" for ending, answer in answers.items()}


def _pack(name: str, body: bytes) -> dict[str, bytes]:
    if Path(name).suffix not in _PACKED:
        return {}
    return {".gz": gzipped(body), ".br": brotli.compress(body, quality=_QUALITY)}


def _local(link: bytes) -> str:
    """The path of a link within the public side, "" for any other."""
    parts = urlsplit(unescape(link.decode()))
    path = unquote(parts.path)
    return "" if parts.netloc or path.startswith(_CLOSED) else path


class _Answer(NamedTuple):
    status: int
    body: bytes
    is_coded: bool


async def _ask(app: Any, path: str, coding: bytes = b"identity") -> _Answer:  # noqa: ANN401 - an ASGI application
    """The answer to a visitor."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"localhost"), (b"accept-encoding", coding)],
        "client": None,
        "state": {"is_exported": True},
        "server": ("localhost", 80),
    }
    status, is_coded, body = 0, False, []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        nonlocal status, is_coded
        status = message.get("status", status)
        is_coded = is_coded or (b"content-encoding", coding) in message.get("headers", ())
        body.append(message.get("body", b""))

    await app(scope, receive, send)
    return _Answer(status, b"".join(body), is_coded)


def _sweep(export: _Export) -> None:
    """Delete what an earlier export wrote and this one did not."""
    listing = export.folder / _LIST
    before = listing.read_text("utf-8").splitlines() if listing.exists() else []
    for name in before:
        if name not in export.kept:
            file = export.folder / name
            if file.is_file() and file.resolve().is_relative_to(export.folder.resolve()):
                file.unlink()
                export.done.deleted += 1
    write_file(export.folder, _LIST, "".join(f"{name}\n" for name in sorted(export.kept)).encode())
