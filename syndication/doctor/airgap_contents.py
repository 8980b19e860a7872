"""What readers are shown: whether pages, mails and logos fetch anything from elsewhere."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from syndication.doctor.patient import Patient
from syndication.domain.findings import Finding, Verdict
from syndication.domain.pictures import fitted
from syndication.html.foreign import foreign_loads
from syndication.store.templates import template_version, versions

_WEB: Final = Path(__file__).parents[1] / "web"
_SHOWN: Final = frozenset({".html", ".css", ".js", ".svg"})


def pages(patient: Patient) -> list[Finding]:
    """The pages as they are installed here: fonts, scripts, styles and pictures."""
    del patient
    files = sorted(
        path for name in ("templates", "static") for path in (_WEB / name).rglob("*") if path.suffix in _SHOWN
    )
    found = {str(path.relative_to(_WEB)): foreign_loads(path.read_text("utf-8")) for path in files}
    remedy = (
        "Install this version anew: somebody changed the pages, and browsers are told to load nothing from elsewhere."
    )
    return [_verdict("pages", "Pages", found, "files of pages, styles and scripts", remedy)]


def mail_templates(patient: Patient) -> list[Finding]:
    """The templates in use."""
    with patient.app.database.read() as session:
        active = [version for version in versions(session) if version.is_active]
        found = {}
        for version in active:
            kept = template_version(session, version.id)
            owner = f"{version.newsletter}: " if version.newsletter else ""
            found[f"{owner}{version.name}"] = foreign_loads(f"{kept[1].mjml}\n{kept[0].html}") if kept else ()
    remedy = "Give the template a logo on the newsletter's page Look instead, or take the address out (`syndication templates`)."
    return [_verdict("mail_templates", "Mail templates", found, "templates in use", remedy)]


def logos(patient: Patient) -> list[Finding]:
    """The logos of newsletters, which are kept here."""
    named = [letter for letter in patient.letters if letter.logo]
    foreign = [letter for letter in named if fitted(letter.logo, 1, 1) is None]
    if foreign:
        words = "Some logos are none of the pictures that are kept here."
        remedy = "Upload them in the console, on the newsletter's page Look."
        text = "\n".join(f"{letter.slug}  {letter.logo}" for letter in foreign)
        return [Finding("logos", "Logos", Verdict.FAULT, words, remedy, text)]
    words = f"{len(named)}, kept here and shown from the public address." if named else "None."
    return [Finding("logos", "Logos", Verdict.OK, words)]


def _verdict(name: str, title: str, found: Mapping[str, tuple[str, ...]], what: str, remedy: str) -> Finding:
    lines = [f"{place}  {address}" for place, addresses in found.items() for address in addresses]
    if lines:
        return Finding(name, title, Verdict.FAULT, "Something is fetched from elsewhere.", remedy, "\n".join(lines))
    return Finding(name, title, Verdict.OK, f"{len(found)} {what}, and nothing is fetched from elsewhere.")
