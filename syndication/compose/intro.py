"""An editor's words → blocks that stand above the stories of a mail: dressed for HTML, plain for the text part."""

from types import MappingProxyType
from typing import Final

from lxml import etree
from markupsafe import Markup

from syndication.html.markdown import from_markdown
from syndication.html.tree import parse

_STYLES: Final = MappingProxyType(
    {
        "p": "margin:0 0 12px",
        "ul": "margin:0 0 12px;padding:0 24px",
        "ol": "margin:0 0 12px;padding:0 24px",
        "li": "margin:0 0 4px",
        "h2": "margin:16px 0 6px;font-size:20px;line-height:1.3;color:#111827",
        "h3": "margin:16px 0 6px;font-size:18px;line-height:1.3;color:#111827",
        "blockquote": "margin:0 0 12px;padding:0 16px;border-left:3px solid #9ca3af;border-right:0",
        "pre": "margin:0 0 12px;white-space:pre-wrap;font-size:14px",
    }
)


def html_blocks(words: str, accent: str) -> list[Markup]:
    """The blocks of Markdown in order, safe and with styles of their own. accent: the colour of links."""
    root = parse(from_markdown(words))
    for element in root.iter("a", *_STYLES):
        style = f"color:{accent};overflow-wrap:anywhere" if element.tag == "a" else _STYLES[str(element.tag)]
        element.set("style", style)
        if element.tag == "a":
            element.set("class", "go")
    blocks = root.findall("body/section/*")
    for block in blocks:
        block.set("dir", "auto")
        block.tail = None
    return [Markup(etree.tostring(block, encoding="unicode", method="html")) for block in blocks]  # noqa: S704 - sanitised
