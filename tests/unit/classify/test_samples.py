"""The bundled samples: what a stranger sees first is readable, dated in the past, and in the topics it was written for."""

import tomllib
from datetime import UTC, datetime
from pathlib import Path

from syndication.classify.percolator import classify
from syndication.collect.folder import fetch_folder
from syndication.domain.articles import Document, Item
from syndication.domain.sources import Fetched, Source
from syndication.domain.states import SourceKind
from syndication.domain.topics import Topic
from syndication.html.text import plain_text

CONFIG = Path(__file__).parents[3] / "config"
RELEASE = datetime(2026, 11, 23, 12, tzinfo=UTC)
BOTH, AGENTS, MODELS, NEITHER = {"ai-agents", "on-prem-llms"}, {"ai-agents"}, {"on-prem-llms"}, set[str]()
EXPECTED = {
    "agent-in-the-basement.md": BOTH,
    "agente-dietro-il-firewall.md": BOTH,
    "agents-fail-like-committees.html": AGENTS,
    "approve-approve-approve.md": AGENTS,
    "ask-your-queue.txt": MODELS,
    "bread-at-four-in-the-morning.txt": NEITHER,
    "eleven-tools-and-a-locked-door.html": BOTH,
    "estate-agents-learn-to-whisper.md": NEITHER,
    "four-bits-are-enough.md": MODELS,
    "how-much-vram.md": MODELS,
    "modello-in-cantina.md": MODELS,
    "the-agent-that-said-no.md": AGENTS,
    "the-library-that-lends-silence.md": NEITHER,
    "the-loudest-box-in-the-office.html": MODELS,
    "the-map-that-was-wrong-on-purpose.md": NEITHER,
    "tool-descriptions-are-the-product.md": AGENTS,
    "what-an-agent-costs.md": BOTH,
}


def _samples() -> list[Item]:
    fetched = fetch_folder(Source("samples", "Samples", SourceKind.FOLDER, str(CONFIG / "samples")), RELEASE)
    assert isinstance(fetched, Fetched)
    assert fetched.repairs == ()
    return list(fetched.items)


def test_each_sample_is_in_the_topics_it_was_written_for() -> None:
    entries = tomllib.loads((CONFIG / "topics.toml").read_text("utf-8"))["topics"]
    topics = [Topic(entry["slug"], entry["title"], "", entry["rule"]) for entry in entries]
    samples = _samples()
    documents = [
        Document(n, item.title, f"{item.summary}\n{plain_text(item.content)}") for n, item in enumerate(samples)
    ]
    found: dict[str, set[str]] = {item.native_id: set() for item in samples}
    for verdict in classify(documents, topics):
        if verdict.accepted:
            found[samples[verdict.article_id].native_id].add(verdict.topic)
    assert found == EXPECTED


def test_each_sample_is_complete() -> None:
    for item in _samples():
        words = len(plain_text(item.content).split())
        assert 200 <= words <= 450, (item.native_id, words)
        assert item.summary, item.native_id
        assert item.published.at <= RELEASE, item.native_id
        assert item.native_id.endswith(".txt") or (item.authors and item.repairs == ()), item.native_id


def test_two_samples_are_in_italian() -> None:
    assert [item.native_id for item in _samples() if item.language == "it"] == [
        "agente-dietro-il-firewall.md",
        "modello-in-cantina.md",
    ]
