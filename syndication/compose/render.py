"""Template + selection → mail body: one for all readers with the same stories.

What differs from reader to reader is a splice mark in a link (`domain.splice`). A story's row is rendered once an issue,
however many digests list it, and so is a section; what surrounds them once for each shape (`sketch`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from syndication.compose.intro import html_blocks
from syndication.compose.sandbox import Loaded, Once, load, run
from syndication.compose.sketch import SketchedPart
from syndication.compose.values import (
    PREHEADER_LENGTH,
    Cards,
    common_values,
    day,
    day_and_time,
    digest_values,
    topic_titles,
    trim,
)
from syndication.domain.digests import BodyPieces, MailBody, Selection
from syndication.domain.feeds import page_of_topics
from syndication.domain.newsletters import Newsletter
from syndication.domain.templates import Template
from syndication.domain.topics import Topic
from syndication.html.markdown import markdown_lines
from syndication.html.text import clean_line
from syndication.lang.words import words_in


@dataclass(frozen=True, slots=True)
class DigestFrame:
    """What all digests of an issue share.

    public_url: absolute, without a slash at the end. zone: IANA name; dates are shown in it. issued_at, next_slot: aware
    UTC. issue_url: the page that has all stories of the issue. language: of the mail, "" for the newsletter's. intro: the
    editor's words above the stories, Markdown. subject: in place of the strongest headline. is_announcement: the subject
    stands above the words.
    """

    newsletter: Newsletter
    public_url: str
    zone: str
    issued_at: datetime
    issue_url: str
    next_slot: datetime | None
    language: str = ""
    intro: str = ""
    subject: str = ""
    is_announcement: bool = False


@dataclass(frozen=True, slots=True)
class NoticeFrame:
    """What a notice says beside its stories. topics: what the reader chose. The rest is as in `DigestFrame`."""

    newsletter: Newsletter
    public_url: str
    zone: str
    topics: tuple[Topic, ...]
    next_slot: datetime | None
    language: str = ""


class IssueRenderer:
    """Renders the digests of one issue in one language. Not for several threads at once."""

    def __init__(self, template: Template, frame: DigestFrame) -> None:
        """Prepare all that the digests share. Raises TemplateError."""
        language = frame.language or frame.newsletter.language
        words = words_in(language)
        self._cards = Cards(language, frame.public_url, words)
        self._subject = clean_line(frame.subject)
        lines = markdown_lines(frame.intro)
        self._intro = lines[0] if lines else ""
        shared = common_values(template.name, frame.newsletter, frame.public_url, language)
        shared["links"]["issue"] = frame.issue_url
        shared["heading"] = self._subject if frame.is_announcement else ""
        shared["date"] = day(frame.issued_at, frame.zone, words)
        shared["next_issue"] = day_and_time(frame.next_slot, frame.zone, words)
        intros: dict[str, list[Any]] = {"html": html_blocks(frame.intro, shared["colour"]["accent"])}
        self._parts = {
            part: SketchedPart(loaded, part, {**shared, "intro": intros.get(part, lines)})
            for part, loaded in _loaded(template).items()
        }

    def digest(self, selection: Selection) -> MailBody:
        """The mail that lists these stories. Raises TemplateError."""
        return self.sketch(selection).whole()

    @property
    def renders(self) -> int:
        """How often a part of the template was run so far."""
        return sum(part.renders for part in self._parts.values())

    def sketch(self, selection: Selection) -> BodyPieces:
        """The same mail in pieces, most of which digests of the issue share. Raises TemplateError."""
        own = digest_values(selection, self._cards)
        if self._intro:
            own["preheader"] = own.get("preheader") or trim(self._intro, PREHEADER_LENGTH)
        # A subject is one line without marks: it becomes a header.
        subject = self._subject or clean_line("".join(self._parts["subject"].pieces(own)))
        own["subject"] = subject
        return BodyPieces(subject, self._parts["text"].pieces(own), self._parts["html"].pieces(own))


def render_digest(template: Template, frame: DigestFrame, selection: Selection) -> MailBody:
    """The mail that lists these stories; for many of one issue take `IssueRenderer`. Raises TemplateError."""
    return IssueRenderer(template, frame).digest(selection)


def render_notice(template: Template, frame: NoticeFrame, selection: Selection | None = None) -> MailBody:
    """A confirmation, welcome or link mail, by the template's name; selection: the welcome's. Raises TemplateError."""
    language = frame.language or frame.newsletter.language
    words = words_in(language)
    values = common_values(template.name, frame.newsletter, frame.public_url, language)
    if selection:
        values |= digest_values(selection, Cards(language, frame.public_url, words))
        values["links"]["issue"] = frame.public_url + page_of_topics(topic.slug for topic in frame.topics)
    values["preheader"] = values["t"].get(f"{template.name}_preheader", values["preheader"])
    values["topics"] = topic_titles(frame.topics)
    values["next_issue"] = day_and_time(frame.next_slot, frame.zone, words)
    return _body(template, values)


def _body(template: Template, values: Mapping[str, Any]) -> MailBody:
    parts = _loaded(template)
    subject = clean_line(run(parts["subject"], {**values, "once": Once()}))
    values = {**values, "subject": subject}
    text, html = (run(parts[part], {**values, "once": Once()}) for part in ("text", "html"))
    return MailBody(subject, text=text, html=html)


@lru_cache(maxsize=32)
def _loaded(template: Template) -> Mapping[str, Loaded]:
    parts = {"subject": template.subject, "text": template.text, "html": template.html}
    return MappingProxyType({part: load(text, part) for part, text in parts.items()})
