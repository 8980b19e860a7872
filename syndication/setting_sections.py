"""The sections of syndication.toml, each with its keys, what they are by default and what they may be."""

import difflib
from ipaddress import ip_network
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from syndication.deliver.headers import is_writable
from syndication.net.names import only_servers

# With '+' and the longest token, within the 64 characters of a local part.
_LONGEST_INBOX: Final = 20


def _networks(value: tuple[str, ...]) -> tuple[str, ...]:
    for network in value:
        ip_network(network)
    return value


Networks = Annotated[tuple[str, ...], AfterValidator(_networks)]
NameServers = Annotated[tuple[str, ...], AfterValidator(only_servers)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SiteSettings(_Section):
    """Who we are and where we can be reached."""

    title: str = "Syndication"
    description: str = ""
    public_url: str = "http://127.0.0.1:8000"
    language: str = "en"
    zone: str = "Europe/Rome"
    intranet: bool = False

    @field_validator("public_url")
    @classmethod
    def _absolute(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            message = "must be an absolute address such as https://news.example.org"
            raise ValueError(message)
        return value.rstrip("/")

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            near = difflib.get_close_matches(value, available_timezones(), 1)
            message = f"is no IANA time zone{f'; did you mean {near[0]}?' if near else ', e.g. Europe/Rome'}"
            raise ValueError(message)
        return value


class ServerSettings(_Section):
    """Where the service listens. proxies: networks of web servers in front, besides this machine, that may tell a visitor's address."""

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    proxies: Networks = ()


class DatabaseSettings(_Section):
    """Where everything is kept; "" is SQLite in var/."""

    url: str = ""

    @field_validator("url")
    @classmethod
    def _path(cls, value: str) -> str:
        if value.partition("///")[2].startswith("file:"):
            message = "must name SQLite's file by its path, without 'file:', such as sqlite:////srv/syndication.db"
            raise ValueError(message)
        return value


class MailSettings(_Section):
    """How mail leaves. name_servers: asked for what the world sees of our domains, and for MX hosts."""

    transport: str = "outbox"
    starttls: Literal["required", "off"] = "required"
    connections: int = Field(default=4, ge=1, le=100)
    per_second: float = Field(default=0, ge=0)
    per_hour: int = Field(default=0, ge=0)
    per_day: int = Field(default=0, ge=0)
    helo: str = ""
    bounce_address: str = ""
    verp: bool = False
    unsubscribe_address: str = ""
    dkim_domain: str = ""
    dkim_selector: Literal["s1", "s2"] = "s1"
    dkim_ed25519: bool = False
    name_servers: NameServers = ()

    @field_validator("bounce_address", "unsubscribe_address")
    @classmethod
    def _plain_address(cls, value: str) -> str:
        if value and not (is_writable(value) and value.isascii() and len(value.partition("@")[0]) <= _LONGEST_INBOX):
            message = (
                f"must be a plain address with at most {_LONGEST_INBOX} characters before the @: a tag is put there"
            )
            raise ValueError(message)
        return value

    @field_validator("dkim_domain")
    @classmethod
    def _domain(cls, value: str) -> str:
        if value and not is_writable(f"a@{value}"):
            message = "must be a domain such as news.example.org"
            raise ValueError(message)
        return value.lower()


class MailInSettings(_Section):
    """Where bounces, complaints and unsubscribe mails come in; "" is nowhere."""

    listen: str = ""
    imap: str = ""
    every_s: int = Field(default=60, ge=10, le=3600)


class CollectSettings(_Section):
    """How sources are read. host_gap_s: between two requests to one host. connections: visits at once."""

    contact: str = ""
    host_gap_s: float = Field(default=1.0, ge=0, le=60)
    connections: int = Field(default=32, ge=1, le=256)
    allowed_networks: Networks = ()


class FeedSettings(_Section):
    """How feeds are published. hubs: WebSub hubs that are told when a public feed changes."""

    hubs: tuple[str, ...] = ()

    @field_validator("hubs")
    @classmethod
    def _addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for hub in value:
            parts = urlsplit(hub)
            if parts.scheme not in {"http", "https"} or not parts.hostname or set(hub) & set(' <>"'):
                message = f"must be absolute addresses such as https://hub.example.org/, not '{hub}'"
                raise ValueError(message)
        return value


class BackupSettings(_Section):
    """Copies that `serve` makes by itself. folder: "" is var/backups; every_hours: 0 makes none; keep: how many stay."""

    folder: str = ""
    every_hours: int = Field(default=24, ge=0, le=24 * 31)
    keep: int = Field(default=7, ge=1, le=1000)


class KeepSettings(_Section):
    """For how long what nobody meets any more is kept. texts_months: whole texts of articles that no topic took; 0 is for good."""

    texts_months: int = Field(default=0, ge=0, le=1200)


class AlertSettings(_Section):
    """How the operator hears of trouble, beside the console. Each that is set is used.

    webhook: a URL that gets JSON by POST. command: gets the words on its standard input. smtp: another mail server than the
    readers', with sender and recipient.
    """

    webhook: str = ""
    command: str = ""
    smtp: str = ""
    sender: str = ""
    recipient: str = ""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if bool(self.smtp) != bool(self.recipient):
            message = "needs both smtp and recipient, e.g. smtp://user@other.example.org:587 and you@example.org"
            raise ValueError(message)
        return self
