"""What templates can say: the one set of names that every e-mail template gets, all plain strings, numbers, lists, dicts.

    lang dir align      language, 'ltr' or 'rtl', 'left' or 'right'
    colour              accent, accent_dark, on_accent: readable forms of the newsletter's colour; ground, on_ground: what lies
                        around the sheet, and words on it
    t                   sentences in the mail's language, by name (syndication/lang/sentences.py)
    newsletter          title, description, postal_address, header (a line under the title), footer (lines above the postal
                        address); logo: url, width, height, or ""
    links               home, feeds, issue; with a mark for each reader: view, preferences, unsubscribe, confirm.
                        "" where a mail has no such link
    subject preheader   the subject line (not in the subject itself); what clients show behind it
    headline others     the strongest story's title, cut at a word; how many other stories are listed
    date top_line       the issue's day in its zone; '7 stories · 28 min'
    sections            of title and stories, each to be shown within `{% call once(section) %}`; a story has title, url,
                        summary, source, minutes, ai, why, also (url and source of others that tell the same); and where its
                        language differs from the mail's also language ('in English'), lang, dir, align; "" elsewhere
    intro               blocks of the editor's words above the stories: HTML, made safe; in the text part plain lines
    heading             the subject of an announcement, "" in other mails
    more                'And 5 more stories', "" when all are listed
    catch_up            whether this mail covers a longer absence
    topics              titles of the reader's topics (notices)
    next_issue          day and time of the next issue in its zone, "" when nobody knows
    once                see `sandbox.Once`

Everything from an article is cleaned here of control characters, so no article can hold a splice mark.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final
from zoneinfo import ZoneInfo

from syndication.compose.colour import palette
from syndication.domain.articles import Reason, Story
from syndication.domain.digests import Section, Selection
from syndication.domain.newsletters import Newsletter
from syndication.domain.pictures import fitted
from syndication.domain.splice import Splice
from syndication.domain.topics import Topic
from syndication.html.links import absolute
from syndication.html.text import clean_line, lead
from syndication.lang.direction import align, direction, main_language
from syndication.lang.words import Words, words_in

TITLE_LENGTH: Final = 160
SUMMARY_LENGTH: Final = 280
HEADLINE_LENGTH: Final = 60
PREHEADER_LENGTH: Final = 90
TERMS_SHOWN: Final = 3
LOGO_BOX: Final = (280, 80)
"""Pixels that a logo may take, width and height."""

_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}")
_MARKED: Final = MappingProxyType({splice.value: f"/{splice.value}/{splice.mark}" for splice in Splice})
# The links with a mark that make sense in a mail; the others are "" there.
_LINKS_OF: Final = MappingProxyType(
    {
        "digest": frozenset({Splice.VIEW, Splice.PREFERENCES, Splice.UNSUBSCRIBE}),
        "welcome": frozenset({Splice.PREFERENCES, Splice.UNSUBSCRIBE}),
        "link": frozenset({Splice.PREFERENCES, Splice.UNSUBSCRIBE, Splice.YOURS}),
        "confirm": frozenset({Splice.CONFIRM}),
    }
)
MAILS: Final = tuple(_LINKS_OF)
"""The names of all templates."""

Values = dict[str, Any]


def trim(text: str, length: int) -> str:
    """Text of at most `length` characters, cut at a word where there is one."""
    if len(text) <= length:
        return text
    cut = text[: length - 1]
    words = cut.rsplit(" ", 1)[0]
    return (words if len(words) > length // 2 else cut).rstrip(" ,;:.-") + "…"


def common_values(template: str, newsletter: Newsletter, public_url: str, language: str) -> Values:
    """What all mails have. template: one of `MAILS`; another name has all links."""
    words = words_in(language)
    title = clean_line(newsletter.title)
    return {
        "lang": language,
        "dir": direction(language),
        "align": align(language),
        "colour": palette(newsletter.accent, newsletter.ground),
        "t": words.says.fill(title),
        "newsletter": {
            "title": title,
            "description": clean_line(newsletter.description),
            "postal_address": clean_line(newsletter.postal_address),
            "header": clean_line(newsletter.header),
            "footer": paragraphs(newsletter.footer),
            "logo": _logo(newsletter.logo, public_url),
        },
        "links": _links(template, public_url),
        "intro": [],
        "heading": "",
        "date": "",
        "topics": [],
        "next_issue": "",
        "preheader": "",
        **_listing(Selection((), 0), [], words),
    }


def required_links(template: str) -> frozenset[Splice]:
    """The links with a mark that a mail must hold, in both parts. VIEW is a convenience."""
    return _LINKS_OF.get(template, frozenset({Splice.UNSUBSCRIBE, Splice.PREFERENCES})) - {Splice.VIEW}


def digest_values(selection: Selection, cards: "Cards") -> Values:
    """What changes from digest to digest of an issue."""
    by_id = {story.article_id: story for story in selection.stories}
    strongest = [by_id[article_id] for article_id in selection.ranked if article_id in by_id] or list(by_id.values())
    sections = [cards.section(section) for section in selection.sections]
    return {**_listing(selection, sections, cards.words), **_teaser(strongest)}


def paragraphs(words: str) -> list[str]:
    """The lines of a longer text, cleaned, without empty ones."""
    return [line for line in map(clean_line, words.splitlines()) if line]


def topic_titles(topics: Sequence[Topic]) -> list[str]:
    """The topics' titles, cleaned."""
    return [clean_line(topic.title) for topic in topics]


