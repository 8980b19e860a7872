"""A language is one file: everything that is said is in it, with the same places for values, and nothing else."""

import re
from pathlib import Path
from typing import Final

import pytest
from babel.messages import Catalog
from jinja2 import Environment, nodes

from syndication.lang.words import CATALOGUES, LANGUAGES
from tests.support.catalogues import PACKAGE, catalogue, sentences

pytestmark = pytest.mark.no_cover  # tracing doubles its time and finds no module here that only decides

FILES: Final = sorted(CATALOGUES.glob("*.po"))
PAGES: Final = sorted((PACKAGE / "web" / "templates").glob("*.html"))
# Pages for whoever runs the service, in English like the console.
OPERATORS: Final = frozenset({"api.html", "letter.html", "mailbox.html"})
_PLACE: Final = re.compile(r"{\w+}|</?\w+[^>]*>")
_NAMES: Final = frozenset({"Atom", "RSS", "JSON"})


def said(found: Catalog) -> set[object]:
    return {message.id for message in found if message.id}


def forms(words: object) -> list[str]:
    return list(words) if isinstance(words, list | tuple) else [str(words)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_catalogue_holds_what_is_said_and_nothing_else(path: Path) -> None:
    found, english = said(catalogue(path)), said(sentences())

    assert english - found == set(), "run scripts/catalogues and translate what is new"
    assert found - english == set(), "run scripts/catalogues"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_sentence_is_translated_with_the_same_places_for_values(path: Path) -> None:
    for message in catalogue(path):
        if message.id:
            english, translated = forms(message.id), forms(message.string)
            assert all(translated), message.id
            assert not message.fuzzy, message.id
            for form in translated:
                assert sorted(_PLACE.findall(form)) == sorted(_PLACE.findall(english[-1])), message.id


def test_english_needs_no_file_and_comes_first() -> None:
    assert ("en", *(path.stem for path in FILES)) == LANGUAGES
    assert "it" in LANGUAGES


@pytest.mark.parametrize("path", [path for path in PAGES if path.name not in OPERATORS], ids=lambda path: path.stem)
def test_a_template_of_readers_has_no_words_beside_those_that_are_translated(path: Path) -> None:
    tree = Environment(autoescape=True).parse(path.read_text("utf-8"))
    classes = {
        piece
        for block in tree.find_all(nodes.Block)
        if "class" in block.name
        for piece in block.find_all(nodes.TemplateData)
    }
    text = "".join(piece.data for piece in tree.find_all(nodes.TemplateData) if piece not in classes)
    attributes = re.findall(r'\b(?:alt|aria-label|content|placeholder|title|data-copied|data-marked)="([^"]*)"', text)
    bare = re.sub(r"<[^>]*>?", " ", text)

    assert set(re.findall(r"[A-Za-z]{2,}", bare)) - _NAMES == set()
    assert set(attributes) <= {
        "",
        " ()",
        "noindex",
        "light dark",
        "width=device-width, initial-scale=1",
        " (Atom)",
        " (RSS)",
        " (JSON Feed)",
    }
