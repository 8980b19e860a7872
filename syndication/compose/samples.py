"""Made-up stories that every template is tried out with: none, few and many, long, hostile, from right to left."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from syndication.compose.render import DigestFrame, NoticeFrame
from syndication.compose.select import CATCH_UP_CAP
from syndication.compose.values import SUMMARY_LENGTH, TITLE_LENGTH
from syndication.domain.articles import Mention, Reason, Story
from syndication.domain.digests import Section, Selection
from syndication.domain.newsletters import Newsletter
from syndication.domain.topics import Topic

POSTAL_ADDRESS: Final = "Sample & Sons, 1 Sample Street, Sampletown"
_AT: Final = datetime(2026, 11, 27, 6, 30, tzinfo=UTC)
_TOPICS: Final = (
    Topic("agents", "AI agents", "Programs that act.", "agentic"),
    Topic("models", "On-prem LLMs & <more>", "Models at home.", "ollama"),
)
_TITLES: Final = (
    "Agents learn to wait for their turn",
    '</h3></mj-text><mj-raw><script>alert(1)</script>{{ 7*7 }}{% for %}"><img src=x onerror=1> a < b & c\x02view\x03',
    "وكلاء الذكاء الاصطناعي يتعلمون الانتظار",
    "🤖 " + "Donaudampfschifffahrt" * 15,
    "A local model \u202egnissap\u202c with a title that goes on and on, " * 8,
)
_INTRO: Final = "Dear *readers*,\n\n- one <b>list</b>\n- [a link](https://news.example/a?b=1&c=2)\n\n> {{ 7*7 }}"
_LANGUAGES: Final = ("en", "en", "ar", "de", "it")


@dataclass(frozen=True, slots=True)
class Sample:
    """A selection and the frames to show it in."""

    selection: Selection
    digest: DigestFrame
    notice: NoticeFrame


def tryouts() -> Iterator[Sample]:
    """0, 1, 20 and 100 stories, in languages that run either way."""
    yield _sample("en", 0)
    announced = _sample("it", 1)
    words = replace(announced.digest, intro=_INTRO, subject="We <move> & grow", is_announcement=True)
    yield replace(announced, digest=words)
    yield _sample("ar", 20, catch_up=True)
    yield _sample("en", 100)


def largest() -> Sample:
    """As many stories as a digest may list, each as long as it may be, of letters that take four bytes."""
    longest = replace(_story(1), title="🤖" * TITLE_LENGTH, summary="🤖" * SUMMARY_LENGTH)
    stories = tuple(longest for _ in range(CATCH_UP_CAP))
    return _framed("en", Selection((Section("agents", "AI agents", stories),), more=5))


def _sample(language: str, count: int, *, catch_up: bool = False) -> Sample:
    stories = [_story(number) for number in range(count)]
    halves = zip(_TOPICS, (stories[: count // 2], stories[count // 2 :]), strict=True)
    sections = tuple(Section(topic.slug, topic.title, tuple(half)) for topic, half in halves if half)
    return _framed(language, Selection(sections, more=count // 2, catch_up=catch_up))


def _framed(language: str, selection: Selection) -> Sample:
    newsletter = Newsletter(
        slug="sample",
        title="The Sample & Co",
        description="A newsletter for trying out.",
        sender_name="Sample",
        sender_address="digest@news.example",
        postal_address=POSTAL_ADDRESS,
        language=language,
        logo=f"{'0' * 32}-560x160.png",
        header="Chosen by hand & read by people",
        footer="The Sample is owned by its readers.\nIt counts no clicks <at all>.",
        topics=tuple(topic.slug for topic in _TOPICS),
    )
    url, following = "https://news.example", _AT + timedelta(days=7)
    digest = DigestFrame(newsletter, url, "Europe/Rome", _AT, f"{url}/newsletters/sample/1", following)
    return Sample(selection, digest, NoticeFrame(newsletter, url, "Europe/Rome", _TOPICS, following))


def _story(number: int) -> Story:
    kind = number % len(_TITLES)
    at = _AT - timedelta(hours=number)
    return Story(
        article_id=number,
        seq=number,
        uid=f"sample{number:010}",
        url=("https://lab.example/stories?a=1&b=2", "javascript:alert(1)", "")[number % 3],
        title=_TITLES[kind],
        summary=f"{_TITLES[kind - 1]}. And a second sentence follows. A third one is left out.",
        language=_LANGUAGES[kind],
        source="lab",
        source_title="The Lab <& Friends>",
        published_at=at,
        first_seen_at=at,
        reading_minutes=number % 9 + 1,
        reasons=(
            Reason("agents", "AI agents", ("agent*", '"tool calling"'), 0.9),
            Reason("models", "On-prem LLMs", (), 0.5),
        ),
        also=tuple(
            Mention(10_000 + number, f"other{number:011}", "https://other.example/?a=1&b=2", "The <Other> Lab")
            for _ in range(number % 3)
        ),
        ai_generated=(None, True, False)[number % 3],
    )