def day(instant: datetime, zone: str, words: Words) -> str:
    """The date of an aware instant in an IANA zone."""
    return words.day(instant.astimezone(ZoneInfo(zone)))


def day_and_time(instant: datetime | None, zone: str, words: Words) -> str:
    """Date and time of an aware instant in an IANA zone, "" for None."""
    if instant is None:
        return ""
    local = instant.astimezone(ZoneInfo(zone))
    return f"{words.day(local)}, {local:%H:%M}"


@dataclass(slots=True)
class Cards:
    """Stories as templates see them, each made once a topic."""

    language: str
    public_url: str
    words: Words
    _made: dict[str, Values] = field(default_factory=dict)
    _sections: dict[str, Values] = field(default_factory=dict)

    def section(self, section: Section) -> Values:
        """A section's values; its key tells what `once` may take as the same."""
        key = f"{section.topic} {section.key}"
        if key not in self._sections:
            stories = [self.card(story, section.topic) for story in section.stories]
            self._sections[key] = {"key": key, "title": clean_line(section.title), "stories": stories}
        return self._sections[key]

    def card(self, story: Story, topic: str) -> Values:
        """The story's values when it is listed under a topic's slug."""
        key = f"{story.key} {topic}"
        if key not in self._made:
            self._made[key] = self._card(key, story, topic)
        return self._made[key]

    def _card(self, key: str, story: Story, topic: str) -> Values:
        language = story.language if _LANGUAGE.fullmatch(story.language) else ""
        foreign = main_language(language) not in {"", main_language(self.language)}
        return {
            "key": key,
            "title": trim(clean_line(story.title), TITLE_LENGTH),
            # An address that is not http(s), such as javascript:, is none: our own page takes its place.
            "url": absolute(clean_line(story.url), "") or f"{self.public_url}/articles/{story.uid}",
            "summary": trim(lead(story.beyond_title), SUMMARY_LENGTH),
            "source": clean_line(story.source_title),
            "minutes": self.words.minutes(story.reading_minutes),
            "also": [
                {
                    "url": absolute(clean_line(other.url), "") or f"{self.public_url}/articles/{other.uid}",
                    "source": clean_line(other.source_title),
                }
                for other in story.also
            ],
            "ai": self.words.ai_generated() if story.ai_generated else "",
            "why": self._why(story.reason_for(topic)),
            "lang": language if foreign else "",
            "dir": direction(language) if foreign else "",
            "align": align(language) if foreign else "",
            "language": self.words.mark(language) if foreign else "",
        }

    def _why(self, reason: Reason | None) -> str:
        if reason is None:
            return ""
        return self.words.why(clean_line(reason.title), _telling(reason.terms))


def _logo(name: str, public_url: str) -> Values | str:
    size = fitted(name, *LOGO_BOX)
    return {"url": f"{public_url}/pictures/{name}", "width": size[0], "height": size[1]} if size else ""


def _links(template: str, public_url: str) -> dict[str, str]:
    offered = _LINKS_OF.get(template, frozenset(Splice))
    marked = {name: public_url + path if name in offered else "" for name, path in _MARKED.items()}
    return {**marked, "home": f"{public_url}/", "feeds": f"{public_url}/feeds/", "issue": f"{public_url}/"}


def _listing(selection: Selection, sections: list[Values], words: Words) -> Values:
    stories = selection.stories
    minutes = sum(story.reading_minutes for story in stories)
    counted = f"{words.stories(len(stories))} · {words.minutes(minutes)}" if stories else ""
    return {
        "sections": sections,
        "top_line": counted,
        "more": words.more(selection.more) if selection.more else "",
        "catch_up": selection.catch_up,
        "headline": "",
        "others": max(0, len(stories) - 1),
    }


def _teaser(strongest: Sequence[Story]) -> Values:
    """The strongest title for the subject; the next two behind it, or the summary of an only one."""
    if not strongest:
        return {}
    titles = [clean_line(story.title) for story in strongest[:3]]
    following = " · ".join(titles[1:]) or lead(strongest[0].beyond_title)
    return {"headline": trim(titles[0], HEADLINE_LENGTH), "preheader": trim(following, PREHEADER_LENGTH)}


def _telling(terms: Sequence[str]) -> list[str]:
    """The first three terms for a reader; of 'agent', 'agents' and 'agent…' the first says it all."""
    chosen: dict[str, str] = {}
    for term in map(plain_term, terms):
        chosen.setdefault(term.lower().rstrip("s…"), term)
    return list(chosen.values())[:TERMS_SHOWN]


def plain_term(term: str) -> str:
    """A term of a rule as a reader would write it: without title: and quotes; an open end or what lies between is an ellipsis."""
    word = clean_line(term).removeprefix("title:").replace('"', "").replace(" NEAR ", " … ")
    return trim(f"{word.removesuffix('*')}…" if word.endswith("*") else word, HEADLINE_LENGTH)
