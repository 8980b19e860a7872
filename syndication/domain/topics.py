"""Topic and verdict: what readers choose, and what the rules say of an article."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic with its rule. rule: text in the language of `domain.rules`. version: grows with every change of the rule."""

    slug: str
    title: str
    description: str
    rule: str
    version: int = 1


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one version of a topic's rule says of one article; `accepted` is False for 'looked at, does not belong'.

    score: 0 to 1. terms: matched words of the rule as it spells them, a hit in the title first. version: of the topic.
    """

    article_id: int
    topic: str
    accepted: bool
    score: float
    terms: tuple[str, ...]
    version: int
