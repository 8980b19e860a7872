"""Splice marks: cutting and filling are the same thing in two steps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndication.domain.splice import Splice, fill, pieces

VALUES = {splice: f"{splice[0]}1" for splice in Splice}
LITERALS = st.text(st.characters(exclude_characters="\x02\x03"))


@given(st.lists(st.tuples(LITERALS, st.sampled_from(list(Splice)))), LITERALS)
def test_joining_the_pieces_with_values_is_filling_the_text(parts: list[tuple[str, Splice]], last: str) -> None:
    text = "".join(literal + splice.mark for literal, splice in parts) + last
    cut = pieces(text)
    joined = "".join(VALUES[Splice(piece)] if place % 2 else piece for place, piece in enumerate(cut))
    assert joined == fill(text, VALUES)
    assert cut[0::2] == [literal for literal, _ in parts] + [last]


def test_a_missing_value_is_an_error_and_never_an_empty_link() -> None:
    with pytest.raises(KeyError):
        fill(f"/confirm/{Splice.CONFIRM.mark}", {})
