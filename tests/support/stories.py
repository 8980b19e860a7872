"""Stories, topics and newsletters for tests of what is selected and rendered."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from syndication.domain.articles import Reason, Story
from syndication.domain.newsletters import Newsletter
from syndication.domain.topics import Topic

NOW: Final = datetime(2026, 11, 27, 6, 30, tzinfo=UTC)
AGENTS: Final = Topic("ai-agents", "AI agents", "Programs that act.", "agentic")
LLMS: Final = Topic("on-prem-llms", "On-prem LLMs", "Models at home.", "ollama")
WEEKLY: Final = Newsletter(
    slug="weekly",
    title="The AI Weekly",
    description="What happened, every Friday.",
    sender_name="The AI Weekly",
    sender_address="digest@example.org",
    postal_address="Example Publisher, 1 Example Street, 00100 Example Town",
    language="en",
    topics=("ai-agents", "on-prem-llms"),
)

# The worst that a title may hold.
HOSTILE: Final = (
    '</h3></mj-text><mj-raw><script>alert(1)</script>{{ 7*7 }}{% for %}"><img src=x onerror=1> a < b & c\x02view\x03'
)


def a_story(article_id: int, scores: Mapping[str, float] | None = None, **changed: Any) -> Story:  # noqa: ANN401 - fields of Story
    """A story of source `lab`, an hour old, with seq = article_id; scores: by topic's slug, default AI agents 0.5."""
    titles = {AGENTS.slug: AGENTS.title, LLMS.slug: LLMS.title}
    scored = sorted((scores or {AGENTS.slug: 0.5}).items(), key=lambda pair: -pair[1])
    story = Story(
        article_id=article_id,
        seq=article_id,
        uid=f"uid{article_id:013}",
        url=f"https://news.example/stories/{article_id}",
        title=f"Story {article_id} about agents at work",
        summary=f"What story {article_id} says first. And then it says more.",
        language="en",
        source="lab",
        source_title="The Lab",
        published_at=NOW - timedelta(hours=1),
        first_seen_at=NOW - timedelta(hours=1),
        reading_minutes=4,
        reasons=tuple(
            Reason(slug, titles.get(slug, slug), ("agentic", '"tool calling"'), score) for slug, score in scored
        ),
    )
    return replace(story, **changed)
