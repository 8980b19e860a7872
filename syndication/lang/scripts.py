"""Languages that their letters give away: the script that most letters of a text are in, and whose it is."""

import re
from typing import Final, NamedTuple

_LETTER: Final = re.compile(r"[^\W\d_]")
_FEWEST: Final = 8


class _Script(NamedTuple):
    """letters: all of it. signs: letters that one language alone has, the share of the text they must exceed, and the language.

    otherwise: whose it is without such letters, "" where that would be a guess.
    """

    letters: str
    signs: tuple[tuple[str, float, str], ...] = ()
    otherwise: str = ""


_SCRIPTS: Final = (
    _Script(r"\u0600-\u06ff\u0750-\u077f", (("ٹڈڑںے", 0.0, "ur"), ("پچژگ", 0.0, "fa")), "ar"),
    _Script(r"\u3040-\u30ff\u3400-\u9fff", ((r"\u3040-\u30ff", 0.1, "ja"),), "zh"),
    _Script(
        r"\u0400-\u04ff",
        (
            ("әғқңөұүһӘҒҚҢӨҰҮҺ", 0.0, ""),  # Kazakh and its like
            ("ўЎ", 0.0, "be"),
            ("іїєґІЇЄҐ", 0.0, "uk"),
            ("ыэёЫЭЁ", 0.0, "ru"),
        ),
    ),
    _Script(r"\uac00-\ud7af", otherwise="ko"),
    _Script(r"\u05d0-\u05ea", otherwise="he"),
    _Script(r"\u0370-\u03ff\u1f00-\u1fff", otherwise="el"),
    _Script(r"\u0e00-\u0e7f", otherwise="th"),
)
# Most texts have none of these letters, and one look says so.
_ANY: Final = re.compile(f"[{''.join(script.letters for script in _SCRIPTS)}]")


def by_letters(text: str) -> str:
    """The language of a text in a script of its own as a two-letter code, "" for other scripts and when it could be several's."""
    if not _ANY.search(text):
        return ""
    for script in _SCRIPTS:
        count = _count(script.letters, text)
        if count >= _FEWEST and count * 2 > len(_LETTER.findall(text)):
            told = (language for letters, share, language in script.signs if _count(letters, text) > share * count)
            return next(told, script.otherwise)
    return ""


def _count(letters: str, text: str) -> int:
    return len(re.findall(f"[{letters}]", text))  # which keeps what it compiled
