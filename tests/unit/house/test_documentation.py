"""What the documents say is so: links lead somewhere, commands exist, the examples of the README are read by the real readers."""

import re
from pathlib import Path
from typing import Final

import pytest

from syndication.cron.slots import check
from syndication.domain.rules import parse
from syndication.entries import load_entries
from syndication.settings import load_settings
from tests.support.tracked import ROOT, text_of, tracked

DOCUMENTS: Final = tracked(".md")
FENCED: Final = "\n".join(re.findall(r"```toml\n(.*?)```", text_of(ROOT / "README.md"), re.DOTALL))
EXAMPLES: Final = dict(
    re.findall(r"^# ([\w/]+\.toml)\n(.*?)(?=^# [\w/]+\.toml\n|\Z)", FENCED, re.DOTALL | re.MULTILINE)
)


def test_the_readme_is_short() -> None:
    assert len(text_of(ROOT / "README.md").splitlines()) <= 150


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_to_a_file_leads_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text_of(document))
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_every_make_command_in_a_document_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", text_of(ROOT / "Makefile"), re.MULTILINE))
    named = {
        word for path in DOCUMENTS for word in re.findall(r"(?:`|^    .*)make ([a-z]+)", text_of(path), re.MULTILINE)
    }
    assert {"run", "test", "demo"} <= named
    assert named <= targets


def test_the_settings_of_the_readme_are_settings(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "syndication.toml").write_text(EXAMPLES["var/syndication.toml"], "utf-8")
    assert load_settings({}, tmp_path).site.public_url == "https://news.example.org"


def test_the_entries_of_the_readme_are_entries(tmp_path: Path) -> None:
    shipped = {"topics.toml": text_of(ROOT / "config" / "topics.toml")}
    for name in ("sources.toml", "topics.toml", "newsletters.toml"):
        (tmp_path / name).write_text(shipped.get(name, "") + EXAMPLES[name], "utf-8")
    found = load_entries(tmp_path)
    assert [source.slug for source in found.sources] == ["example-blog"]
    assert [newsletter.slug for newsletter, _ in found.newsletters] == ["daily"]
    assert [parse(topic.rule) for topic in found.topics if topic.slug == "databases"]
    for _, schedules in found.newsletters:
        for schedule in schedules:
            check(schedule.cron, schedule.zone)
