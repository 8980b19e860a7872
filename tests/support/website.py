"""A website over a real database, asked without a network: its clock stands still until a test moves it."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import httpx
from sqlmodel import col, select
from starlette.types import ASGIApp, Receive, Scope, Send

from syndication.compose.templates import MAILS, compile_all, load_source
from syndication.deliver.outbox import OutboxTransport
from syndication.domain.seams import Task
from syndication.domain.site import Profile, Site
from syndication.domain.states import NoticeKind, SubscriptionStatus
from syndication.domain.templates import Template, TemplateSource
from syndication.domain.tokens import KeyRing, Purpose
from syndication.store.database import Database
from syndication.store.tables import NoticeRow, ScheduleRow, SubscriptionRow
from syndication.store.templates import save_template
from syndication.web.app import create_app
from syndication.web.deps import Deps
from tests.support import rows

NOW = rows.NOW
SITE = Site("Example", "News.", "http://127.0.0.1:8000", "en", "Europe/Rome", "tag:localhost,2026-11-01:x")
KEYS = KeyRing({"a": b"k" * 32}, "a")
TEMPLATES = Path(__file__).parents[2] / "templates" / "email"


@lru_cache(maxsize=1)
def compiled_templates() -> list[tuple[TemplateSource, Template]]:
    """The templates that come with the product, compiled once for all tests."""
    sources = [load_source(TEMPLATES, name) for name in MAILS]
    made = compile_all(sources)
    assert all(isinstance(template, Template) for template in made), made
    return [
        (source, template) for source, template in zip(sources, made, strict=True) if isinstance(template, Template)
    ]


class NoFeeds:
    """A feed server with one document that says so."""

    def handles(self, path: str) -> bool:
        """Whether it is the one address it knows."""
        return path == "/feeds/all.atom"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with a word."""
        del scope, receive
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"feed"})


@dataclass(frozen=True)
class Visitor:
    """A browser that follows no redirects and keeps no cookies."""

    app: ASGIApp
    address: str
    site: str = SITE.public_url

    def get(self, path: str, **request: Any) -> httpx.Response:  # noqa: ANN401 - as httpx has it
        """Open a page."""
        return self.request("GET", path, **request)

    def post(self, path: str, **request: Any) -> httpx.Response:  # noqa: ANN401 - as httpx has it
        """Send a form."""
        return self.request("POST", path, **request)

    def request(self, method: str, path: str, **request: Any) -> httpx.Response:  # noqa: ANN401 - as httpx has it
        """Any request; the answer is there once everything that follows it is done."""
        # In a thread of its own: a browser's loop may run in this one.
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(asyncio.run, self._ask(method, path, request)).result()

    async def _ask(self, method: str, path: str, request: dict[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(self.app, client=(self.address, 50_000), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=self.site) as client:
            return await client.request(method, path, **request)


@dataclass
class Website:
    """The site, its database, and what was asked of the engine."""

    database: Database
    outbox: Path
    profile: Profile = Profile.TRIAL
    now: datetime = NOW
    asked: list[tuple[Task, str]] = field(default_factory=list)
    app: ASGIApp | None = None

    def deps(self, **other: object) -> Deps:
        """What the application is given."""
        deps = Deps(
            database=self.database,
            site=SITE,
            keys=KEYS,
            suppression_key=b"s" * 32,
            clock=lambda: self.now,
            enqueue=lambda task, key, **_: self.asked.append((task, key)),
            profile=self.profile,
            outbox=self.outbox,
            var_folder=self.outbox.parent,
            feeds=NoFeeds(),
            transport=lambda: OutboxTransport(self.outbox),
        )
        return replace(deps, **other)  # type: ignore[arg-type] # the names are checked when it runs

    def visitor(self, address: str = "127.0.0.1", **other: object) -> Visitor:
        """Somebody at an IP address."""
        if other:
            return Visitor(create_app(self.deps(**other)), address)
        self.app = self.app or create_app(self.deps())
        return Visitor(self.app, address)

    def newsletter(self, slug: str = "weekly", topics: Sequence[str] = ("agents", "local")) -> int:
        """A newsletter that goes out on the Friday after the usual now, with templates and nothing else."""
        with self.database.write() as session:
            for source, template in compiled_templates():
                save_template(session, template, source, None, self.now)
            rows.add_counters(session)
            for topic in topics:
                rows.add_topic(session, topic, title=f"The {topic}")
            newsletter_id = rows.add_newsletter(session, slug, topics)
            rows.add_schedule(session, newsletter_id, zone="Europe/Rome", next_slot=self.now + timedelta(days=7))
        return newsletter_id

    def articles(self, *topics: str, titles: Sequence[str] = ("One",), news: bool = True) -> list[int]:
        """Articles in these topics that came out yesterday."""
        at = self.now - timedelta(days=1)
        with self.database.write() as session:
            source = rows.add_source(session, f"source-{'-'.join(titles).lower()}"[:64], title="The Source")
            return [rows.add_article(session, source, topics, title=title, news=news, at=at) for title in titles]

    def reader(self, *topics: str, status: SubscriptionStatus = SubscriptionStatus.CONFIRMED) -> int:
        """A reader on the only schedule; answers the subscription's id."""
        with self.database.write() as session:
            schedule = session.exec(select(ScheduleRow.id)).one() or 0
            subscriber = rows.add_reader(session, schedule, topics, status=status, address="ann@example.com")
            return rows.subscription_of(session, subscriber).id or 0

    def subscription(self) -> SubscriptionRow:
        """The only subscription, fresh."""
        with self.database.read() as session:
            return session.exec(select(SubscriptionRow)).one()

    def notices(self) -> list[NoticeKind]:
        """The kinds of all notices, oldest first."""
        with self.database.read() as session:
            return [row.kind for row in session.exec(select(NoticeRow).order_by(col(NoticeRow.id)))]

    def link(self, purpose: Purpose, number: int) -> str:
        """The address of a reader's page."""
        return f"/{purpose}/{KEYS.sign(purpose, number)}"
