"""Opening each page of the console with a million subscribers, 100,000 articles and issues to all of them.

Every address that the console answers a GET at is opened, those with searches and filters several times, by somebody who
may see everything. Answers a second; held to 200 ms at the server, that is 5 a second: the limit. A file with all
deliveries is read in rows a second. What the console remembers for ten seconds is asked for once, as in use. Needs no package.
"""

import importlib
import pkgutil
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Final

from fastapi import APIRouter
from fastapi.routing import APIRoute

from bench import Case
from bench._databases import fresh_database
from bench._million import Filled, fill
from syndication.web import admin
from tests.support.console import Colleague, colleague
from tests.support.website import Website

READERS: Final = 1_000_000
ARTICLES: Final = 100_000
LONGEST_S: Final = 0.2
_TRIES: Final = 5

# Pages for who is not logged in yet, by links used once.
_ARRIVING: Final = frozenset({"/admin/setup/{secret}", "/admin/invite/{secret}", "/admin/reset/{secret}"})
_FILE: Final = "/admin/issues/{issue_id}/deliveries.csv"
_SEARCHES: Final = MappingProxyType(
    {
        "/admin/subscribers/": (
            "?q=reader50",
            "?topic=agents",
            "?status=unsubscribed",
            "?status=confirmed&topic=agents&q=reader50",
            "?status=unconfirmed&topic=local",
            "?before={middle}",
        ),
        "/admin/issues/{issue_id}": (
            "?reader=reader{middle}@example.com",
            "?state=failed",
            "?state=failed&fault=recipient&code=550&enhanced=5.1.1",
            "?state=deferred&after={middle}",
            "?after={middle}",
        ),
        "/admin/articles/": ("?named=https://example.org/50", "?source=source-1"),
        "/admin/schedules/preview": ("?cron=30+7+*+*+FRI&zone=Europe/Rome",),
    }
)


def run() -> Iterator[Case]:
    """Each database, each page; the slowest of a page's searches counts for itself."""
    for name in ("sqlite", "postgresql"):
        with fresh_database(name) as database, TemporaryDirectory(prefix="bench") as folder:
            website = Website(database, Path(folder) / "outbox")
            website.outbox.mkdir()
            website.newsletter()
            filled = fill(website, READERS, ARTICLES)
            someone = colleague(website)
            for path in addresses(filled):
                yield Case(f"{name} {path}", 1 / _median_s(someone, path), "answers/s", 1 / LONGEST_S)
            yield _file(name, someone, _FILE.format(issue_id=filled.sending))


def addresses(filled: Filled, middle: int = READERS // 2) -> list[str]:
    """Every address of the console that can be opened. Raises KeyError for a page that is not known here.

    middle: the number of a reader, and of their subscription.
    """
    known = {
        "act": "pause",
        "subscriber_id": middle,
        "newsletter_id": 1,
        "newsletter": "weekly",
        "name": "weekly",
        "mail": "digest",
        "schedule_id": 1,
        "source_id": 1,
        "topic_id": 1,
        "uid": "u1",
        "upload_id": 1,
    }
    found = []
    for template in sorted(_templates() - _ARRIVING - {_FILE}):
        issue_id = filled.review if "/review" in template else filled.sending
        path = template.format(**known, issue_id=issue_id)
        found += [path, *(path + search.format(middle=middle) for search in _SEARCHES.get(template, ()))]
    return found


def _templates() -> set[str]:
    """The addresses of the console's GET pages, as the router has them."""
    found = set()
    for module in pkgutil.iter_modules(admin.__path__, f"{admin.__name__}."):
        router = getattr(importlib.import_module(module.name), "router", None)
        for route in router.routes if isinstance(router, APIRouter) else ():
            if isinstance(route, APIRoute) and "GET" in (route.methods or ()):
                found.add(route.path)
    return found


def _median_s(someone: Colleague, path: str) -> float:
    seconds = []
    for _ in range(_TRIES):
        begun = time.perf_counter()
        answer = someone.get(path)
        seconds.append(time.perf_counter() - begun)
        assert answer.status_code == 200, (path, answer.status_code)
    return sorted(seconds)[_TRIES // 2]


def _file(name: str, someone: Colleague, path: str) -> Case:
    begun = time.perf_counter()
    answer = someone.get(path)
    lines = answer.text.count("\n") - 1
    assert lines == READERS, lines
    return Case(f"{name} {path}", lines / (time.perf_counter() - begun), "rows/s")
