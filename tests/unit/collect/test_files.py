"""Markdown with front matter, HTML pages, folders of them."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndication.collect.drafts import Context, Draft, finish
from syndication.collect.fetcher import SourceFetcher
from syndication.collect.files import Unreadable, read_file
from syndication.domain.articles import DateOrigin, Item, Precision
from syndication.domain.sources import Fetched, FetchFailed, FetchResult, NotModified
from syndication.domain.states import SourceKind
from tests.support.items import NOW, source


def read(name: str, text: str, base_url: str = "https://e.org/") -> Item:
    draft = read_file(name, text, base_url)
    assert isinstance(draft, Draft), draft
    (item,) = finish([draft], Context(NOW, base_url))
    return item


def test_markdown_with_front_matter_is_read_whole() -> None:
    item = read(
        "a/b.md",
        '---\ntitle: "X: y"\ndate: 2026-11-01\nurl: https://e.org/x\nlang: it\ntags: [a, b]\nauthor: Ann, Bo\n'
        "summary: It is *short*.\nai_generated: true\n---\nHello *world*. See [this](/q).\n\n| a |\n|---|\n| 1 |\n",
    )
    assert (item.native_key, item.title, item.url, item.language) == ("a/b.md", "X: y", "https://e.org/x", "it")
    assert (item.tags, item.authors, item.ai_generated) == (("a", "b"), ("Ann", "Bo"), True)
    assert (item.published.at, item.published.precision) == (datetime(2026, 11, 1, tzinfo=UTC), Precision.DAY)
    assert item.published.origin is DateOrigin.FILE
    assert item.summary == "It is short."
    assert '<a href="https://e.org/q" rel="noopener nofollow">this</a>' in item.content
    assert "<td>1</td>" in item.content


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("# The `title`\n\nText.", "The title"),
        ("The title\n=========\n\nText.", "The title"),
        ("Text without a heading.", "my first article"),
        ("---\ntitle: 2026\n---\n# Heading\n\nText.", "2026"),
    ],
)
def test_a_markdown_title_is_found(text: str, title: str) -> None:
    assert read("dir/my-first_article.md", text).title == title


def test_a_heading_that_is_the_title_is_not_repeated() -> None:
    assert read("a.md", "# Title\n\nText.").content == "<p>Text.</p>"


def test_an_instant_in_front_matter_keeps_its_zone() -> None:
    assert read("a.md", "---\ndate: 2026-11-01 10:00:00 +02:00\n---\nx y").published.at == datetime(
        2026, 11, 1, 8, tzinfo=UTC
    )


def test_scripts_in_markdown_do_not_survive() -> None:
    assert read("a.md", "Hi <script>x()</script><b onclick=x>there</b>").content == "<p>Hi <b>there</b></p>"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("---\ntitle: [\n---\nx", "line 3"),
        ("---\n- a\n---\nx", "key: value"),
        ("---\ndate: 2026-99-99\n---\nx", "no YAML"),
        # Tracing PyYAML trebles its second, and the other texts reach the same lines of ours.
        pytest.param("---\na: " + "[" * 1200 + "\n---\nx", "no YAML", marks=pytest.mark.no_cover),
        ("---\na: !!python/object/apply:os.system [x]\n---\nx", "no YAML"),
        ("---\na: " + "x" * 70_000 + "\n---\nx", "64 KiB"),
    ],
)
def test_front_matter_that_cannot_be_read_says_why(text: str, said: str) -> None:
    found = read_file("a.md", text, "")
    assert isinstance(found, Unreadable)
    assert said in found.reason


def test_a_yaml_bomb_does_not_go_off() -> None:
    levels = "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9))
    item = read("a.md", f"---\na0: &a0 [lol]\n{levels}\ntags: *a8\ntitle: T\n---\nx")
    assert (item.title, item.tags) == ("T", ())


def test_an_html_page_is_read_without_what_surrounds_the_article() -> None:
    item = read(
        "e.html",
        '<!doctype html><html lang="de"><head><title>Site</title><meta name="description" content="D & d">'
        '<link rel="canonical" href="/e"><meta property="article:published_time" content="2026-11-02T10:00:00Z">'
        '<meta name="author" content="Ann"></head><body><nav>menu</nav><article><h1>Real <b>title</b></h1>'
        "<p>Body.</p>tail<aside>ad</aside> end</article><footer>foot</footer></body></html>",
    )
    assert (item.title, item.summary, item.url, item.language) == ("Real title", "D & d", "https://e.org/e", "de")
    assert item.content == "<p>Body.</p>tail end"
    assert item.published.at == datetime(2026, 11, 2, 10, tzinfo=UTC)
    assert item.authors == ("Ann",)


def test_a_bare_html_fragment_is_an_article() -> None:
    item = read("my-note.html", "<p>Only a paragraph.</p>")
    assert (item.title, item.content) == ("my note", "<p>Only a paragraph.</p>")


@given(st.sampled_from(["a.md", "a.html", "a.txt"]), st.sampled_from(["", "---\n", "<html><head>", "# "]), st.text())
def test_any_text_is_an_article_or_says_why_not(name: str, begin: str, text: str) -> None:
    found = read_file(name, begin + text, "https://e.org/")
    if isinstance(found, Draft):
        finish([found], Context(NOW))


def visit(folder: Path, *, body_hash: str = "", fetched_before: bool = False) -> FetchResult:
    where = source(kind=SourceKind.FOLDER, location=str(folder), body_hash=body_hash, fetched_before=fetched_before)
    return SourceFetcher("Test/1").fetch(where, NOW)


def fetched(folder: Path) -> Fetched:
    found = visit(folder)
    assert isinstance(found, Fetched), found
    return found


def test_a_folder_is_read_in_the_order_of_its_paths(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for name in ("b.md", "a.txt", "sub/c.html", ".hidden.md", "picture.png", "sub/d.MD"):
        (tmp_path / name).write_text("Some words.")
    assert [item.native_key for item in fetched(tmp_path).items] == ["a.txt", "b.md", "sub/c.html", "sub/d.MD"]
    assert fetched(tmp_path) == fetched(tmp_path)


def test_a_folder_that_did_not_change_is_not_read_again(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("One.")
    body_hash = fetched(tmp_path).body_hash
    assert visit(tmp_path, body_hash=body_hash, fetched_before=True) == NotModified()
    (tmp_path / "b.md").write_text("Two.")
    assert isinstance(visit(tmp_path, body_hash=body_hash, fetched_before=True), Fetched)


def test_an_unreadable_file_is_told_and_stops_no_other(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("---\ntitle: [\n---\n")
    (tmp_path / "b.md").write_text("")
    (tmp_path / "c.md").write_bytes(b"x" * (5 * 1024 * 1024 + 1))
    (tmp_path / "d.md").symlink_to(tmp_path / "nowhere")
    (tmp_path / "e.md").mkdir()
    (tmp_path / "f.md").write_text("Good.")
    found = fetched(tmp_path)
    assert [item.native_key for item in found.items] == ["f.md"]
    assert [note.partition(":")[0] for note in found.repairs] == ["d.md", "a.md", "b.md", "c.md"]


def test_nothing_outside_the_folder_is_read(tmp_path: Path) -> None:
    folder, outside = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    outside.mkdir()
    (outside / "secret.txt").write_text("Secret words.")
    (folder / "link.txt").symlink_to(outside / "secret.txt")
    (folder / "linked").symlink_to(outside)
    found = fetched(folder)
    assert not found.items
    assert found.repairs == ("link.txt: leads out of the folder and was not read",)


def test_a_link_within_the_folder_is_followed(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Some words.")
    (tmp_path / "b.txt").symlink_to(tmp_path / "a.txt")
    assert len(fetched(tmp_path).items) == 2


def test_links_in_a_circle_lead_nowhere(tmp_path: Path) -> None:
    (tmp_path / "a.txt").symlink_to(tmp_path / "b.txt")
    (tmp_path / "b.txt").symlink_to(tmp_path / "a.txt")
    assert fetched(tmp_path).repairs == ("a.txt: leads nowhere", "b.txt: leads nowhere")


def test_the_date_of_a_time_element_counts() -> None:
    item = read(
        "a.html", "<main><h1>T</h1><time>soon</time><time datetime='2026-11-03'>3 November</time><p>Text.</p></main>"
    )
    assert item.published.at == datetime(2026, 11, 3, tzinfo=UTC)


def test_a_folder_that_is_not_there_says_so(tmp_path: Path) -> None:
    found = visit(tmp_path / "missing")
    assert isinstance(found, FetchFailed)
    assert "is not a folder" in found.reason


def test_a_file_in_an_old_encoding_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes("Größe\nMehr Wörter.".encode("cp1252"))
    assert fetched(tmp_path).items[0].title == "Größe"


def test_a_file_with_an_impossible_name_is_read(tmp_path: Path) -> None:
    with open(os.fsencode(tmp_path) + b"/\xff.txt", "w", encoding="utf-8") as file:  # noqa: PTH123 - a name of bytes
        file.write("Title\nSome words.")
    (item,) = fetched(tmp_path).items
    item.native_key.encode()
