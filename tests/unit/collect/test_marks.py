"""Items that are the same to the letter are not read again."""

from dataclasses import replace

from syndication.collect.parse import parse_document
from syndication.domain.source_options import Identity, SourceOptions
from syndication.domain.sources import Fetched, RawDocument, Source
from tests.support.items import NOW, source

FEED = "<rss version='2.0'><channel><title>S</title>{}</channel></rss>"
FIRST = "<item><guid>1</guid><title>One</title><link>https://e.org/1</link></item>"
ATOM = (
    "<feed xmlns='http://www.w3.org/2005/Atom' xml:base='{}'><author><name>{}</name></author>"
    "<entry><id>1</id><title>One</title><link href='1'/></entry></feed>"
)
SECOND = "<item><guid>2</guid><title>Two</title><link>https://e.org/2</link></item>"


def read(*items: str, before: Fetched | None = None) -> Fetched:
    where = replace(source(), marks=frozenset(before.marks if before else ()))
    return parsed(FEED.format("".join(items)), where)


def parsed(text: str, where: Source) -> Fetched:
    found = parse_document(RawDocument(text.encode(), "text/xml", "https://e.org/feed", where, NOW))
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


def test_an_entry_is_read_again_when_what_stands_around_it_says_something_else() -> None:
    first = parsed(ATOM.format("https://e.org/", "Ann"), source())
    known = source(marks=frozenset(first.marks))
    assert parsed(ATOM.format("https://e.org/", "Ann"), known).items == ()
    (moved,) = parsed(ATOM.format("https://e.org/blog/", "Ann"), known).items
    (retold,) = parsed(ATOM.format("https://e.org/", "Bo"), known).items
    assert (moved.url, retold.authors) == ("https://e.org/blog/1", ("Bo",))


def test_an_entry_without_a_base_of_its_own_is_read_again_when_its_feed_has_another_author() -> None:
    plain = ATOM.replace(" xml:base='{}'", "")
    first = parsed(plain.format("Ann"), source())
    (retold,) = parsed(plain.format("Bo"), source(marks=frozenset(first.marks))).items
    assert retold.authors == ("Bo",)


def test_titles_and_dates_name_entries_where_the_admin_chose_them() -> None:
    chosen = source(options=SourceOptions(identity=Identity.TITLE_DATE))
    (one, two) = parsed(
        FEED.format(FIRST + SECOND.replace("<title>Two</title>", "<description>Words.</description>")), chosen
    ).items
    assert one.native_key.startswith("title:")
    assert two.native_key == "2"
