"""Our key and the one in DNS: every difference that keeps a receiver from verifying is named."""

from collections.abc import Sequence

import pytest

from syndication.deliver.dkim_published import key_faults

NAME = "s1._domainkey.example.org"
OURS = "v=DKIM1; k=rsa; p=MIIBIjANBgkqh"


def fault(*texts: str) -> str:
    found = key_faults({NAME: OURS}, lambda name: texts if name == NAME else ())
    assert all(one.is_known and one.remedy and one.record == OURS for one in found)
    return found[0].problem if found else ""


@pytest.mark.parametrize(
    "text",
    [
        OURS,
        "k=rsa;p=MIIBIj ANBgkqh",
        "p=MIIBIjANBgkqh; v=DKIM1",
        "v=DKIM1; h=sha1:sha256; s=*; t=s; p=MIIBIjANBgkqh; n=notes",
        "v=DKIM1; s=email; p=MIIBIjANBgkqh;",
    ],
)
def test_a_key_that_receivers_can_use_is_right(text: str) -> None:
    assert fault(text) == ""
    assert fault("google-site-verification=x", text) == ""


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ((), "publishes no DKIM key"),
        (("v=spf1 -all",), "publishes no DKIM key"),
        ((OURS, "v=DKIM1; p=QUJD"), "publishes 2 DKIM keys"),
        (("v=DKIM1; p=QUJD",), "publishes another key than the one we sign with"),
        (("v=DKIM1; k=ed25519; p=MIIBIjANBgkqh",), "publishes another key"),
        (("v=DKIM1; p=",), "says that the key was withdrawn"),
        (("v=DKIM2; p=MIIBIjANBgkqh",), "another version (DKIM2)"),
        (("v=DKIM1; h=sha1; p=MIIBIjANBgkqh",), "allows no signature by sha256"),
        (("v=DKIM1; s=tlsrpt; p=MIIBIjANBgkqh",), "is not for mail"),
        (("v=DKIM1; t=y:s; p=MIIBIjANBgkqh",), "is marked as a test"),
    ],
)
def test_a_key_that_receivers_cannot_use_is_named(texts: Sequence[str], words: str) -> None:
    assert words in fault(*texts)


def test_where_nobody_answers_nothing_is_known() -> None:
    (found,) = key_faults({NAME: OURS}, lambda _: None)
    assert not found.is_known
    assert "No name server answers" in found.problem
