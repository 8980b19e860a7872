"""Inside, outside, or nobody can say without asking."""

import pytest

from syndication.net.guard import networks
from syndication.net.places import Place, place_of

INSIDE, OUTSIDE, UNKNOWN = Place.INSIDE, Place.OUTSIDE, Place.UNKNOWN


@pytest.mark.parametrize(
    ("host", "home", "place"),
    [
        ("", "", INSIDE),
        ("127.0.0.1", "", INSIDE),
        ("10.1.2.3", "", INSIDE),
        ("fd00::1", "", INSIDE),
        ("8.8.8.8", "", OUTSIDE),
        ("2606:4700::1111", "", OUTSIDE),
        ("relay", "", INSIDE),
        ("relay.internal", "", INSIDE),
        ("Relay.LAN.", "", INSIDE),
        ("printer.home.arpa", "", INSIDE),
        ("notinternal", "", INSIDE),
        ("relay.notinternal", "", UNKNOWN),
        ("relay.example.org", "", UNKNOWN),
        ("relay.example.org", "news.example.org", INSIDE),
        ("relay.example.co.uk", "news.other.co.uk", UNKNOWN),
        ("relay.example.org", "localhost", UNKNOWN),
        ("relay.example.org", "127.0.0.1", UNKNOWN),
    ],
)
def test_a_name_tells_where_its_host_is_or_nothing(host: str, home: str, place: Place) -> None:
    assert place_of(host, home) is place


def test_a_network_that_the_admin_named_is_inside() -> None:
    assert place_of("8.8.8.8", allowed=networks(["8.8.8.0/24"])) is INSIDE
    assert place_of("8.8.4.4", allowed=networks(["8.8.8.0/24"])) is OUTSIDE
