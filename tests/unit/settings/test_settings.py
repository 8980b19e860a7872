"""Settings: what wins, and what a wrong key or value is told."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from syndication.domain.errors import ConfigError
from syndication.domain.site import Profile
from syndication.settings import Settings, is_loopback, load_settings


def load(folder: Path, environ: Mapping[str, str] | None = None, own: str = "", shipped: str = "") -> Settings:
    for name, text in (("config", shipped), ("var", own)):
        (folder / name).mkdir(exist_ok=True)
        (folder / name / "syndication.toml").write_text(text, "utf-8")
    return load_settings(environ or {}, folder)


@pytest.mark.parametrize(
    ("own", "is_near"),
    [
        ("", True),
        ('[server]\nhost = "::1"', True),
        ('[server]\nhost = "localhost"', True),
        ('[server]\nhost = "0.0.0.0"', False),
        ('[site]\npublic_url = "https://news.example.org"', False),
    ],
)
def test_the_mailbox_is_named_where_whoever_starts_the_service_can_open_it(
    tmp_path: Path, own: str, *, is_near: bool
) -> None:
    assert load(tmp_path, own=own).is_mailbox_near is is_near


def test_the_shipped_defaults_are_a_trial_on_sqlite_in_var(tmp_path: Path) -> None:
    settings = load_settings({}, tmp_path)
    assert settings.profile is Profile.TRIAL
    assert settings.outbox == tmp_path / "var" / "outbox"
    assert settings.database_url == f"sqlite:///{tmp_path}/var/syndication.db"


def test_links_name_the_port_that_is_listened_on_until_the_address_is_given(tmp_path: Path) -> None:
    port = {"SYNDICATION_SERVER__PORT": "8080"}
    assert load_settings({}, tmp_path).site.public_url == "http://127.0.0.1:8000"
    assert load_settings(port, tmp_path).site.public_url == "http://127.0.0.1:8080"
    given = {**port, "SYNDICATION_SITE__PUBLIC_URL": "https://news.example.org/"}
    assert load_settings(given, tmp_path).site.public_url == "https://news.example.org"


def test_var_wins_over_config_and_the_environment_over_both(tmp_path: Path) -> None:
    shipped = '[site]\ntitle = "shipped"\ndescription = "shipped"\nlanguage = "en"\n'
    own = '[site]\ntitle = "own"\ndescription = "own"\n'
    settings = load(tmp_path, {"SYNDICATION_SITE__TITLE": "environment"}, own, shipped)
    assert (settings.site.title, settings.site.description, settings.site.language) == ("environment", "own", "en")


def test_a_secret_can_stand_in_a_file_that_the_environment_names(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("smtp://relay.example\n", "utf-8")
    settings = load(tmp_path, {"SYNDICATION_MAIL__TRANSPORT_FILE": str(secret)})
    assert settings.mail.transport == "smtp://relay.example"
    assert settings.outbox is None


@pytest.mark.parametrize(
    ("own", "environ", "words"),
    [
        ('[site]\ntitel = "x"\n', {}, ["var/syndication.toml", "'site.titel'", "'site.title'"]),
        ("[mial]\n", {}, ["var/syndication.toml", "'mial'", "'mail'"]),
        ("site = 1\n", {}, ["var/syndication.toml", "[site]"]),
        ("[site\n", {}, ["var/syndication.toml", "line 1"]),
        ("", {"SYNDICATION_SERVER__PROT": "1"}, ["SYNDICATION_SERVER__PROT", "'server.port'"]),
        ("", {"SYNDICATION_SERVER__PORT": "99999"}, ["SYNDICATION_SERVER__PORT", "'server.port'", "65535"]),
        ("", {"SYNDICATION_MAIL__TRANSPORT_FILE": "/nowhere"}, ["SYNDICATION_MAIL__TRANSPORT_FILE", "cannot be read"]),
        ('[site]\nzone = "Europe/Roma"\n', {}, ["'site.zone'", "Europe/Rome"]),
        ('[site]\npublic_url = "news.example.org"\n', {}, ["'site.public_url'", "absolute"]),
        ('[database]\nurl = "sqlite:///file:a.db?uri=true"\n', {}, ["'database.url'", "'file:'", "sqlite:////srv/"]),
        ('[collect]\nallowed_networks = ["10.0.0.1/8"]\n', {}, ["'collect.allowed_networks'", "host bits"]),
        ('[mail]\nname_servers = ["ns.example.org"]\n', {}, ["'mail.name_servers'", "ns.example.org", "192.0.2.53"]),
        ('[mail]\nname_servers = ["1.2.3.4/a"]\n', {}, ["'mail.name_servers'", "'1.2.3.4/a'"]),
    ],
)
def test_a_wrong_setting_names_place_key_and_remedy(
    tmp_path: Path, own: str, environ: dict[str, str], words: list[str]
) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, environ, own)
    for word in words:
        assert word in str(caught.value)


def test_a_list_with_commas_may_stand_in_the_environment_of_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYNDICATION_MAIL__NAME_SERVERS", "10.0.0.53, 10.0.0.54")
    assert load_settings(folder=tmp_path).mail.name_servers == ("10.0.0.53", "10.0.0.54")


def test_lists_in_a_variable_may_be_written_with_commas(tmp_path: Path) -> None:
    networks = {"SYNDICATION_COLLECT__ALLOWED_NETWORKS": "10.0.0.0/8, 127.0.0.0/8"}
    assert load(tmp_path, networks).collect.allowed_networks == ("10.0.0.0/8", "127.0.0.0/8")
    assert load(tmp_path, {"SYNDICATION_SERVER__PROXIES": "10.89.7.0/24"}).server.proxies == ("10.89.7.0/24",)
    servers = {"SYNDICATION_MAIL__NAME_SERVERS": "192.0.2.53, [2001:db8::53]:5353"}
    assert load(tmp_path, servers).mail.name_servers == ("192.0.2.53", "[2001:db8::53]:5353")


def test_mail_by_smtp_on_a_loopback_address_is_no_trial(tmp_path: Path) -> None:
    smtp = {"SYNDICATION_MAIL__TRANSPORT": "smtp://127.0.0.1"}
    assert load(tmp_path, smtp).profile is Profile.INTERNET
    assert load(tmp_path, {**smtp, "SYNDICATION_SITE__INTRANET": "true"}).profile is Profile.INTRANET


def test_a_public_address_ends_without_a_slash(tmp_path: Path) -> None:
    url = {"SYNDICATION_SITE__PUBLIC_URL": "https://news.example.org/"}
    assert load(tmp_path, url).site.public_url == "https://news.example.org"


@pytest.mark.parametrize(
    ("url", "answer"),
    [("http://127.8.9.1:8", True), ("http://[::1]", True), ("http://localhost", True), ("https://example.org", False)],
)
def test_loopback_addresses_are_recognised(url: str, answer: bool) -> None:  # noqa: FBT001 - a table of examples
    assert is_loopback(url) is answer


def test_the_environment_of_the_process_is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("SYNDICATION_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("SYNDICATION_SITE__TITLE", "from the process")
    monkeypatch.chdir(tmp_path)
    assert load_settings().site.title == "from the process"
