"""Site: the facts about this installation that pages, feeds and mails share."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Site:
    """public_url: absolute, no slash at the end. zone: IANA name. tag_prefix: see `domain.ids.tag_prefix`."""

    title: str
    description: str
    public_url: str
    language: str
    zone: str
    tag_prefix: str
