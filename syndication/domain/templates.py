"""Template: an e-mail's source, and the same compiled."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TemplateSource:
    """What an admin writes for one e-mail: a subject line and a text in Jinja, a body in MJML with Jinja in it."""

    name: str
    subject: str
    text: str
    mjml: str


@dataclass(frozen=True, slots=True)
class Template:
    """A template ready to render: MJML is HTML already. hash: of everything that shapes the result."""

    name: str
    subject: str
    text: str
    html: str
    hash: str
