"""`syndication config`: from a fresh folder to edited files, a conflict with the console, and out again into a second folder."""

import json
from pathlib import Path

import pytest

from tests.acceptance.conftest import Service


def edit(service: Service, name: str, before: str, after: str) -> None:
    file = service.folder / "config" / name
    text = file.read_text("utf-8")
    assert before in text
    file.write_text(text.replace(before, after), "utf-8")


def test_files_are_edited_compared_and_taken_over(service: Service) -> None:
    assert "Nothing differs" in service.here("config", "diff")
    edit(service, "topics.toml", 'title = "AI agents"', 'title = "Agents"')
    edit(service, "newsletters.toml", "30 7 * * FRI", "0 8 * * MON")

    said = service.here("config", "diff", status=1)
    assert "title: 'AI agents' → 'Agents'" in said
    assert "cron: '30 7 * * FRI' → '0 8 * * MON'" in said
    found = json.loads(service.here("config", "diff", "--json", status=1))
    assert [(one["kind"], one["slug"], one["state"]) for one in found["differences"]] == [
        ("topic", "ai-agents", "changed"),
        ("schedule", "weekly/weekly", "changed"),
    ]
    assert found["differences"][0]["fields"] == [
        {"name": "title", "file": "Agents", "database": "AI agents", "changed_in": "file"}
    ]

    assert "2 entries would be taken over. Nothing was changed." in service.here("config", "apply", "--dry-run")
    assert "topic/ai-agents: changed." in service.here("config", "apply", "--only", "topic/ai-agents")
    assert "1 entry taken over." in service.here("config", "apply")
    assert "Nothing to take over." in service.here("config", "apply")
    assert service.ask("SELECT title FROM topic WHERE slug = 'ai-agents'") == [("Agents",)]


def test_what_the_console_changed_is_kept_until_it_is_forced(service: Service) -> None:
    edit(service, "topics.toml", 'title = "AI agents"', 'title = "Agents"')
    service.execute("UPDATE topic SET title = :title WHERE slug = 'ai-agents'", title="Robots")

    said = service.here("config", "apply", status=1)
    assert "topic/ai-agents: conflict. It was changed in the database" in said
    assert "title: 'Robots' → 'Agents'   (changed in both)" in said
    assert "1 conflict left as the database has it" in said
    assert service.ask("SELECT title FROM topic WHERE slug = 'ai-agents'") == [("Robots",)]
    assert "topic/ai-agents: written over." in service.here("config", "apply", "--force")
    assert "Nothing differs" in service.here("config", "diff")


def test_an_export_makes_the_same_configuration_of_a_fresh_folder(service: Service, tmp_path: Path) -> None:
    service.execute("UPDATE source SET location = :url, kind = 'feed'", url="https://me:hush@example.org/rss")
    service.execute(
        "UPDATE topic SET title = :title, enabled = :off WHERE slug = 'ai-agents'", title="Robots", off=False
    )
    to = tmp_path / "second" / "config"
    assert "Left out of source/desk: log-in in its address" in service.here("config", "export", "--to", str(to))
    assert "hush" not in "".join(file.read_text("utf-8") for file in to.iterdir())
    whole = service.here("config", "export", "--json")

    second = Service(tmp_path / "second", "", service.smtp)
    assert "2 topics, 1 source, 1 newsletter inserted" in second.here("init")
    assert "Nothing differs" in second.here("config", "diff")
    told, told_again = json.loads(whole), json.loads(second.here("config", "export", "--json"))
    assert {name: told[name] for name in ("topics", "sources", "newsletters")} == {
        name: told_again[name] for name in ("topics", "sources", "newsletters")
    }
    edit(second, "topics.toml", "Robots", "Machines")
    assert "says something else" in second.here("config", "export", "--to", str(to), status=1)
    assert "topics.toml" in second.here("config", "export", "--to", str(to), "--force")
    assert "Robots" in (to / "topics.toml").read_text("utf-8")


@pytest.mark.parametrize(
    ("file", "before", "after", "words"),
    [
        ("topics.toml", "rule = '''", "rulle = '''", ["topics.toml", "'rulle'", "nearest valid one is 'rule'"]),
        ("topics.toml", '"ai agent*" OR', '"ai agent*" ORR (', ["topics.toml", "'ai-agents'", "'rule'"]),
    ],
)
def test_a_wrong_file_is_told_by_file_and_key_and_changes_nothing(
    service: Service, file: str, before: str, after: str, words: list[str]
) -> None:
    edit(service, "newsletters.toml", 'title = "The AI Weekly"', 'title = "Another"')
    edit(service, file, before, after)
    for command in (("config", "diff"), ("config", "apply", "--force")):
        said = service.here(*command, status=1)
        assert [word for word in words if word not in said] == []
    assert service.ask("SELECT title FROM newsletter") == [("The AI Weekly",)]


def test_a_name_that_no_file_has_is_wrong_use_with_the_nearest_one(service: Service) -> None:
    said = " ".join(service.here("config", "apply", "--only", "topics/ai-agent", status=2).replace("│", " ").split())
    assert "topic/ai-agents" in said
