"""Mails rendered from the shipped templates, and ways to look into them."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

from lxml import html as lxml_html

from syndication.compose import samples
from syndication.compose.render import DigestFrame, NoticeFrame, render_digest, render_notice
from syndication.compose.templates import MAILS
from syndication.domain.articles import Story
from syndication.domain.digests import MailBody, Section, Selection
from syndication.domain.splice import Splice
from tests.support.stories import AGENTS, LLMS, NOW, WEEKLY
from tests.support.templates import shipped

SITE: Final = "https://news.example.org"
FRAME: Final = DigestFrame(WEEKLY, SITE, "Europe/Rome", NOW, f"{SITE}/newsletters/weekly/12", NOW + timedelta(days=7))
NOTICE: Final = NoticeFrame(WEEKLY, SITE, "Europe/Rome", (AGENTS, LLMS), NOW + timedelta(days=7))
TOKENS: Final = {splice: f"token-{splice}" for splice in Splice}


def listing(*stories: Story, more: int = 0, catch_up: bool = False) -> Selection:
    """A selection of these under AI agents, the strongest first."""
    section = Section(AGENTS.slug, AGENTS.title, stories)
    return Selection((section,), more, catch_up, tuple(story.article_id for story in stories))


def digest(*stories: Story, frame: DigestFrame = FRAME, more: int = 0) -> MailBody:
    """The shipped digest of these stories."""
    return render_digest(shipped("digest"), frame, listing(*stories, more=more))


def page(body: MailBody) -> Any:  # noqa: ANN401 - lxml's xpath answers anything
    """The HTML part, parsed."""
    return lxml_html.document_fromstring(body.html)


def texts(body: MailBody, path: str) -> list[str]:
    """The words of every element that a path finds."""
    return [" ".join(element.text_content().split()) for element in page(body).xpath(path)]


def links(body: MailBody) -> list[str]:
    """The addresses of all links."""
    return [str(link) for link in page(body).xpath("//a/@href")]


def every_mail() -> Iterator[tuple[str, MailBody]]:
    """Every shipped mail with every sample."""
    for sample in samples.tryouts():
        yield "digest", render_digest(shipped("digest"), sample.digest, sample.selection)
        for name in MAILS[1:]:
            yield name, render_notice(shipped(name), sample.notice, sample.selection)
