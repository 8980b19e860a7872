"""Any address → the feeds of its site: what the page names, known sites, and usual places."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin, urlsplit

from syndication.collect.decoding import decode
from syndication.collect.web import visit_of
from syndication.collect.xml import Form, form_of
from syndication.domain.sources import Source
from syndication.domain.states import SourceKind
from syndication.html.links import absolute
from syndication.html.text import clean_line
from syndication.html.tree import parse
from syndication.net.client import Answer, SafeClient

_FEED_TYPES: Final = ("application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml")
_NOT_FEEDS: Final = ("/wp-json/", "/oembed", "/comments/feed")
_USUAL: Final = (
    "/feed",
    "/rss",
    "/feed.xml",
    "/rss.xml",
    "/atom.xml",
    "/index.xml",
    "/feed.json",
    "/feeds/all.atom",
    "/sitemap.xml",
)
_GITHUB_PARTS: Final = 2
_MOST: Final = 12
_OK: Final = 200


@dataclass(frozen=True, slots=True)
class Candidate:
    """An address worth a look. is_guess: nobody named it."""

    url: str
    title: str
    kind: SourceKind = SourceKind.FEED
    is_guess: bool = False


def discover(client: SafeClient, source: Source) -> list[Candidate]:
    """What may be read for a source whose own address is no feed, the likeliest first. Never raises."""
    answer = client.get(visit_of(source, {"Accept": "text/html, application/xhtml+xml, */*;q=0.5"}))
    named: list[Candidate] = []
    if isinstance(answer, Answer) and answer.status == _OK:
        named = list(_named(answer))
    guesses = [Candidate(url, "", is_guess=True) for url in _guesses(source.location)]
    found = {candidate.url: candidate for candidate in reversed([*named, *guesses]) if candidate.url != source.location}
    return list(reversed(found.values()))[:_MOST]


def _named(answer: Answer) -> Iterator[Candidate]:
    text = decode(answer.body, answer.headers.get("content-type", ""))
    if form_of(text) is Form.SITEMAP:
        yield Candidate(answer.url, "Sitemap", SourceKind.SITEMAP)
        return
    for link in parse(text).iter("link"):
        relations = link.get("rel", "").lower().split()
        url = absolute(link.get("href", ""), answer.url)
        is_feed = link.get("type", "").lower().startswith(_FEED_TYPES)
        if url and is_feed and {"alternate", "feed"} & set(relations) and not any(part in url for part in _NOT_FEEDS):
            yield Candidate(url, clean_line(link.get("title", "")))


def _guesses(location: str) -> Iterator[str]:
    parts = urlsplit(location)
    steps = [step for step in parts.path.split("/") if step]
    if parts.hostname == "github.com" and len(steps) >= _GITHUB_PARTS:
        yield f"https://github.com/{steps[0]}/{steps[1]}/releases.atom"
        return
    for path in _USUAL:
        yield urljoin(location, path)
