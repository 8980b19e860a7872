"""Which language a text is in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndication.lang.detect import detect, normalise


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The agent is in the house and it will not be long before the others have come to see it.", "en"),
        ("L'agente non è in casa, ma la porta della cantina è aperta e il server è nel buio con le sue luci.", "it"),
        ("Der Agent ist nicht im Haus, und die Tür zum Keller steht offen, aber das Licht ist aus.", "de"),
        ("L'agent n'est pas dans la maison et la porte de la cave est ouverte, mais les lumières sont éteintes.", "fr"),
        ("El agente no está en la casa y la puerta del sótano está abierta, pero las luces se han apagado.", "es"),
    ],
)
def test_a_text_is_in_the_language_of_its_commonest_words(text: str, language: str) -> None:
    assert detect(text) == language


@pytest.mark.parametrize("text", ["", "GPU", "Meta AI LLM", "la la la la la la la"])
def test_too_little_or_ambiguous_text_is_in_no_language(text: str) -> None:
    assert detect(text) == ""


@pytest.mark.parametrize(
    ("tag", "normal"),
    [
        ("EN", "en"),
        ("en-us", "en-US"),
        ("en_US", "en-US"),
        ("zh-hant-tw", "zh-Hant-TW"),
        ("it-IT-u-ca-gregory", "it-IT"),
        ("English", ""),
        ("x", ""),
        ("", ""),
        ("en us", ""),
    ],
)
def test_a_tag_is_put_into_its_usual_form(tag: str, normal: str) -> None:
    assert normalise(tag) == normal


@given(st.text())
def test_a_normal_tag_stays_as_it_is(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@given(st.lists(st.sampled_from(["the", "of", "l'", "(and", "to,", "1", "über", "\u0301"]), max_size=20))
def test_words_count_with_and_without_marks_around_them(parts: list[str]) -> None:
    assert detect(" ".join(parts), 1) == detect(" . ".join(parts), 1) == detect("-".join(parts), 1)
