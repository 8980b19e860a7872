"""Chunks are small, in order, and share a transaction only when none depends on what another leaves."""

from syndication.domain.articles import Item
from syndication.jobs.chunks import Chunk, chunks_of, together
from tests.support.items import item


def page(number: int, content: str = "", variants: tuple[str, ...] = ()) -> Item:
    url = f"https://e.org/{number}"
    return item(native_key=f"{number}", canonical_url=url, content=content, variants=variants)


def places(group: list[Chunk]) -> list[int]:
    return [chunk.visit for chunk in group]


def test_a_long_document_goes_in_chunks_of_fifty() -> None:
    chunks = list(chunks_of(0, [page(number) for number in range(120)]))
    assert [len(chunk.items) for chunk in chunks] == [50, 50, 20]
    assert [one.native_key for chunk in chunks for one in chunk.items] == [f"{number}" for number in range(120)]


def test_long_texts_make_chunks_short() -> None:
    chunks = list(chunks_of(0, [page(number, "x" * 300_000) for number in range(3)]))
    assert [len(chunk.items) for chunk in chunks] == [1, 1, 1]


def test_what_tells_an_earlier_item_in_another_language_comes_in_a_later_chunk() -> None:
    told = page(2, variants=("https://e.org/1",))
    chunks = list(chunks_of(0, [page(1), told, page(3)]))
    assert [[one.native_key for one in chunk.items] for chunk in chunks] == [["1", "3"], ["2"]]


def test_nothing_makes_no_chunk() -> None:
    assert list(chunks_of(0, [])) == []
    assert list(together([])) == []


def test_visits_that_share_no_address_share_a_transaction() -> None:
    chunks = [chunk for visit in range(3) for chunk in chunks_of(visit, [page(visit)])]
    assert [places(group) for group in together(chunks)] == [[0, 1, 2]]


def test_two_visits_that_bring_one_address_are_written_one_after_the_other() -> None:
    chunks = [*chunks_of(0, [page(1)]), *chunks_of(1, [page(2)]), *chunks_of(2, [page(1)])]
    assert [places(group) for group in together(chunks)] == [[0, 1], [2]]


def test_what_may_be_another_visits_item_in_another_language_is_written_after_it() -> None:
    chunks = [*chunks_of(0, [page(1)]), *chunks_of(1, [page(2, variants=("https://e.org/1",))])]
    assert [places(group) for group in together(chunks)] == [[0], [1]]


def test_items_without_an_address_depend_on_no_other_visit() -> None:
    nowhere = item(canonical_url="")
    chunks = [*chunks_of(0, [nowhere]), *chunks_of(1, [nowhere])]
    assert [places(group) for group in together(chunks)] == [[0, 1]]


def test_chunks_of_one_visit_are_written_one_after_the_other() -> None:
    chunks = list(chunks_of(0, [page(number) for number in range(60)]))
    assert [places(group) for group in together(chunks)] == [[0], [0]]


def test_a_transaction_holds_a_hundred_items_and_half_a_million_characters_at_most() -> None:
    many = [chunk for visit in range(5) for chunk in chunks_of(visit, [page(100 * visit + n) for n in range(40)])]
    assert [places(group) for group in together(many)] == [[0, 1], [2, 3], [4]]
    long = [chunk for visit in range(3) for chunk in chunks_of(visit, [page(visit, "x" * 200_000)])]
    assert [places(group) for group in together(long)] == [[0, 1], [2]]
