"""Template source → problems: what compiles silently wrong, or not at all, found before compiling.

The compiler validates nothing: unknown tags, numbers from Jinja, and features that it lacks pass without a word. Each
rule here was measured with mjml-python 1.4.2.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from jinja2 import TemplateSyntaxError, nodes
from jinja2.meta import find_undeclared_variables

from syndication.compose.sandbox import PARTS, environment
from syndication.domain.templates import TemplateSource

NAMES: Final = frozenset(
    [
        "lang",
        "dir",
        "align",
        "colour",
        "t",
        "newsletter",
        "links",
        "subject",
        "preheader",
        "headline",
        "heading",
        "intro",
        "others",
        "date",
        "top_line",
        "sections",
        "more",
        "catch_up",
        "topics",
        "next_issue",
        "once",
    ]
)
"""What templates may speak of; `values` explains each."""

_FORBIDDEN: Final = MappingProxyType(
    {
        "mj-html-attributes": "the compiler does not know it",
        "mj-include": "a template is one text",
        "mj-preview": "hidden white text counts as spam; show {{ preheader }} as the shipped templates do",
        "mj-font": "fonts from elsewhere tell strangers who reads the mail",
        "mj-carousel": "few mail programs show it, and its ids collide",
    }
)
# In these the content is HTML, and Jinja's blocks may stand anywhere.
_HOLDS_HTML: Final = frozenset(
    [
        "mj-accordion-text",
        "mj-accordion-title",
        "mj-button",
        "mj-navbar-link",
        "mj-raw",
        "mj-social-element",
        "mj-style",
        "mj-table",
        "mj-text",
        "mj-title",
    ]
)
_STRUCTURE: Final = frozenset(
    [
        "mjml",
        "mj-accordion",
        "mj-accordion-element",
        "mj-all",
        "mj-attributes",
        "mj-body",
        "mj-breakpoint",
        "mj-class",
        "mj-column",
        "mj-divider",
        "mj-group",
        "mj-head",
        "mj-hero",
        "mj-image",
        "mj-navbar",
        "mj-section",
        "mj-social",
        "mj-spacer",
        "mj-wrapper",
    ]
)
_NUMBERS: Final = re.compile(
    r"(?:(?:inner-)?padding(?:-\w+)?|(?:icon-)?(?:width|height|size|padding)|(?:max-|background-)?(?:width|height)"
    r"|font-size|border-radius|border-width)"
)
_WITHOUT_EFFECT: Final = MappingProxyType(
    {
        ("mj-style", "inline", "inline"): '<mj-style inline="inline"> is not inlined by the compiler; leave inline out',
        ("mj-raw", "position", "file-start"): '<mj-raw position="file-start"> cannot be compiled',
        ("mj-hero", "mode", "fluid-height"): '<mj-hero mode="fluid-height"> comes out as fixed-height',
    }
)
_FOREIGN: Final = frozenset(["applet", "base", "embed", "form", "frame", "iframe", "input", "link", "object", "script"])
# HTML that has no end. Source: HTML Living Standard, "void elements".
_VOID: Final = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]
)
_TOKEN: Final = re.compile(
    r"""(?P<comment><!--.*?-->)
    |<(?P<close>/?)(?P<tag>[a-zA-Z][\w-]*)(?P<attributes>(?:"[^"]*"|'[^']*'|[^'"<>])*?)(?P<single>/?)>
    |{%-?\s*(?P<word>\w*)(?P<block>.*?)%}
    |(?P<value>{{.*?}}|{\#.*?\#})""",
    re.DOTALL | re.VERBOSE,
)
_ATTRIBUTE: Final = re.compile(r"""([\w:-]+)\s*=\s*("[^"]*"|'[^']*')""")
_SHORT_COLOUR: Final = re.compile(r"#[0-9a-fA-F]{3}")


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """What is wrong with a template. line: 1-based in that part ('subject', 'text' or 'mjml')."""

    part: str
    line: int
    message: str


def lint(source: TemplateSource) -> list[Problem]:
    """All that can be found without compiling, in order of part and line; empty for a good template."""
    parts = {"subject": source.subject, "text": source.text, "mjml": source.mjml}
    found = [problem for part, text in parts.items() for problem in _jinja_problems(part, text)]
    return sorted({*found, *_Mjml(source.mjml).problems()})


def line_at(text: str, position: int) -> int:
    """The 1-based line of a character's position."""
    return text.count("\n", 0, position) + 1


def _jinja_problems(part: str, text: str) -> Iterator[Problem]:
    sandbox = environment(escaped=PARTS[part])
    try:
        tree = sandbox.parse(text)
        sandbox.compile(text)
    except TemplateSyntaxError as error:
        yield Problem(part, error.lineno, str(error.message))
        return
    unknown = find_undeclared_variables(tree) - NAMES
    for name in tree.find_all(nodes.Name):
        if name.name in unknown:
            yield Problem(part, name.lineno, f"'{name.name}' is not known here")
    for node in tree.find_all((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)):
        yield Problem(part, node.lineno, "a template is one text: it cannot include, import or extend another")
    for node in tree.find_all(nodes.ScopedEvalContextModifier):
        yield Problem(part, node.lineno, "values are always escaped; leave autoescape out")


@dataclass(slots=True)
class _Open:
    """An element that is still open: where it began, and how many loops were open there."""

    name: str
    line: int
    loops: int


@dataclass(slots=True)
class _Mjml:
    """One walk over the tags and blocks of an MJML source."""

    text: str
    _open: list[_Open] = field(default_factory=list)
    _loops: int = 0

    def problems(self) -> Iterator[Problem]:
        if self.text.lstrip().startswith("<?xml"):
            yield Problem("mjml", 1, "begin with <mjml>, without <?xml …?>")
        end = 0
        for token in _TOKEN.finditer(self.text):
            yield from self._stray(end, token.start())
            end, line = token.end(), line_at(self.text, token.start())
            yield from (Problem("mjml", line, message) for message in self._judge(token, line))
        yield from self._stray(end, len(self.text))
        yield from (_unclosed(opened) for opened in self._open)

    def _stray(self, start: int, end: int) -> Iterator[Problem]:
        """The compiler does not say where it met a < that begins no tag, so it is looked for here."""
        position = self.text.find("<", start, end)
        if position >= 0:
            yield Problem("mjml", line_at(self.text, position), "this < begins no tag; write &lt;")

    def _judge(self, token: re.Match[str], line: int) -> Iterator[str]:
        if token["tag"]:
            yield from self._tag(token, line)
        elif token["word"] is not None:
            yield from self._block(token)
        elif token["value"]:
            yield from self._jinja(token[0])

    def _tag(self, token: re.Match[str], line: int) -> Iterator[str]:
        name = token["tag"].lower()
        if token["close"]:
            yield from self._close(name)
            return
        if name.startswith("mj"):
            yield from self._element(name, dict(_attributes(token)))
        else:
            yield from _html_problems(name, token)
        if not token["single"] and name not in _VOID:
            self._open.append(_Open(name, line, self._loops))

    def _close(self, name: str) -> Iterator[str]:
        if name not in (opened.name for opened in self._open):
            yield f"</{name}> closes nothing"
            return
        while (opened := self._open.pop()).name != name:
            yield f"</{name}> comes before the end of <{opened.name}> of line {opened.line}"

    def _element(self, name: str, attributes: dict[str, str]) -> Iterator[str]:
        if name in _FORBIDDEN:
            yield f"<{name}> cannot be used: {_FORBIDDEN[name]}"
        elif name not in _HOLDS_HTML | _STRUCTURE:
            yield f"there is no tag <{name}>"
        if name == "mj-column" and self._loops > self._loops_at("mj-section", "mj-group"):
            yield "a loop around <mj-column> breaks its width; put the loop around <mj-section> or inside the column"
        if name == "mj-raw" and self._inside("mj-social", "mj-attributes"):
            yield "<mj-raw> cannot stand inside <mj-social> or <mj-attributes>"
        yield from _attribute_problems(name, attributes)

    def _block(self, token: re.Match[str]) -> Iterator[str]:
        if token["word"] == "for":
            self._loops += 1
        elif token["word"] == "endfor":
            self._loops = max(0, self._loops - 1)
        yield from self._jinja(token[0])

    def _jinja(self, code: str) -> Iterator[str]:
        if "<" in code:
            yield "write > instead of <: the compiler reads < as the beginning of a tag"
        if self._inside("mj-social"):
            yield "no Jinja inside <mj-social>: the compiler cannot read it"
        elif (around := self._nearest()) and around not in _HOLDS_HTML:
            yield f"between tags, Jinja stands in its own <mj-raw>: <mj-raw>{code.strip()}</mj-raw>"

    def _nearest(self) -> str | None:
        """The innermost element of MJML that is open."""
        return next((opened.name for opened in reversed(self._open) if opened.name.startswith("mj")), None)

    def _inside(self, *names: str) -> bool:
        return any(opened.name in names for opened in self._open)

    def _loops_at(self, *names: str) -> int:
        """How many loops were open where the nearest of these elements began; all of now when there is none."""
        return next((opened.loops for opened in reversed(self._open) if opened.name in names), self._loops)


def _unclosed(opened: _Open) -> Problem:
    return Problem("mjml", opened.line, f"<{opened.name}> is never closed")


def _attributes(token: re.Match[str]) -> Iterator[tuple[str, str]]:
    return ((name, value) for name, value in _ATTRIBUTE.findall(token["attributes"]))


def _attribute_problems(tag: str, attributes: dict[str, str]) -> Iterator[str]:
    for name, quoted in attributes.items():
        value = quoted[1:-1]
        if quoted.startswith("'") and '"' in value:
            yield f"{name}: use double quotes outside and single quotes inside, {name}=\"…'…'…\""
        if "{" in value and _NUMBERS.fullmatch(name):
            yield f"{name} must be a plain number: sizes are computed before Jinja runs"
        if _SHORT_COLOUR.fullmatch(value):
            yield f"{name}: write six digits, old mail programs do not know {value}"
        if message := _WITHOUT_EFFECT.get((tag, name, value)):
            yield message
    if tag == "mj-image" and "alt" not in attributes:
        yield "<mj-image> needs alt (empty for decoration)"


def _html_problems(name: str, token: re.Match[str]) -> Iterator[str]:
    if name in _FOREIGN:
        yield f"<{name}> does not belong into a mail"
    elif name == "img" and not token["close"] and "alt" not in dict(_attributes(token)):
        yield "<img> needs alt (empty for decoration)"
