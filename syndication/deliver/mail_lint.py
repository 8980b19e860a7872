"""A finished message → what a provider, a law or a reader would find wrong with it.

Source: RFC 5322 sections 2.1.1, 3.6; RFC 2047 sections 2, 5; RFC 2369; RFC 2919; RFC 8058; what providers ask in 2026.
"""

import email
import re
from collections import Counter
from collections.abc import Iterator
from email import policy
from email.utils import getaddresses
from html.parser import HTMLParser
from typing import Final
from urllib.parse import urlsplit

from syndication.deliver.dkim_check import dkim_fault, header_fields
from syndication.deliver.reports import text_of
from syndication.domain.preflight import Demands, Finding

LARGEST_HTML: Final = 90 * 1024
"""Gmail cuts a mail at 102 KB of HTML, with what it adds itself."""

_ONCE: Final = (
    *("from", "sender", "reply-to", "to", "cc", "subject", "date", "message-id", "in-reply-to"),
    *("mime-version", "content-type", "list-id", "list-unsubscribe", "list-unsubscribe-post", "list-archive"),
    *("list-help", "list-owner", "precedence", "auto-submitted", "feedback-id"),
)
_NEEDED: Final = ("from", "to", "subject", "date", "message-id", "mime-version", "content-type")
_WORDS: Final = frozenset({"subject", "from", "sender", "reply-to", "to", "cc", "comments", "keywords"})
_ENCODED_WORD: Final = re.compile(r"=\?[^?\s]+\?[bBqQ]\?[^?]*\?=")
_LINE: Final = 998
_LONGEST_WORD: Final = 75
_SCHEMES: Final = frozenset({"http", "https", "mailto", "cid"})
_BRACES: Final = re.compile(r"\{\{|\}\}|\{%|%\}|[\x02\x03]")
_HEADER: Final = "This is a fault of the program; please report it. `issues send-anyway` sends it all the same."
_TEMPLATE: Final = "Mend the template or the article, then check again."


def lint_mail(raw: bytes, demands: Demands) -> list[Finding]:
    """Everything found in one message, as it would go over the wire."""
    fields = header_fields(raw.partition(b"\r\n\r\n")[0])
    found = [*_lines(raw), *_fields(fields), *_encoded_words(fields), *_list_fields(fields, demands)]
    if demands.dkim:
        fault = dkim_fault(raw, demands.dkim)
        if fault:
            found.append(Finding("dkim", f"The DKIM signature is worth nothing: {fault}.", "Check var/secrets/dkim."))
    text, html = _parts(raw)
    return [*found, *_content(text, html, demands)]


def _lines(raw: bytes) -> Iterator[Finding]:
    head = raw.partition(b"\r\n\r\n")[0]
    longest = max((len(line) for line in raw.split(b"\r\n")), default=0)
    if longest > _LINE:
        yield Finding("lines", f"A line has {longest} bytes; {_LINE} are allowed.", _HEADER)
    if re.search(rb"(?<!\r)\n|\r(?!\n)", raw):
        yield Finding("lines", "A line ends in a lone CR or LF.", _HEADER)
    if not head.isascii():
        yield Finding("header", "The header holds bytes that are not ASCII.", _HEADER)


def _fields(fields: list[tuple[str, str]]) -> Iterator[Finding]:
    counted = Counter(name.lower() for name, _ in fields)
    for name in _ONCE:
        if counted[name] > 1:
            yield Finding("header", f"The field {name} stands there {counted[name]} times.", _HEADER)
    for name in _NEEDED:
        if not counted[name]:
            yield Finding("header", f"The field {name} is missing.", _HEADER)
    values = {name.lower(): value.strip() for name, value in fields}
    if "from" in values and len(getaddresses([values["from"]])) != 1:
        yield Finding("header", "From names more than one sender.", "Write one plain sender for the newsletter.")
    if "message-id" in values and not re.fullmatch(r"<[^<>@\s]+@[^<>@\s]+>", values["message-id"]):
        yield Finding("header", "The Message-ID is not of the form <…@…>.", _HEADER)


