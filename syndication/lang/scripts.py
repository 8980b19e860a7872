"""Languages that their letters give away: the script that most letters of a text are in, and whose it is."""

import re
from typing import Final

_LETTER: Final = re.compile(r"[^\W\d_]")
_FEWEST: Final = 8

# Of a script: all its letters; then letters of one language alone, with the least share of the text that tells; then whose
# it is without them, "" where that is a guess.
_SCRIPTS: Final = (
    (
        re.compile(r"[\u0600-\u06ff\u0750-\u077f]"),
        ((re.compile("[ٹڈڑںے]"), 0.0, "ur"), (re.compile("[پچژگ]"), 0.0, "fa")),
        "ar",
    ),
    (re.compile(r"[\u3040-\u30ff\u3400-\u9fff]"), ((re.compile(r"[\u3040-\u30ff]"), 0.1, "ja"),), "zh"),
    (
        re.compile(r"[\u0400-\u04ff]"),
        (
            (re.compile("[әғқңөұүһӘҒҚҢӨҰҮҺ]"), 0.0, ""),
            (re.compile("[ўЎ]"), 0.0, "be"),
            (re.compile("[іїєґІЇЄҐ]"), 0.0, "uk"),
            (re.compile("[ыэёЫЭЁ]"), 0.0, "ru"),
        ),
        "",
    ),
    (re.compile(r"[\uac00-\ud7af]"), (), "ko"),
    (re.compile(r"[\u05d0-\u05ea]"), (), "he"),
    (re.compile(r"[\u0370-\u03ff\u1f00-\u1fff]"), (), "el"),
    (re.compile(r"[\u0e00-\u0e7f]"), (), "th"),
)
# Most texts have none of these letters, and one look says so.
_ANY: Final = re.compile(f"[{''.join(script.pattern[1:-1] for script, _, _ in _SCRIPTS)}]")


def by_letters(text: str) -> str:
    """The language of a text in a script of its own as a two-letter code, "" for other scripts and when it could be several's."""
    if not _ANY.search(text):
        return ""
    for script, signs, else_ in _SCRIPTS:
        count = len(script.findall(text))
        if count >= _FEWEST and count * 2 > len(_LETTER.findall(text)):
            told = (language for sign, share, language in signs if len(sign.findall(text)) > share * count)
            return next(told, else_)
    return ""
