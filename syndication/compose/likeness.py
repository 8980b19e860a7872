"""Titles → how much alike they are, so that a digest does not list the same thing in a few wordings."""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Final

_WORD: Final = re.compile(r"\w{4,}")
_LEAST: Final = 0.4
"""Share of common words below which two titles are about different things."""

_LEAST_WORDS: Final = 3
"""Fewer words in common are a coincidence, or a label that all titles of a source begin with."""


def likenesses(titles: Sequence[str]) -> list[dict[int, float]]:
    """For each title the others that are like it, by position, and their share of common words (0.4 to 1)."""
    words = [frozenset(_WORD.findall(title.casefold())) for title in titles]
    holders: defaultdict[str, list[int]] = defaultdict(list)
    found: list[dict[int, float]] = [{} for _ in titles]
    for number, own in enumerate(words):
        common = Counter(other for word in own for other in holders[word])
        for other, count in common.items():
            share = count / (len(own) + len(words[other]) - count)
            if count >= _LEAST_WORDS and share >= _LEAST:
                found[number][other] = found[other][number] = share
        for word in own:
            holders[word].append(number)
    return found
