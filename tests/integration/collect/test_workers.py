"""No document hangs or kills the service: workers are ended and replaced."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from syndication.collect.workers import ParserPool
from syndication.domain.sources import Fetched, FetchFailed, RawDocument, Source
from tests.support.items import NOW, source

FEED = b"<rss version='2.0'><channel><title>S</title><item><guid>1</guid><title>T</title></item></channel></rss>"


@pytest.fixture
def pool() -> Iterator[ParserPool]:
    made = ParserPool(1)
    yield made
    made.close()


def document(body: bytes, where: Source | None = None) -> RawDocument:
    return RawDocument(body, "text/xml", "https://e.org/feed", where or source(), NOW)


@dataclass(frozen=True)
class Bomb:
    """Something whose arrival in the worker does what a hostile document might."""

    code: str

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, (self.code,)


def hostile(code: str) -> RawDocument:
    return document(FEED, Bomb(code))  # type: ignore[arg-type] # it only has to arrive


def test_a_worker_reads_documents_one_after_the_other(pool: ParserPool) -> None:
    for _ in range(3):
        found = pool(document(FEED))
        assert isinstance(found, Fetched)
        assert [item.title for item in found.items] == ["T"]


def test_what_is_no_feed_is_told_in_words(pool: ParserPool) -> None:
    assert isinstance(pool(document(b"nothing")), FetchFailed)


@pytest.mark.parametrize(
    "code",
    ["import os; os._exit(1)", "import os, signal; os.kill(os.getpid(), signal.SIGXCPU)", "bytearray(2 * 1024**3)"],
    ids=["dies", "is ended by the kernel", "takes too much memory"],
)
def test_a_worker_that_dies_is_replaced_and_its_document_given_up(pool: ParserPool, code: str) -> None:
    found = pool(hostile(code))
    assert isinstance(found, FetchFailed)
    assert "was given up" in found.reason
    assert isinstance(pool(document(FEED)), Fetched)


def test_a_document_has_two_seconds_of_processor_time(pool: ParserPool) -> None:
    assert isinstance(pool(document(FEED)), Fetched)  # sets the limit that holds for the next message, too
    assert isinstance(pool(hostile("while True: pass")), FetchFailed)
    assert isinstance(pool(document(FEED)), Fetched)


def test_many_threads_share_a_pool() -> None:
    pool = ParserPool(2)
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(pool, [document(FEED)] * 40))
    pool.close()
    assert all(isinstance(one, Fetched) for one in found)
