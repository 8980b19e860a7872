"""What is fetched from elsewhere without anybody asking, and what only looks like it."""

import pytest

from syndication.html.foreign import foreign_loads


@pytest.mark.parametrize(
    "text",
    [
        '<img alt="" src="https://else.example/a.png">',
        "<IMG SRC='//else.example/a.png'>",
        '<source srcset="https://else.example/a.png 2x">',
        "<script src=https://else.example/a.js></script>",
        '<link rel="stylesheet" href="https://else.example/a.css">',
        '<mj-font name="Inter" href="https://else.example/a.css" />',
        '<mj-section background-url="https://else.example/a.png">',
        "@import 'https://else.example/a.css';",
        "@import url(https://else.example/a.css);",
        "p { background: url( 'https://else.example/a.png') }",
        'fetch("https://else.example/a.json")',
        "import 'https://else.example/a.js'",
        "new EventSource(`https://else.example/a`)",
    ],
)
def test_what_is_loaded_is_found(text: str) -> None:
    (found,) = foreign_loads(text)
    assert found.startswith(("https://else.example/a", "//else.example/a"))


@pytest.mark.parametrize(
    "text",
    [
        '<a href="https://else.example/">Read</a>',
        '<form action="https://else.example/">',
        '<img src="/pictures/logo.png"><link rel="icon" href="/static/icon.svg">',
        '<img src="{{ newsletter.logo.url }}">',
        '<svg xmlns="http://www.w3.org/2000/svg">',
        '@namespace atom url("http://www.w3.org/2005/Atom");',
        "/* htmx, https://htmx.org */",
        "<mj-image src='cid:logo'>",
        "p { background: url(/static/a.png) }",
    ],
)
def test_what_people_follow_or_is_ours_is_not(text: str) -> None:
    assert foreign_loads(text) == ()


def test_each_address_is_told_once_in_the_order_of_the_text() -> None:
    one, other = '<img src="https://b.example/1">', '<link href="https://a.example/2">'
    assert foreign_loads(one + other + one) == ("https://b.example/1", "https://a.example/2")
