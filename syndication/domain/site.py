"""Site: the facts about this installation that pages, feeds and mails share."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

FRONT_HEADER: Final = "syndication-front"
"""Of the answer of /healthz: a `Front`."""


@dataclass(frozen=True, slots=True)
class Site:
    """public_url: absolute, no slash at the end. zone: IANA name. tag_prefix: see `domain.ids.tag_prefix`.

    hubs: addresses of WebSub hubs that are told when a public feed changes.
    """

    title: str
    description: str
    public_url: str
    language: str
    zone: str
    tag_prefix: str
    hubs: tuple[str, ...] = ()


class Profile(StrEnum):
    """How careful the service must be. Source: architecture, section 6."""

    TRIAL = "trial"  # outbox and loopback: http links, a mailbox page
    INTRANET = "intranet"  # http or a private CA, by an explicit setting
    INTERNET = "internet"  # https and a real postal address before mail leaves


class Front(StrEnum):
    """What we hear from the web server in front of us about a visitor."""

    SILENT = "silent"  # nothing: it does not say, or there is none
    BELIEVED = "believed"
    NOT_BELIEVED = "not-believed"  # its network is none of [server] proxies