def _encoded_words(fields: list[tuple[str, str]]) -> Iterator[Finding]:
    for name, value in fields:
        words = _ENCODED_WORD.findall(value)
        if words and name.lower() not in _WORDS:
            yield Finding("header", f"The field {name} holds an encoded word, which nobody decodes there.", _HEADER)
        longest = max(map(len, words), default=0)
        if longest > _LONGEST_WORD:
            yield Finding("header", f"An encoded word of {name} has {longest} characters; 75 are allowed.", _HEADER)


def _list_fields(fields: list[tuple[str, str]], demands: Demands) -> Iterator[Finding]:
    values = {name.lower(): " ".join(value.split()) for name, value in fields}
    uris = [uri.strip().removeprefix("<").removesuffix(">") for uri in values.get("list-unsubscribe", "").split(",")]
    wanted = "https" if demands.https else "http"
    pages = [uri for uri in uris if urlsplit(uri).scheme in {"https", wanted}]
    if len(pages) != 1:
        remedy = f"[site] public_url must begin with {wanted}://."
        yield Finding("unsubscribe", f"List-Unsubscribe needs exactly one {wanted} address.", remedy)
    if values.get("list-unsubscribe-post") != "List-Unsubscribe=One-Click":
        yield Finding("unsubscribe", "List-Unsubscribe-Post does not say One-Click.", _HEADER)
    if not re.search(r"<[^<>\s]+\.[^<>\s]+>$", values.get("list-id", "")):
        yield Finding("header", "List-ID is missing or not of the form <….…>.", _HEADER)


def _parts(raw: bytes) -> tuple[str, str]:
    """The text and the HTML of a message, decoded."""
    message = email.message_from_bytes(raw, policy=policy.compat32)
    texts: dict[str, str] = {}
    for part in message.walk():
        if not part.is_multipart():
            texts.setdefault(part.get_content_type(), text_of(part))
    return texts.get("text/plain", ""), texts.get("text/html", "")


def _content(text: str, html: str, demands: Demands) -> Iterator[Finding]:
    if not text.strip():
        yield Finding("text", "It has no plain text.", _TEMPLATE)
    size = len(html.encode())
    if size > LARGEST_HTML:
        words = f"The HTML has {size // 1024} KB; mail programs cut it off beyond {LARGEST_HTML // 1024} KB."
        yield Finding("size", words, "List fewer articles, or make the template shorter.")
    for name, content in (("text", text), ("HTML", html)):
        yield from _filled(name, content)
        if (
            content.strip()
            and demands.postal_address
            and " ".join(demands.postal_address.split()) not in " ".join(_seen(content).split())
        ):
            yield Finding("address", f"The {name} lacks the postal address.", _TEMPLATE)
    yield from _links(html)


def _filled(name: str, content: str) -> Iterator[Finding]:
    brace = _BRACES.search(content)
    if brace:
        shown = content[max(0, brace.start() - 20) : brace.end() + 20].strip()
        yield Finding("template", f"The {name} holds something that was not filled in: {shown!r}.", _TEMPLATE)
    for meaning in ("unsubscribe", "preferences"):
        if content.strip() and f"/{meaning}/" not in content:
            yield Finding("links", f"The {name} has no {meaning} link.", _TEMPLATE)


def _links(html: str) -> Iterator[Finding]:
    links = _Links()
    links.feed(html)
    for link in links.found:
        if urlsplit(link).scheme.lower() not in _SCHEMES and not link.startswith("#"):
            yield Finding("links", f"A link goes to {link[:60]!r}, which is no web or mail address.", _TEMPLATE)


def _seen(content: str) -> str:
    """What a reader sees of a text or of HTML."""
    reader = _Seen()
    reader.feed(content)
    reader.close()
    return " ".join(reader.found)


class _Seen(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_data(self, data: str) -> None:
        self.found.append(data)


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del tag
        self.found += [value.strip() for name, value in attrs if name in {"href", "src"} and value and value.strip()]
