"""Template files → active versions: compiles what changed since the last start, and nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from syndication.compose.templates import MAILS, compile_all, compile_template, load_source, place, source_hash
from syndication.domain.errors import TemplateError
from syndication.domain.templates import Template, TemplateSource
from syndication.store.database import Database
from syndication.store.templates import activate_version, active_hashes, keep_template, save_template


@dataclass(frozen=True, slots=True)
class InstallReport:
    """What became of the templates that come with the product, by name.

    problems: what keeps a changed template from being used, with file and line; its old version stays in use.
    """

    installed: tuple[str, ...]
    unchanged: tuple[str, ...]
    problems: tuple[TemplateError, ...] = ()

    @property
    def words(self) -> str:
        """For the terminal."""
        found = ", ".join(self.installed) + " installed" if self.installed else "nothing new"
        return "; the old version stays in use: ".join((found, *map(str, self.problems)))


def install_templates(database: Database, folder: Path, now: datetime) -> InstallReport:
    """Bring the product's templates up to date with their files; a second call finds nothing to do and compiles nothing.

    Raises TemplateError when a mail would have no version at all.
    """
    with database.read() as session:
        active = active_hashes(session, None)
    sources, problems = _load(folder)
    changed = [source for source in sources if active.get(source.name) != source_hash(source)]
    known = _activate_known(database, changed)
    fresh = [source for source in changed if source.name not in known]
    compiled = list(zip(fresh, compile_all(fresh), strict=True))
    good = [(source, answer) for source, answer in compiled if isinstance(answer, Template)]
    _save(database, good, now)
    problems |= {
        source.name: _placed(folder, source.name, answer)
        for source, answer in compiled
        if isinstance(answer, TemplateError)
    }
    for name in problems.keys() - active.keys():
        raise problems[name]
    return InstallReport(
        installed=(*known, *(source.name for source, _ in good)),
        unchanged=tuple(source.name for source in sources if source not in changed),
        problems=tuple(problems.values()),
    )


def keep_own_template(
    database: Database, source: TemplateSource, newsletter_id: int, author: str, now: datetime
) -> int:
    """Check and keep an admin's version for one newsletter, without using it yet; the version's id.

    Raises TemplateError, with part and line where they are known, and then nothing is kept.
    """
    template = compile_template(source)
    with database.write() as session:
        return keep_template(session, template, source, newsletter_id, now, author)


def check_folder(folder: Path, names: Sequence[str]) -> list[TemplateError]:
    """What is wrong with these mails of a folder of templates, each with file and line in its words."""
    found: list[TemplateError] = []
    for name in names:
        try:
            compile_template(load_source(folder, name))
        except TemplateError as error:
            found.append(_placed(folder, name, error) if error.part else error)
    return found


def _load(folder: Path) -> tuple[list[TemplateSource], dict[str, TemplateError]]:
    """The sources that can be read, and the problems of the others by name."""
    sources, problems = [], {}
    for name in MAILS:
        try:
            sources.append(load_source(folder, name))
        except TemplateError as error:
            problems[name] = error
    return sources, problems


def _activate_known(database: Database, sources: Sequence[TemplateSource]) -> list[str]:
    """The names of those that were compiled before (an older release is back), now active again."""
    if not sources:
        return []
    with database.write() as session:
        return [source.name for source in sources if activate_version(session, source.name, None, source_hash(source))]


def _save(database: Database, compiled: Sequence[tuple[TemplateSource, Template]], now: datetime) -> None:
    if compiled:
        with database.write() as session:
            for source, template in compiled:
                save_template(session, template, source, None, now)


def _placed(folder: Path, name: str, error: TemplateError) -> TemplateError:
    """The same error, with file and line in its words."""
    return TemplateError(f"{place(folder, error, name)}: {error}", error.line, error.part)
