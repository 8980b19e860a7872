"""Two weeks in a moment: a bilingual site with a past, readers in both languages, one mail each a slot, and nothing twice.

Every stage is the real one; only the clock is moved.
"""

import email
import email.policy
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest
from sqlmodel import select

from syndication.collect.fetcher import SourceFetcher
from syndication.deliver.outbox import OutboxTransport
from syndication.domain.site import Profile
from syndication.domain.source_options import options_from
from syndication.domain.sources import Source
from syndication.domain.states import DeliveryState, FirstFetch, SourceKind
from syndication.domain.topics import Topic
from syndication.jobs.classify import classify_pending
from syndication.jobs.collect import Collecting, collect_due
from syndication.jobs.compose import compose_issue
from syndication.jobs.deliver import PostOffice, deliver_ready
from syndication.jobs.fire import fire_due
from syndication.jobs.preflight import Preflight
from syndication.net.client import SafeClient
from syndication.store.classifying import save_topic
from syndication.store.collecting import add_source
from syndication.store.database import Database
from syndication.store.tables import DeliveryRow, ScheduleRow
from syndication.store.templates import save_template
from tests.support import rows
from tests.support.issues import ignore
from tests.support.web_server import Reply, Seen, web_server
from tests.support.website import KEYS, SITE, compiled_templates

BEGIN: Final = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)  # a Monday; issues go out on Fridays at 07:30 in Rome
WEEKS: Final = 2
STEP: Final = timedelta(hours=9)
OLD: Final = 50
# Hours after the beginning at which the new ones come out, before the first slot (93.5) and before the second.
NEW: Final = tuple(timedelta(hours=hours) for hours in (20, 40, 60, 80, 96, 120, 160, 190, 220))
PER_LANGUAGE: Final = 3
_TITLES: Final = {"it": "Modello numero {} in cantina", "en": "Model number {} in the basement"}


@dataclass
class Publisher:
    """A publisher whose API holds its articles in Italian with an English wording of each."""

    now: datetime = BEGIN
    asked: list[str] = field(default_factory=list)

    def serve(self, seen: Seen) -> Reply:
        """The page that is asked for; newest first."""
        self.asked.append(seen.path)
        offset = int((re.search(r"offset=(\d+)", seen.path) or ["", "0"])[1])
        limit = int((re.search(r"limit=(\d+)", seen.path) or ["", "50"])[1])
        there = [self.article(number) for number in self.numbers()]
        page = {"total": len(there), "limit": limit, "offset": offset, "articles": there[offset : offset + limit]}
        return Reply(200, {"Content-Type": "application/json"}, json.dumps(page).encode())

    def numbers(self) -> list[int]:
        """Of the articles that are out, the newest first."""
        return list(range(OLD + sum(BEGIN + later <= self.now for later in NEW), 0, -1))

    @staticmethod
    def article(number: int) -> dict[str, object]:
        """One article; the old ones have their dates from before the beginning."""
        at = BEGIN + NEW[number - OLD - 1] if number > OLD else BEGIN - timedelta(days=OLD + 1 - number)
        words = {f"title{'_en' if one == 'en' else ''}": _TITLES[one].format(number) for one in _TITLES}
        return {
            **words,
            "slug": f"model-{number}",
            "summary": f"Un modello che gira in casa, il numero {number}.",
            "summary_en": f"A model that runs at home, number {number}.",
            "content": f"<p>Testo numero {number}.</p>",
            "content_en": f"<p>Text number {number}.</p>",
            "tags": ["llm"],
            "created_at": at.strftime("%Y-%m-%dT%H:%M:%S"),
        }


@pytest.fixture
def site() -> Publisher:
    return Publisher()


@pytest.fixture
def port(site: Publisher) -> Iterator[int]:
    with web_server(site.serve) as running:
        yield running.port


