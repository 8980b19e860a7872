"""The URL of the mail server: what it means, and that a wrong one is refused in words without the password."""

from pathlib import Path

import pytest

from syndication.deliver.greeting import Tls
from syndication.deliver.smtp import smtp_transport_from_url
from syndication.domain.errors import ConfigError


@pytest.mark.parametrize(
    ("url", "host", "port", "tls"),
    [
        ("smtp://mail.example.org", "mail.example.org", 587, Tls.STARTTLS),
        ("smtp://mail.example.org:25?starttls=off", "mail.example.org", 25, Tls.OFF),
        ("smtps://mail.example.org/", "mail.example.org", 465, Tls.IMPLICIT),
        ("smtp://[::1]:2525", "::1", 2525, Tls.STARTTLS),
    ],
)
def test_a_url_names_server_and_encryption(url: str, host: str, port: int, tls: Tls) -> None:
    server = smtp_transport_from_url(url).server
    assert (server.host, server.port, server.tls) == (host, port, tls)


def test_the_argument_counts_where_the_url_is_silent() -> None:
    assert smtp_transport_from_url("smtp://mx", starttls="off").server.tls is Tls.OFF
    assert smtp_transport_from_url("smtp://mx?starttls=required", starttls="off").server.tls is Tls.STARTTLS
    assert smtp_transport_from_url("smtp://mx", connections=9).connections == 9


def test_user_and_password_are_percent_decoded_and_never_printed() -> None:
    server = smtp_transport_from_url("smtp://me%40example.org:p%2Fw%20d@mx").server
    assert (server.user, server.password) == ("me@example.org", "p/w d")
    assert "p/w d" not in repr(server)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_a_password_in_clear_is_for_loopback_only(host: str) -> None:
    assert smtp_transport_from_url(f"smtp://me:pw@{host}?starttls=off").server.password == "pw"
    with pytest.raises(ConfigError, match="in clear"):
        smtp_transport_from_url("smtp://me:pw@10.0.0.1?starttls=off")
    with pytest.raises(ConfigError, match="in clear"):
        smtp_transport_from_url("smtp://me:pw@mail.example.org?starttls=off")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mail.example.org", "form"),
        ("http://mail.example.org", "form"),
        ("smtp://", "form"),
        ("smtp://mx/path", "form"),
        ("smtp://mx:0", "form"),
        ("smtp://me:s3cret@mx:99999", "port"),
        ("smtp://me:s3cret/x@mx", "percent-encode"),
        ("smtp://mx?starttls=maybe", "maybe"),
        ("smtp://mx?startls=off", "startls"),
        ("smtp://mx?ca=/nowhere", "does not exist"),
    ],
)
def test_a_wrong_url_is_refused_in_words(url: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as error:
        smtp_transport_from_url(url)
    assert "s3cret" not in str(error.value)


def test_a_ca_file_without_a_certificate_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    with pytest.raises(ConfigError, match="PEM"):
        smtp_transport_from_url(f"smtp://mx?ca={tmp_path / 'ca.pem'}")
