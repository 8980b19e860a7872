"""Template + what a digest lists → pieces that digests share.

Digests of one issue differ in which rows they list and in a few short texts. So a part of a template is rendered once
for each shape (how many sections, which of the short texts there are) with gaps in those places, and each section once;
a digest then costs a walk over its gaps. Nothing is assumed of a template: one that looks into what would be a gap
(cuts it, counts it, lists stories outside `once`) is rendered in full for every digest.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from markupsafe import escape

from syndication.compose.sandbox import PARTS, Gap, Loaded, Once, run
from syndication.domain.errors import TemplateError

_GAP: Final = re.compile(f"{Gap.OPEN}([^{Gap.CLOSE}]*){Gap.CLOSE}")
_STRAY: Final = re.compile(f"[{Gap.OPEN}{Gap.CLOSE}]")

Pieces = tuple[str, ...]


class SketchedPart:
    """One part of a template in one language of one issue, with all that was rendered of it so far."""

    def __init__(self, template: Loaded, part: str, shared: Mapping[str, Any]) -> None:
        """shared: the values that all digests have in common."""
        self._template = template
        self._is_escaped = PARTS[part]
        self._shared = shared
        self._rows = Once(leaves_gaps=True)
        self._shapes: dict[tuple[object, ...], Pieces | None] = {}
        self._sections: dict[str, Pieces] = {}
        self._texts: dict[str, str] = {}
        self.renders = 0

    def pieces(self, own: Mapping[str, Any]) -> Pieces:
        """The part for a digest with these values of its own, cut into pieces; joined they are the part. Raises TemplateError."""
        sections: Sequence[Mapping[str, Any]] = own["sections"]
        texts = {name: value for name, value in own.items() if type(value) is str and value}
        others = tuple((name, value) for name, value in own.items() if name not in texts and name != "sections")
        shape = (len(sections), *texts, others)
        if shape not in self._shapes:
            self._shapes[shape] = self._shape(len(sections), texts, dict(others))
        skeleton = self._shapes[shape]
        if skeleton is None:
            return (self._in_full(own),)
        shown = [sections[int(name)] for name in skeleton[1::2] if name.isdecimal()]
        if not self._has_rendered(shown, texts, dict(others)):
            return (self._in_full(own),)
        found: list[str] = []
        for position, piece in enumerate(skeleton):
            if position % 2 == 0:
                found.append(piece)
            elif piece in texts:
                found.append(self._text(texts[piece]))
            else:
                found += self._sections[sections[int(piece)]["key"]]
        return tuple(found)

    def _in_full(self, own: Mapping[str, Any]) -> str:
        self.renders += 1
        return run(self._template, {**self._shared, **own, "once": Once()})

    def _shape(self, count: int, texts: Mapping[str, str], others: Mapping[str, Any]) -> Pieces | None:
        """The part with a gap for each text and each section: literal, name, literal, …; None when it cannot be had."""
        rows = [{"key": Gap(str(number))} for number in range(count)]
        try:
            return _cut(self._run({**others, **_gaps(texts), "sections": rows}))
        except TemplateError:
            # The rendering in full says what is wrong, if anything is.
            return None

    def _has_rendered(
        self, sections: Sequence[Mapping[str, Any]], texts: Mapping[str, str], others: Mapping[str, Any]
    ) -> bool:
        """Whether all of these sections are there, once the missing ones were rendered."""
        missing = [section for section in sections if section["key"] not in self._sections]
        if not missing:
            return True
        self._run({**others, **_gaps(texts), "sections": missing})
        for section in missing:
            kept = self._rows.kept.get(section["key"])
            pieces = None if kept is None else _cut(kept)
            if pieces is None or not self._rows.kept.keys() >= set(pieces[1::2]):
                return False
            self._sections[section["key"]] = tuple(
                str(self._rows.kept[piece]) if position % 2 else piece for position, piece in enumerate(pieces)
            )
        return True

    def _run(self, values: Mapping[str, Any]) -> str:
        self.renders += 1
        return run(self._template, {**self._shared, **values, "once": self._rows})

    def _text(self, value: str) -> str:
        """What a gap is filled with: one string for each value, so that equal pieces are the same."""
        if not self._is_escaped:
            return value
        if value not in self._texts:
            self._texts[value] = str(escape(value))
        return self._texts[value]


def _gaps(texts: Mapping[str, str]) -> dict[str, Gap]:
    return {name: Gap(name) for name in texts}


def _cut(text: str) -> Pieces | None:
    """Literal, name, literal, …; None when a gap was damaged."""
    pieces = _GAP.split(text)
    return None if any(_STRAY.search(literal) for literal in pieces[::2]) else tuple(pieces)