def prepare(database: Database, port: int) -> dict[int, str]:
    """A weekly newsletter, its one source, and readers in both languages: subscriber → language."""
    with database.write() as session:
        for source, template in compiled_templates():
            save_template(session, template, source, None, BEGIN)
        rows.add_counters(session)
        save_topic(session, Topic("models", "Models", "", "model* OR modello"))
        letter = rows.add_newsletter(session, "weekly", ["models"])
        slot = BEGIN + timedelta(days=4, hours=-2, minutes=-30)
        schedule = rows.add_schedule(session, letter, cron="30 7 * * 5", zone="Europe/Rome", next_slot=slot)
        add_source(session, _source(port), BEGIN)
        return {
            rows.add_reader(session, schedule, ["models"], language=language, at=BEGIN): language
            for language in _TITLES
            for _ in range(PER_LANGUAGE)
        }


def _source(port: int) -> Source:
    return Source(
        "site",
        "The Site",
        SourceKind.API,
        f"http://site.example:{port}/api/articles?limit=50&offset=0",
        language="it",
        first_fetch=FirstFetch.BACKFILL,
        internal=True,
        options=options_from({"api": {"preset": "ai-radar"}}),
    )


def live(database: Database, site: Publisher, outbox: Path) -> list[datetime]:
    """Run every job at every step, and at every slot, for two weeks; the slots that were fired."""
    client = SafeClient("Test/1", resolver=lambda _host, _port: ["127.0.0.1"])
    kit = Collecting(database, SourceFetcher("Test/1", client=client), ignore)
    post, fired = PostOffice(KEYS, SITE, b"s" * 32), []
    gate = Preflight(database, post, client, Profile.TRIAL, leaves=False, example="none", spam=lambda _: None)
    while site.now < BEGIN + timedelta(weeks=WEEKS):
        collect_due(kit, lambda: site.now)
        classify_pending(database, ignore, site.now)
        for one in fire_due(database, ignore, site.now):
            fired.append(one.slot)
            compose_issue(database, SITE, one.issue_id, site.now)
        gate.open_gates(site.now)
        deliver_ready(database, OutboxTransport(outbox), post, lambda: site.now, lambda: False)
        with database.read() as session:
            slot = session.exec(select(ScheduleRow.next_slot)).one()
        site.now = min(site.now + STEP, slot) if slot > site.now else site.now + STEP
    return fired


def mails(outbox: Path) -> dict[str, list[tuple[str, list[int]]]]:
    """Address → mails in order: the whole text, and the numbers of the articles in it."""
    found: dict[str, list[tuple[str, list[int]]]] = defaultdict(list)
    for path in sorted(outbox.glob("*.eml"), key=lambda one: one.stat().st_mtime_ns):
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        body = message.get_body(("plain",))
        assert body is not None
        text = str(body.get_content())
        numbers = sorted({int(one) for one in re.findall(r"(?:numero|number) (\d+) in", text)})
        found[str(message["to"])].append((text, numbers))
    return found


def test_two_weeks_bring_each_reader_every_new_article_once_in_their_language(
    database: Database, site: Publisher, port: int, tmp_path: Path
) -> None:
    readers = prepare(database, port)
    fired = live(database, site, tmp_path / "outbox")

    assert [one.strftime("%a %H:%M") for one in fired] == ["Fri 06:30"] * WEEKS
    assert len(site.numbers()) == OLD + len(NEW)
    by_slot = [
        [OLD + 1 + place for place, later in enumerate(NEW) if (BEGIN + later > fired[0]) is is_second]
        for is_second in (False, True)
    ]

    boxes = mails(tmp_path / "outbox")
    assert len(boxes) == len(readers)
    with database.read() as session:
        states = session.exec(select(DeliveryRow.state)).all()
    assert states == [DeliveryState.ACCEPTED] * len(readers) * WEEKS
    languages = []
    for box in boxes.values():
        assert [numbers for _, numbers in box] == by_slot
        (language,) = {"it" if "in cantina" in text else "en" for text, _ in box}
        other = "in the basement" if language == "it" else "in cantina"
        assert not any(other in text for text, _ in box)
        languages.append(language)
    assert sorted(languages) == sorted(readers.values())
