"""Templates on their way from files into the database: compiled once, versioned, a broken one changes nothing."""

import shutil
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import col, select

from syndication.compose.templates import MAILS, compile_all, load_source
from syndication.domain.errors import TemplateError
from syndication.domain.templates import Template, TemplateSource
from syndication.jobs import templates
from syndication.jobs.templates import install_templates
from syndication.store.database import Database
from syndication.store.tables import TemplateVersionRow
from syndication.store.templates import active_template, save_template
from tests.support.rows import add_newsletter
from tests.support.templates import compile_once

NOW = datetime(2026, 11, 27, 6, 30, tzinfo=UTC)
SHIPPED = Path(__file__).parents[3] / "templates" / "email"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped templates, to be changed at will."""
    return Path(shutil.copytree(SHIPPED, tmp_path / "email"))


@pytest.fixture(autouse=True)
def _compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The shipped templates take the worker more than a second, and each test here begins with them."""
    monkeypatch.setattr(templates, "compile_all", compile_once)


@pytest.fixture
def without_compiler(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From its call on, no process can be started and nothing is remembered, so nothing can be compiled."""

    def take_away() -> None:
        monkeypatch.setattr(templates, "compile_all", compile_all)
        monkeypatch.setattr(sys, "executable", "/nowhere/python")

    return take_away


def versions(database: Database) -> list[TemplateVersionRow]:
    with database.read() as session:
        return list(session.exec(select(TemplateVersionRow).order_by(col(TemplateVersionRow.id))))


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_the_first_start_compiles_every_mail(database: Database, folder: Path) -> None:
    report = install_templates(database, folder, NOW)

    assert report.installed == MAILS
    assert (report.unchanged, report.problems) == ((), ())
    assert report.words == "digest, welcome, link, confirm installed"
    with database.read() as session:
        for name in MAILS:
            assert active_template(session, name, None)[1].name == name
    assert all(row.created_at == NOW for row in versions(database))


def test_the_second_start_compiles_nothing(
    database: Database, folder: Path, without_compiler: Callable[[], None]
) -> None:
    install_templates(database, folder, NOW)
    without_compiler()

    report = install_templates(database, folder, NOW)

    assert (report.unchanged, report.installed, report.problems) == (MAILS, (), ())
    assert report.words == "nothing new"
    assert len(versions(database)) == len(MAILS)


def test_only_a_changed_mail_is_compiled_and_its_old_version_stays_kept(database: Database, folder: Path) -> None:
    install_templates(database, folder, NOW)
    change(folder / "link" / "subject.txt.j2", "{{ t.link_subject }}", "Your way in: {{ newsletter.title }}")

    report = install_templates(database, folder, NOW)

    assert (report.installed, report.unchanged) == (("link",), ("digest", "welcome", "confirm"))
    assert [row.is_active for row in versions(database) if row.name == "link"] == [False, True]


def test_an_older_release_finds_its_version_without_compiling(
    database: Database, folder: Path, without_compiler: Callable[[], None]
) -> None:
    install_templates(database, folder, NOW)
    change(folder / "link" / "subject.txt.j2", "{{ t.link_subject }}", "Your way in")
    install_templates(database, folder, NOW)
    without_compiler()

    report = install_templates(database, SHIPPED, NOW)

    assert (report.installed, report.problems) == (("link",), ())
    assert [row.is_active for row in versions(database) if row.name == "link"] == [True, False]


def test_a_shared_file_counts_for_every_mail(database: Database, folder: Path) -> None:
    install_templates(database, folder, NOW)
    change(folder / "_base.mjml.j2", '"20px 0 40px"', '"24px 0 40px"')

    assert install_templates(database, folder, NOW).installed == MAILS


def test_a_broken_template_leaves_the_old_version_in_use_and_names_file_and_line(
    database: Database, folder: Path
) -> None:
    install_templates(database, folder, NOW)
    with database.read() as session:
        before = active_template(session, "digest", None)
    change(folder / "digest" / "body.mjml.j2", "{{ top_line }}", "{{ tpo_line }}")
    change(folder / "link" / "subject.txt.j2", "{{ t.link_subject }}", "Hello")

    report = install_templates(database, folder, NOW)

    assert report.installed == ("link",)
    assert [str(problem) for problem in report.problems] == [
        f"{folder}/digest/body.mjml.j2, line 5: 'tpo_line' is not known here"
    ]
    assert "link installed; the old version stays in use:" in report.words
    with database.read() as session:
        assert active_template(session, "digest", None) == before


def test_the_file_of_a_shared_line_is_the_shared_one(database: Database, folder: Path) -> None:
    install_templates(database, folder, NOW)
    change(folder / "_stories.mjml.j2", "{{ section.title }}", "{{ section.titel }}")

    problems = [str(problem) for problem in install_templates(database, folder, NOW).problems]

    assert len(problems) == 2
    assert all(f"{folder}/_stories.mjml.j2, line 3: " in problem and "titel" in problem for problem in problems)


def test_a_missing_link_is_reported_with_the_mails_own_file(database: Database, folder: Path) -> None:
    install_templates(database, folder, NOW)
    change(folder / "confirm" / "body.txt.j2", "{{ links.confirm }}", "")

    (problem,) = install_templates(database, folder, NOW).problems

    assert str(problem) == f"{folder}/confirm/body.txt.j2: the link {{{{ links.confirm }}}} is missing"


def test_a_compiler_that_cannot_be_started_leaves_the_old_version_in_use(
    database: Database, folder: Path, without_compiler: Callable[[], None]
) -> None:
    install_templates(database, folder, NOW)
    without_compiler()
    change(folder / "link" / "subject.txt.j2", "{{ t.link_subject }}", "Hello")

    (problem,) = install_templates(database, folder, NOW).problems

    assert "the compiler did not answer" in str(problem)


def test_a_missing_file_leaves_the_old_version_in_use(database: Database, folder: Path) -> None:
    install_templates(database, folder, NOW)
    (folder / "link" / "subject.txt.j2").unlink()

    report = install_templates(database, folder, NOW)

    assert "link" not in report.unchanged
    assert str(folder / "link" / "subject.txt.j2") in str(report.problems[0])


def test_a_mail_without_any_version_is_an_error(database: Database, folder: Path) -> None:
    change(folder / "digest" / "body.mjml.j2", "{{ top_line }}", "{{ tpo_line }}")

    with pytest.raises(TemplateError, match=r"digest/body\.mjml\.j2, line 5"):
        install_templates(database, folder, NOW)

    assert {row.name for row in versions(database)} == {"welcome", "link", "confirm"}


def test_before_init_there_is_no_template_and_the_error_names_the_remedy(database: Database) -> None:
    with database.read() as session, pytest.raises(TemplateError, match="syndication init"):
        active_template(session, "digest", None)


@pytest.fixture
def own(folder: Path) -> Callable[[str], tuple[Template, TemplateSource]]:
    """A made-up compiled template with its source."""
    source = load_source(folder, "digest")

    def made(version_hash: str) -> tuple[Template, TemplateSource]:
        return Template("digest", source.subject, source.text, f"<p>{version_hash}</p>", version_hash), source

    return made


def test_a_newsletter_uses_its_own_template_and_the_others_the_products(
    database: Database, own: Callable[[str], tuple[Template, TemplateSource]]
) -> None:
    with database.write() as session:
        first, second = add_newsletter(session, "first", []), add_newsletter(session, "second", [])
        products = save_template(session, *own("p"), None, NOW)
        firsts = save_template(session, *own("f"), first, NOW)

    with database.read() as session:
        assert active_template(session, "digest", first) == (firsts, own("f")[0])
        assert active_template(session, "digest", second) == (products, own("p")[0])


def test_saving_the_same_template_twice_keeps_one_version(
    database: Database, own: Callable[[str], tuple[Template, TemplateSource]]
) -> None:
    with database.write() as session:
        first = save_template(session, *own("a"), None, NOW)
        save_template(session, *own("b"), None, NOW)
        assert save_template(session, *own("a"), None, NOW) == first

    assert [(row.hash, row.is_active) for row in versions(database)] == [("a", True), ("b", False)]
