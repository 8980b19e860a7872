"""One target of `bench fuzz`: python -m bench._fuzzed TARGET SECONDS."""

import json
import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

import atheris

with atheris.instrument_imports(include=["syndication"]):
    from syndication.collect.dates import parse_date
    from syndication.collect.parse import parse_document
    from syndication.domain.sources import RawDocument, Source
    from syndication.domain.states import SourceKind
    from syndication.html.sanitise import sanitise

NOW = datetime(2026, 11, 23, 22, tzinfo=UTC)
KINDS = (SourceKind.FEED, SourceKind.SITEMAP, SourceKind.PAGE, SourceKind.API)
STARTS = (
    b"",
    b"<rss><channel><item><title>",
    b"<feed xmlns='http://www.w3.org/2005/Atom'><entry><content type='html'>",
    b'{"version":"https://jsonfeed.org/version/1.1","items":[{"id":"1","title":"',
    b"<urlset><url><loc>https://e.org/",
)
SLOWEST_S = 2.0
FORBIDDEN = (
    "<script",
    "<style",
    "<iframe",
    "<object",
    "<form",
    "javascript:",
    "srcset",
    "<img",
    "<svg",
    "<meta",
    "<link",
)


def documents(data: bytes) -> None:
    """A document of any kind."""
    if len(data) < 2:
        return
    kind = KINDS[data[0] % len(KINDS)]
    body = STARTS[data[1] % len(STARTS)] + data[2:]
    where = Source("fuzz", "Fuzz", kind, "https://e.org/feed")
    parse_document(RawDocument(body, "text/xml", "https://e.org/feed", where, NOW))


def dates(data: bytes) -> None:
    """A date in any words."""
    found = parse_date(data.decode("utf-8", "replace"))
    assert found is None or found[0].tzinfo is UTC


def sanitiser(data: bytes) -> None:
    """HTML of any kind: nothing on the list of what is never allowed comes out."""
    clean = sanitise(data.decode("utf-8", "replace"), "https://e.org/a")
    tags = clean.replace("&lt;", "").lower()
    assert not any(f"{word}" in tags for word in FORBIDDEN if word.startswith("<")), clean


def main() -> None:
    """Fuzz for the given time, then print how often it ran."""
    target: Callable[[bytes], None] = globals()[sys.argv[1]]
    seconds = float(sys.argv[2])
    begin = time.monotonic()
    count = 0

    def once(data: bytes) -> None:
        nonlocal count
        count += 1
        start = time.thread_time()
        target(data)
        assert time.thread_time() - start < SLOWEST_S, f"took {time.thread_time() - start:.1f} s"
        if time.monotonic() - begin > seconds:
            print(json.dumps({"executions": count, "seconds": time.monotonic() - begin}), flush=True)
            os._exit(0)

    atheris.Setup([sys.argv[0], "-max_len=4096", "-rss_limit_mb=2048"], once)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
