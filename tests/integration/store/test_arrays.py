"""Columns of values as PostgreSQL takes them: what goes in comes out, whatever the words are."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from syndication.store.bulk import array_literal, insert_rows
from syndication.store.database import Database, open_database
from syndication.store.tables import DigestPartRow

WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
ZONES = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45)), timezone(-timedelta(hours=11))])
INSTANTS = st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2100, 1, 1), timezones=ZONES)


@pytest.fixture(scope="module")
def server(postgres_url: str) -> Iterator[Database]:
    database = open_database(postgres_url.format(name="postgres"))
    yield database
    database.close()


@given(
    numbers=st.lists(st.integers(-(2**63), 2**63 - 1) | st.none()),
    words=st.lists(WORDS | st.none()),
    instants=st.lists(INSTANTS | st.none()),
)
@settings(max_examples=100, deadline=None)
def test_an_array_holds_the_very_values(
    server: Database, numbers: list[int | None], words: list[str | None], instants: list[datetime | None]
) -> None:
    given_values = {
        "numbers": array_literal(numbers),
        "words": array_literal(words),
        "instants": array_literal(instants),
    }
    asked = text("SELECT CAST(:numbers AS bigint[]), CAST(:words AS text[]), CAST(:instants AS timestamptz[])")
    with server.read() as session:
        assert tuple(session.execute(asked, given_values).one()) == (numbers, words, instants)


def test_rows_keep_quotes_braces_and_what_looks_like_nothing(database: Database) -> None:
    words = ['"', "\\", '\\"', "{a,b}", "NULL", "", " ", "a,b", "é\n\t"]
    with database.write() as session:
        rows = [(f"{number}", word) for number, word in enumerate(words)]
        assert insert_rows(session, DigestPartRow, ("name", "text"), rows) == len(words)
    with database.read() as session:
        kept = [session.get_one(DigestPartRow, f"{number}").text for number in range(len(words))]
    assert kept == words
