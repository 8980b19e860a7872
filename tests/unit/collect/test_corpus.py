"""Documents of every quality → what a person would call right. Each stands in tests/data/collect beside what is expected.

Only the fields that an expectation names are compared, so that each document shows one rule.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from syndication.collect.parse import parse_document
from syndication.domain.articles import Item
from syndication.domain.source_options import options_from
from syndication.domain.sources import Fetched, FetchFailed, RawDocument
from syndication.domain.states import SourceKind
from tests.support.items import NOW, source

CORPUS = Path(__file__).parents[2] / "data" / "collect"
EXPECTED = sorted(CORPUS.glob("*/*.expected.json"))


def body_of(expected: Path) -> bytes:
    (found,) = (
        path for path in expected.parent.glob(expected.name.removesuffix("expected.json") + "*") if path != expected
    )
    return found.read_bytes()


def read(expected: Path, about: dict[str, Any]) -> Fetched | FetchFailed:
    where = source(
        kind=SourceKind(about.get("kind", "feed")),
        location="https://site.example/feed.xml",
        options=options_from(about.get("options", {})),
    )
    url = about.get("url", where.location)
    return parse_document(RawDocument(body_of(expected), about.get("content_type", "text/xml"), url, where, NOW))


def shown(item: Item) -> dict[str, Any]:
    """An item in the words of expectations."""
    return {
        **{
            name: getattr(item, name)
            for name in ("native_key", "url", "canonical_url", "title", "summary", "content", "language", "image_url")
        },
        "published": item.published.at.isoformat().replace("+00:00", "Z"),
        "precision": item.published.precision.value,
        "origin": item.published.origin.value,
        "updated": item.updated_at.isoformat().replace("+00:00", "Z") if item.updated_at else None,
        "authors": list(item.authors),
        "tags": list(item.tags),
        "enclosures": [[one.url, one.media_type, one.length] for one in item.enclosures],
        "ai_generated": item.ai_generated,
        "variants": list(item.variants),
        "translations": [[one.language, one.title, one.summary, one.content] for one in item.translations],
        "title_length": len(item.title),
        "key_length": len(item.native_key),
    }


def assert_is(item: Item, expected: dict[str, Any]) -> None:
    found = shown(item)
    for name, value in expected.items():
        if name == "repair":
            assert value in item.repairs
        elif name == "key_prefix":
            assert item.native_key.startswith(value)
        elif name == "title_prefix":
            assert item.title.startswith(value)
        elif name == "title_length":
            assert found[name] <= value
        else:
            assert found[name] == value, name


@pytest.mark.parametrize("expected", EXPECTED, ids=lambda path: f"{path.parent.name}/{path.name.split('.')[0]}")
def test_a_document_is_read_as_a_person_would(expected: Path) -> None:
    about = json.loads(expected.read_text())
    found = read(expected, about)
    if "failure" in about:
        assert isinstance(found, FetchFailed), found
        assert about["failure"] in found.reason
        return
    assert isinstance(found, Fetched), found
    if not about.get("at_least"):
        assert len(found.items) == len(about["items"]), [item.title for item in found.items]
    assert len(found.items) >= about.get("count", 0)
    for item, wanted in zip(found.items, about["items"], strict=False):
        assert_is(item, wanted)
    for name in ("more", "hubs", "repairs"):
        if name in about:
            assert list(getattr(found, name)) == about[name]
    if "self_url" in about:
        assert found.self_url == about["self_url"]


def test_the_corpus_has_not_lost_documents() -> None:
    assert len(EXPECTED) >= 150
