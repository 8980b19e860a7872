"""Which articles tell the same event: TF-IDF cosine, rare anchors and time. Pure; nothing is ever merged or deleted.

Source: measured on 2,200 articles: cosine of 0.8 and more finds the same text elsewhere as MinHash does; from 0.45 to 0.8
it is mostly the same event told differently, but stock phrases give false pairs, which shared rare names and numbers
and 72 hours keep apart.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

_SAME_TEXT: Final = 0.8
_SAME_EVENT: Final = 0.45
_CLOSE: Final = timedelta(hours=72)
_ANCHORS: Final = 2
_RARE: Final = 0.05
_ALWAYS_RARE: Final = 3
_READ: Final = 4000
_FEWEST_WORDS: Final = 8
_WORD: Final = re.compile(r"[^\W_]+(?:[.'’-][^\W_]+)*")  # noqa: RUF001 - the mark is meant


@dataclass(frozen=True, slots=True)
class Told:
    """An article as it is compared. text: plain, title included. story_id: None until it was looked at."""

    article_id: int
    text: str
    first_seen_at: datetime
    story_id: int | None = None


def stories_of_new(articles: Sequence[Told]) -> dict[int, int]:
    """The story of each article that has none, as the number of the story's first article.

    articles: those without a story and those they may belong to, of one language, in order of their numbers. An article
    belongs to the story of the earlier article it is most like, or begins its own.
    """
    counted = [Counter(word.casefold() for word in _words(one.text)) for one in articles]
    spread = Counter(word for words in counted for word in words)
    vectors = [_vector(words, spread, len(articles)) for words in counted]
    anchors = [_anchors(one.text, spread, len(articles)) for one in articles]
    places: defaultdict[str, list[tuple[int, float]]] = defaultdict(list)
    stories: dict[int, int] = {}
    found: dict[int, int] = {}
    for place, one in enumerate(articles):
        story = one.story_id
        if story is None:
            near = _nearest(vectors[place], places) if sum(counted[place].values()) >= _FEWEST_WORDS else []
            story = next(
                (
                    stories[other]
                    for like, other in near
                    if _is_same(like, one, articles[other], anchors[place] & anchors[other])
                ),
                one.article_id,
            )
            found[one.article_id] = story
        stories[place] = story
        for word, weight in vectors[place].items():
            places[word].append((place, weight))
    return found


def _is_same(like: float, one: Told, other: Told, shared: set[str]) -> bool:
    if like >= _SAME_TEXT:
        return True
    is_close = abs(one.first_seen_at - other.first_seen_at) <= _CLOSE
    return like >= _SAME_EVENT and is_close and len(shared) >= _ANCHORS


def _nearest(vector: Mapping[str, float], places: Mapping[str, Sequence[tuple[int, float]]]) -> list[tuple[float, int]]:
    """Earlier articles that are like enough to be looked at, the likest first."""
    likeness: defaultdict[int, float] = defaultdict(float)
    for word, weight in vector.items():
        for other, theirs in places.get(word, ()):
            likeness[other] += weight * theirs
    return sorted(((like, other) for other, like in likeness.items() if like >= _SAME_EVENT), reverse=True)


def _vector(words: Counter[str], spread: Counter[str], articles: int) -> dict[str, float]:
    weights = {
        word: (1 + math.log(number)) * math.log((1 + articles) / spread[word] + 1) for word, number in words.items()
    }
    length = math.sqrt(sum(weight * weight for weight in weights.values())) or 1.0
    return {word: weight / length for word, weight in weights.items()}


def _anchors(text: str, spread: Counter[str], articles: int) -> set[str]:
    """Names and numbers that few articles hold."""
    most = max(_ALWAYS_RARE, _RARE * articles)
    return {
        word.casefold()
        for word in _words(text)
        if (word[0].isupper() or word[0].isdigit()) and len(word) > 1 and spread[word.casefold()] <= most
    }


def _words(text: str) -> list[str]:
    return _WORD.findall(text[:_READ])
