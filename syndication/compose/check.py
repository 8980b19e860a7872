"""Source → compiled HTML, or the first thing that is wrong with it: linted, compiled, rendered with samples, looked at.

Runs only in the worker process.
"""

import re
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser
from typing import Final

from mjml import mjml2html

from syndication.compose import samples
from syndication.compose.lint import line_at, lint
from syndication.compose.render import render_digest, render_notice
from syndication.compose.values import MAILS, required_links
from syndication.domain.digests import MailBody
from syndication.domain.errors import TemplateError
from syndication.domain.templates import Template, TemplateSource

HTML_LIMIT: Final = 90_000
"""Bytes of a digest with as many stories as it may list: Gmail cuts mails off at about 102 KB."""

OUTPUT_LIMIT: Final = 512_000
"""Bytes of anything a template makes, whatever it is given."""

_POSITION: Final = re.compile(r"position (\d+):(\d+)")
_SCHEMES: Final = ("http://", "https://", "mailto:")
_STRANGERS: Final = ("googleapis.com", "mailjet.com")


def compile_checked(source: TemplateSource) -> str:
    """The compiled HTML of a good template. Raises TemplateError with the first problem."""
    for problem in lint(source):
        raise TemplateError(problem.message, problem.line, problem.part)
    html = compile_mjml(source.mjml)
    # The MJML itself is a whole Jinja template: rendering it first names the lines that the admin wrote.
    written = Template(source.name, source.subject, source.text, source.mjml, hash="written")
    compiled = Template(source.name, source.subject, source.text, html, hash="compiled")
    for template in (written, compiled):
        try:
            _try_out(template)
        except TemplateError as error:
            part = "mjml" if error.part == "html" else error.part
            raise TemplateError(str(error), error.line if template is written else None, part) from error
    return html


def compile_mjml(mjml: str) -> str:
    """MJML → HTML with Jinja's tags still in it. Raises TemplateError. May end the process on hostile input."""
    try:
        return mjml2html(mjml, disable_comments=True, fonts={})
    except ValueError as error:
        raise TemplateError(str(error), _line_of(mjml, str(error)), "mjml") from error


def _line_of(mjml: str, message: str) -> int | None:
    """The line behind 'position a:b', which are bytes of the UTF-8 source."""
    found = _POSITION.search(message)
    if not found:
        return None
    before = mjml.encode()[: int(found[1])].decode(errors="ignore")
    behind = mjml[len(before) :]
    return line_at(mjml, len(mjml) - len(behind.lstrip()))


def _try_out(template: Template) -> None:
    """Render with all samples and look at what comes out."""
    is_compiled = template.hash == "compiled"
    for sample in samples.tryouts():
        body = _render(template, sample)
        _refuse_large(body, OUTPUT_LIMIT)
        if is_compiled:
            _require(template.name, body)
            if sample.selection.stories and not body.subject:
                message = "the subject is empty"
                raise TemplateError(message, None, "subject")
    if is_compiled:
        _refuse_large(_render(template, samples.largest()), HTML_LIMIT)


def _render(template: Template, sample: samples.Sample) -> MailBody:
    if template.name in MAILS[1:]:
        return render_notice(template, sample.notice, sample.selection)
    return render_digest(template, sample.digest, sample.selection)


def _refuse_large(body: MailBody, limit: int) -> None:
    size = max(len(body.html.encode()), len(body.text.encode()))
    if size > limit:
        message = (
            f"a mail of {size // 1000} KB comes out, at most {limit // 1000} KB can be sent; make the rows smaller"
        )
        raise TemplateError(message)


def _require(name: str, body: MailBody) -> None:
    """Raises TemplateError for what a mail must have, or must not."""
    page = _Page()
    page.feed(body.html)
    words = {"text": body.text, "mjml": "".join(page.words)}
    links = {"text": body.text, "mjml": "\n".join(page.links)}
    missing = ((message, part) for part in ("mjml", "text") for message in _missing(name, words[part], links[part]))
    strange = ((message, "mjml") for message in _strange(page.links, body.html))
    for message, part in (*missing, *strange):
        raise TemplateError(message, None, part)


def _missing(name: str, words: str, links: str) -> Iterator[str]:
    for splice in required_links(name):
        if f"/{splice}/{splice.mark}" not in links:
            yield f"the link {{{{ links.{splice} }}}} is missing"
    if samples.POSTAL_ADDRESS not in " ".join(words.split()):
        yield "{{ newsletter.postal_address }} is missing; the law asks for it"


def _strange(links: Sequence[str], html: str) -> Iterator[str]:
    for link in links:
        if not link.startswith(_SCHEMES):
            yield f"the link '{link[:60]}' leads nowhere; links begin with http://, https:// or mailto:"
    for stranger in _STRANGERS:
        if stranger in html:
            yield f"something from {stranger} would tell strangers who reads the mail"


class _Page(HTMLParser):
    """What a reader finds in the HTML part: its words and the addresses of its links."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep links."""
        if tag == "a":
            self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        """Keep words."""
        self.words.append(data)
