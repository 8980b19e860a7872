"""Links as strangers write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndication.html.links import absolute, followable


@pytest.mark.parametrize(
    ("link", "base", "meant"),
    [
        ("/a", "https://e.org/b/c", "https://e.org/a"),
        ("a", "https://e.org/b/c", "https://e.org/b/a"),
        ("//f.org/a", "https://e.org/", "https://f.org/a"),
        (" https://e.org/a\n", "", "https://e.org/a"),
        ("https://e.org/a b", "", "https://e.org/a%20b"),
        ("http\n://e.org/a", "", "http://e.org/a"),
        ("?q=1", "https://e.org/a", "https://e.org/a?q=1"),
        ("/a", "", ""),
        ("", "https://e.org/", ""),
        ("javascript:alert(1)", "https://e.org/", ""),
        ("mailto:a@e.org", "https://e.org/", ""),
        ("https://", "", ""),
        ("https://e.org:port/", "", ""),
        ("https://[::1/", "", ""),
        ("https:\\\\e.org/", "", ""),
    ],
)
def test_a_link_means_an_address_of_the_web_or_nothing(link: str, base: str, meant: str) -> None:
    assert absolute(link, base) == meant


def test_mail_addresses_may_be_followed() -> None:
    assert followable("mailto:a@e.org?subject=x", "") == "mailto:a@e.org?subject=x"
    assert followable("mailto:<script>", "") == ""


@given(st.text(), st.sampled_from(["", "https://e.org/a"]))
def test_any_text_is_an_absolute_address_or_nothing(link: str, base: str) -> None:
    found = absolute(link, base)
    assert found == "" or found.startswith(("http://", "https://"))
    assert not set(found) & set('\n\r\t <>"')


@given(
    st.from_regex(r"\Ahttps?://[aB.1-]{0,4}[a1](/[a~.%&;:@\[{]{0,4}){0,2}([?#][a=&?#]{0,3})?\Z"),
    st.sampled_from(["", "http://e.org/a/", "https://e.org/"]),
)
def test_a_link_as_most_are_means_what_the_same_with_a_space_before_it_does(link: str, base: str) -> None:
    assert absolute(link, base) == absolute(f" {link}", base)
