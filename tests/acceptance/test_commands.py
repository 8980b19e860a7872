"""Every command: help with an example, JSON that can be read, and what it says of one whole pass."""

import csv
import io
import json
import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from typer import Context
from typer.core import TyperGroup
from typer.main import get_command
from typer.testing import CliRunner

from syndication.cli import PARTS, app
from tests.acceptance.conftest import ROOT
from tests.support.forking import run_command

COMMANDS = (
    "init",
    "migrate",
    "backup",
    "restore",
    "rotate-encryption",
    "doctor",
    "serve",
    "worker",
    "collect",
    "classify",
    "publish",
    "deliver",
    "dkim",
    "demo",
    "sources list",
    "articles withdraw",
    "topics list",
    "topics evaluate",
    "issues list",
    "issues send",
    "issues show",
    "issues pause",
    "issues resume",
    "issues cancel",
    "issues rest",
    "issues check",
    "issues send-anyway",
    "subscribers show",
    "subscribers export",
    "subscribers erase",
    "subscribers import",
    "admin create",
    "templates list",
    "templates check",
    "templates install",
    "mail-in",
    "suppressions list",
    "suppressions count",
    "suppressions show",
    "suppressions add",
    "suppressions remove",
    "version",
    "sources check",
    "sources import",
    "sources export",
    "feeds stats",
    "issues announce",
    "issues preview",
    "issues test",
    "issues hold",
    "issues send-now",
    "issues skip",
    "issues intro",
    "issues subject",
    "issues drop",
    "issues add",
    "admin list",
    "admin reset",
    "tokens create",
    "tokens list",
    "tokens revoke",
    "templates use",
    "config diff",
    "config apply",
    "config export",
)


def named(command: object, *words: str) -> set[str]:
    """The commands below this one."""
    if not isinstance(command, TyperGroup):
        return {" ".join(words)}
    context = Context(command)
    below = {word: command.get_command(context, word) for word in command.list_commands(context)}
    return {name for word, one in below.items() for name in named(one, *words, word)}


def test_every_command_is_known_here_and_none_is_lost() -> None:
    assert named(get_command(app)) == set(COMMANDS)


def test_the_list_of_commands_has_a_line_for_each() -> None:
    shown = CliRunner().invoke(app, ["--help"], prog_name="syndication", terminal_width=80).output
    for part in PARTS:
        assert re.search(rf"│ {part.name} +{re.escape(part.line)} +│", shown), part.name


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_shows_an_example_in_its_help(command: str) -> None:
    # In this process: starting one for each of forty commands takes a minute.
    shown = CliRunner().invoke(app, [*command.split(), "--help"], prog_name="syndication", terminal_width=200)
    assert shown.exit_code == 0, shown.output
    assert f"syndication {command}" in " ".join(shown.output.partition("Example:")[2].split())


one_demo = pytest.mark.xdist_group("demo")  # in one worker: it takes seconds


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of one demo over the bundled samples."""
    folder = tmp_path_factory.mktemp("demo")
    command = [sys.executable, "-W", "error", "-m", "syndication", "demo", "--to", str(folder), "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)  # noqa: S603 - ours
    assert done.returncode == 0, done.stderr
    (folder / "said.json").write_text(done.stdout, "utf-8")
    return folder


def ask(demo: Path, *arguments: str) -> str:
    """A command about the demo's installation."""
    environ = {"SYNDICATION_VAR": str(demo), "PATH": "/usr/bin"}
    code, output, errors = run_command(*arguments, environ=environ, folder=ROOT)
    assert code == 0, errors
    return output


@one_demo
def test_a_demo_over_the_samples_makes_feeds_of_both_topics_and_three_mails(demo: Path) -> None:
    said = json.loads((demo / "said.json").read_text("utf-8"))
    assert said["collected"] >= 12
    assert set(said["topics"]) == {"ai-agents", "on-prem-llms"}
    assert len(said["mails"]) == 3
    for path in ("feeds/all.rss", "feeds/topics/ai-agents.atom", "feeds/topics/on-prem-llms.json"):
        assert (demo / path).stat().st_size > 1_000


