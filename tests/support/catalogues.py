"""What the catalogues of languages must hold. `scripts/catalogues` brings them up to date by `python -m` of this module."""

from functools import cache
from pathlib import Path
from typing import Final

from babel.messages import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from syndication.lang.words import CATALOGUES

PACKAGE: Final = CATALOGUES.parents[1]
_METHODS: Final = [("web/templates/admin/**", "ignore"), ("**.html", "jinja2"), ("**.py", "python")]
_OPTIONS: Final = {"**.html": {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}}
_KEYWORDS: Final = {"sentence": None, "counted": (1, 2), "_": None, "_h": None}


@cache
def sentences() -> Catalog:
    """Everything that is marked in code and templates, in English."""
    found = Catalog(fuzzy=False)
    for path, _, message, comments, context in extract_from_dir(PACKAGE, _METHODS, _OPTIONS, _KEYWORDS):
        found.add(message, locations=[(f"syndication/{path}", 1)], auto_comments=comments, context=context)
    return found


def catalogue(path: Path) -> Catalog:
    """One language."""
    with path.open("rb") as file:
        return read_po(file, locale=path.stem, abort_invalid=True)


def main() -> None:
    """Bring all files up to date: new sentences come in empty, what is no longer said goes."""
    for path in CATALOGUES.glob("*.po"):
        known = catalogue(path)
        created = known.creation_date
        known.update(sentences(), no_fuzzy_matching=True)
        known.creation_date = created
        known.msgid_bugs_address = known.last_translator = known.language_team = ""
        with path.open("wb") as file:
            write_po(file, known, width=120, include_lineno=False, ignore_obsolete=True, sort_by_file=True)
        missing = sum(not message.string for message in known if message.id)
        print(f"{path.name}: {len(known)} sentences, {missing} to translate")  # noqa: T201 - for who runs it


if __name__ == "__main__":
    main()
