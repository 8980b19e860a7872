"""Items that are the same to the letter are not read again."""

from dataclasses import replace

from syndication.collect.parse import parse_document
from syndication.domain.sources import Fetched, RawDocument
from tests.support.items import NOW, source

FEED = "<rss version='2.0'><channel><title>S</title>{}</channel></rss>"
FIRST = "<item><guid>1</guid><title>One</title><link>https://e.org/1</link></item>"
SECOND = "<item><guid>2</guid><title>Two</title><link>https://e.org/2</link></item>"


def read(*items: str, before: Fetched | None = None) -> Fetched:
    where = replace(source(), marks=frozenset(before.marks if before else ()))
    body = FEED.format("".join(items)).encode()
    found = parse_document(RawDocument(body, "text/xml", "https://e.org/feed", where, NOW))
    assert isinstance(found, Fetched)
    return found


def test_only_what_is_new_is_read_at_the_second_visit() -> None:
    again = read(SECOND, FIRST, before=read(FIRST))
    assert [item.title for item in again.items] == ["Two"]
    assert again.unchanged == 1


def test_all_names_of_the_document_are_known_whatever_was_read() -> None:
    again = read(SECOND, FIRST, before=read(FIRST, SECOND))
    assert again.names is not None
    assert again.names.keys == ("2", "1")
    assert again.names.urls == ("https://e.org/2", "https://e.org/1")
    assert len(again.marks) == 2


def test_a_changed_word_is_read() -> None:
    again = read(FIRST.replace("One", "Uno"), before=read(FIRST))
    assert [item.title for item in again.items] == ["Uno"]