def test_the_copied_page_is_in_both_topics_and_in_a_digest_without_its_furniture(tmp_path: Path) -> None:
    articles = tmp_path / "articles"
    articles.mkdir()
    page = ROOT / "tests" / "data" / "classify" / "ai-radar-article.txt"
    (articles / "page.txt").write_bytes(page.read_bytes())
    to = tmp_path / "out"
    command = ("demo", "--articles", str(articles), "--to", str(to), "--base-url", "https://ai-radar.it", "--json")
    code, output, errors = run_command(*command, environ=os.environ, folder=ROOT)
    assert code == 0, errors
    assert json.loads(output)["topics"] == {"ai-agents": 1, "on-prem-llms": 1}
    for topic in ("ai-agents", "on-prem-llms"):
        item = json.loads((to / "feeds" / "topics" / f"{topic}.json").read_text("utf-8"))["items"][0]
        assert item["title"] == "A Leadership Change at Meta's AI Division"
        assert 'href="https://ai-radar.it/llm-onpremise"' in item["content_html"]
        assert "<h2>Leadership Stability and Infrastructure Choices</h2>" in item["content_html"]
        for furniture in ("Comments", "Log in", "No comments"):
            assert furniture not in item["content_html"]
    mails = "".join(path.read_text("ascii") for path in (to / "outbox").glob("*.eml"))
    assert "A Leadership Change at Meta" in mails
    assert "because you follow" in mails.replace("=\n", "")
    assert "No comments yet" not in mails


@one_demo
def test_an_article_is_withdrawn_and_shown_again(demo: Path) -> None:
    item = json.loads((demo / "feeds/topics/ai-agents.json").read_text("utf-8"))["items"][0]
    uid = item["id"].rpartition("/")[2]
    said = json.loads(ask(demo, "articles", "withdraw", item["id"], "--json"))
    assert said == {"articles": [uid], "withdrawn": True}
    assert ask(demo, "articles", "withdraw", uid, "--undo") == "1 article shown again.\n"
    with closing(sqlite3.connect(demo / "syndication.db")) as database:
        log = database.execute("SELECT actor, action FROM audit_entry WHERE target = ?", (f"article {uid}",)).fetchall()
    assert log == [("command", "article.withdraw"), ("command", "article.restore")]
    code, _, errors = run_command("articles", "withdraw", "nobody", environ={"SYNDICATION_VAR": str(demo)}, folder=ROOT)
    assert (code, "There is no article 'nobody'" in errors) == (1, True)


@one_demo
def test_what_became_of_an_issue_and_a_reader_can_be_asked(demo: Path) -> None:
    issues = json.loads(ask(demo, "issues", "list", "--json"))
    assert [(issue["state"], issue["readers"]) for issue in issues] == [("sent", 3)]
    shown = json.loads(ask(demo, "issues", "show", str(issues[0]["issue"]), "--json"))
    assert [row["state"] for row in shown["deliveries"]] == ["accepted"] * 3
    reader = json.loads(ask(demo, "subscribers", "show", "everything@readers.example.org", "--json"))
    assert [mail["state"] for mail in reader["mails"]] == ["accepted"]
    assert [event["event"] for event in reader["consent"]] == ["requested", "confirmed"]


@one_demo
def test_a_dry_run_says_what_would_go_and_sends_nothing(demo: Path) -> None:
    before = sorted((demo / "outbox").iterdir())
    said = json.loads(ask(demo, "issues", "send", "weekly", "--dry-run", "--json"))
    assert (said["readers"], said["readers without news"]) == (0, 3)
    assert sorted((demo / "outbox").iterdir()) == before


@one_demo
def test_readers_are_exported_as_csv(demo: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(ask(demo, "subscribers", "export"))))
    assert [row["email"].split("@")[0] for row in rows] == ["everything", "ai-agents", "on-prem-llms"]
    assert {row["status"] for row in rows} == {"confirmed"}


@one_demo
@pytest.mark.parametrize("arguments", [("sources", "list"), ("topics", "list"), ("issues", "list")])
def test_lists_are_json_for_programs_and_tables_for_people(demo: Path, arguments: tuple[str, ...]) -> None:
    assert isinstance(json.loads(ask(demo, *arguments, "--json")), list)
    assert ask(demo, *arguments).strip()


@one_demo
def test_the_rules_are_measured_against_labelled_texts(demo: Path) -> None:
    file = ROOT / "tests" / "data" / "classify" / "labelled.jsonl"
    scores = json.loads(ask(demo, "topics", "evaluate", str(file), "--json"))
    assert {score["topic"] for score in scores} == {"ai-agents", "on-prem-llms"}
