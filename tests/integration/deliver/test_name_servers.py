"""Name servers that the settings name are asked, and no others."""

import pytest

from syndication.net.names import Names
from tests.support.name_server import NameServer

NOBODY = Names(("127.0.0.1:9",), patience_s=0.1)


def test_texts_and_hosts_are_asked_from_them() -> None:
    with NameServer({"ours.test": ["v=spf1 ~all"]}, ["news.ours.test"]) as server:
        assert server.names.texts("ours.test") == ("v=spf1 ~all",)
        assert server.names.texts("news.ours.test") == ()
        assert list(server.names.addresses("news.ours.test", 443)) == ["127.0.0.1"]


def test_a_host_that_they_do_not_know_is_nowhere() -> None:
    with NameServer({"ours.test": []}) as server:
        for host in ("ours.test", "other.test"):
            with pytest.raises(OSError, match=host):
                server.names.addresses(host, 443)
    with pytest.raises(OSError, match=r"127\.0\.0\.1"):
        NOBODY.addresses("news.ours.test", 443)
