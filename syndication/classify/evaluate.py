"""Labelled examples → how good the topics' rules are."""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from syndication.classify.percolator import classify
from syndication.domain.articles import Document
from syndication.domain.errors import ConfigError
from syndication.domain.topics import Topic


@dataclass(frozen=True, slots=True)
class Example:
    """A text with the topics (slugs) that a person says it belongs to."""

    title: str
    text: str
    topics: frozenset[str]


@dataclass(frozen=True, slots=True)
class Quality:
    """How well a topic's rule does. right: how many it rightly accepts; false: titles it should not; missed: titles it should."""

    topic: str
    right: int
    false: tuple[str, ...]
    missed: tuple[str, ...]

    @property
    def precision(self) -> float:
        """Which share of what is accepted belongs here; 1 when nothing is accepted."""
        return _share(self.right, len(self.false))

    @property
    def recall(self) -> float:
        """Which share of what belongs here is accepted; 1 when nothing belongs here."""
        return _share(self.right, len(self.missed))

    @property
    def f1(self) -> float:
        """The harmonic mean of both; 1 when there is nothing to find and nothing is found."""
        return _share(2 * self.right, len(self.false) + len(self.missed))


def evaluate(topics: Sequence[Topic], examples: Sequence[Example]) -> list[Quality]:
    """How each topic's rule does on these examples, in the order of the topics. Raises RuleError as `classify`."""
    documents = [Document(number, example.title, example.text) for number, example in enumerate(examples)]
    accepted = {(verdict.article_id, verdict.topic) for verdict in classify(documents, topics) if verdict.accepted}
    return [
        _quality(topic.slug, examples, {number for number, slug in accepted if slug == topic.slug}) for topic in topics
    ]


def macro_f1(qualities: Collection[Quality]) -> float:
    """The mean F1 of the topics: a small topic counts as much as a large one. At least one topic."""
    return sum(quality.f1 for quality in qualities) / len(qualities)


def read_examples(lines: Iterable[str]) -> list[Example]:
    """Examples from JSON lines `{"title": …, "text": …, "topics": [slug, …]}`; other keys and empty lines are passed over.

    Raises ConfigError with the number of the first wrong line.
    """
    return [_example(number, line) for number, line in enumerate(lines, 1) if line.strip()]


def _example(number: int, line: str) -> Example:
    try:
        found = json.loads(line)
        title, text, topics = found["title"], found["text"], found["topics"]
    except (ValueError, TypeError, KeyError) as error:
        raise _wrong(number) from error
    if not (isinstance(title, str) and isinstance(text, str) and isinstance(topics, list)):
        raise _wrong(number)
    return Example(title, text, frozenset(map(str, topics)))


def _wrong(number: int) -> ConfigError:
    return ConfigError(
        f'Line {number} is no example; it must look like {{"title": "…", "text": "…", "topics": ["ai-agents"]}}'
    )


def _quality(slug: str, examples: Sequence[Example], accepted: Collection[int]) -> Quality:
    wanted = {number for number, example in enumerate(examples) if slug in example.topics}
    return Quality(
        topic=slug,
        right=len(wanted.intersection(accepted)),
        false=tuple(examples[number].title for number in sorted(set(accepted) - wanted)),
        missed=tuple(examples[number].title for number in sorted(wanted.difference(accepted))),
    )


def _share(right: int, wrong: int) -> float:
    return right / (right + wrong) if right + wrong else 1.0
