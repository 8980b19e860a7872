"""The entries of config/: what they become, and what a mistake is told."""

from pathlib import Path

import pytest

from syndication.domain.errors import ConfigError
from syndication.domain.states import FirstFetch, SourceKind
from syndication.entries import load_entries, require_sound

TOPIC = '[[topics]]\nslug = "agents"\ntitle = "Agents"\nrule = "agent*"\n'
LETTER = """[[newsletters]]
slug = "weekly"
title = "Weekly"
sender_name = "W"
sender_address = "w@example.org"
postal_address = "Street 1"
topics = ["agents"]
[[newsletters.schedules]]
cadence = "weekly"
cron = "30 7 * * FRI"
zone = "Europe/Rome"
"""


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.toml").write_text(text, "utf-8")
    return folder


def test_a_folder_source_is_found_beside_the_file_and_its_articles_are_news(tmp_path: Path) -> None:
    sources = '[[sources]]\nslug = "own"\ntitle = "Own"\nkind = "folder"\nlocation = "samples"\n'
    source = load_entries(write(tmp_path, sources=sources)).sources[0]
    assert source.location == str(tmp_path.resolve() / "samples")
    assert (source.kind, source.first_fetch) == (SourceKind.FOLDER, FirstFetch.NEW)


def test_a_feed_is_history_at_its_first_fetch_unless_the_entry_says_otherwise(tmp_path: Path) -> None:
    feed = '[[sources]]\nslug = "{}"\ntitle = "F"\nkind = "feed"\nlocation = "https://example.org/rss"\n{}'
    text = feed.format("a", "") + feed.format("b", 'first_fetch = "new"\n')
    sources = load_entries(write(tmp_path, sources=text)).sources
    assert [source.first_fetch for source in sources] == [FirstFetch.BACKFILL, FirstFetch.NEW]


def test_a_newsletter_comes_with_its_schedules(tmp_path: Path) -> None:
    letter, schedules = load_entries(write(tmp_path, topics=TOPIC, newsletters=LETTER)).newsletters[0]
    assert letter.topics == ("agents",)
    assert [(s.cadence, s.cron, s.zone) for s in schedules] == [("weekly", "30 7 * * FRI", "Europe/Rome")]


def test_an_empty_folder_has_no_entries(tmp_path: Path) -> None:
    entries = load_entries(tmp_path)
    assert (entries.topics, entries.sources, entries.newsletters) == ((), (), ())


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"topics": TOPIC.replace("rule", "rul")}, ["topics.toml", "'agents'", "'rul'", "'rule'"]),
        ({"topics": "[[topic]]\n"}, ["topics.toml", "'topic'", "[[topics]]"]),
        ({"topics": TOPIC + TOPIC}, ["topics.toml", "'agents'", "twice"]),
        ({"topics": TOPIC.replace('"agents"', '"My Agents"')}, ["topics.toml", "'slug'"]),
        ({"topics": TOPIC, "newsletters": LETTER.replace('"agents"', '"agent"')}, ["'agent'", "'agents'"]),
        ({"topics": TOPIC, "newsletters": LETTER.replace("cron", "corn")}, ["corn", "'cron'"]),
        (
            {
                "topics": TOPIC,
                "newsletters": LETTER
                + '[[newsletters.schedules]]\nslug = "x"\ncadence = "instant"\nzone = "UTC"\n' * 2,
            },
            ["'weekly'", "two schedules have the same slug"],
        ),
        (
            {"topics": TOPIC, "newsletters": LETTER.replace('"weekly"\ncron', '"weakly"\ncron')},
            ["cadence", "nearest", "'weekly'"],
        ),
        ({"newsletters": LETTER.replace('"w@example.org"', "7")}, ["newsletters.toml", "'sender_address'"]),
    ],
)
def test_a_mistake_names_file_entry_key_and_remedy(tmp_path: Path, files: dict[str, str], words: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        load_entries(write(tmp_path, **files))
    for word in words:
        assert word in str(caught.value)


def test_languages_that_have_no_words_are_refused_by_name(tmp_path: Path) -> None:
    with_languages = LETTER.replace("topics =", 'languages = ["it", "tlh"]\ntopics =')
    with pytest.raises(ConfigError, match="no words for tlh; languages can be en, "):
        load_entries(write(tmp_path, topics=TOPIC, newsletters=with_languages))

    (letter, _) = load_entries(write(tmp_path, newsletters=with_languages.replace(', "tlh"', ""))).newsletters[0]
    assert letter.languages == ("it",)


def test_what_is_switched_off_is_told_and_a_newsletter_may_say_that_it_has_no_schedule(tmp_path: Path) -> None:
    source = '[[sources]]\nslug = "a"\ntitle = ""\nkind = "push"\nenabled = false\n'
    letter = LETTER.partition("[[newsletters.schedules]]")[0] + "schedules = []\n"
    entries = load_entries(write(tmp_path, topics=TOPIC + "enabled = false\n", sources=source, newsletters=letter))
    assert entries.off == {"topic/agents", "source/a"}
    assert entries.newsletters[0][1] == ()


def test_a_newsletter_may_name_topics_that_only_the_database_has(tmp_path: Path) -> None:
    assert load_entries(write(tmp_path, newsletters=LETTER), known_topics=["agents"]).newsletters


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"topics": TOPIC.replace("agent*", "(agent*")}, r"topics.toml: \[\[topics\]\] 'agents': 'rule': "),
        (
            {"newsletters": LETTER.replace("w@example", "w example")},
            "newsletters.toml: .* 'weekly': 'sender_address': ",
        ),
        ({"newsletters": LETTER.replace("Europe/Rome", "Europe/Roma")}, "'weekly': 'schedules.cron': .*Europe/Roma"),
        (
            {"newsletters": LETTER.replace('"Europe/Rome"', '"Europe/Rome"\nreview_minutes = 10080')},
            "'weekly': 'schedules.review_minutes': So early",
        ),
        (
            {"newsletters": LETTER.replace('"Street 1"', '"' + "x" * 301 + '"')},
            "postal_address': The words are too long",
        ),
        (
            {"sources": '[[sources]]\nslug = "a"\ntitle = "A"\nkind = "feed"\nlocation = "example.org"\n'},
            "sources.toml: .* 'a': 'location': The address must look like",
        ),
    ],
)
def test_files_are_asked_what_the_console_asks(tmp_path: Path, files: dict[str, str], words: str) -> None:
    entries = load_entries(write(tmp_path, **files), known_topics=["agents"])
    with pytest.raises(ConfigError, match=words):
        require_sound(tmp_path, entries)


def test_a_monthly_schedule_whose_words_cannot_be_read_is_told_by_file_and_key(tmp_path: Path) -> None:
    monthly = LETTER.replace('"weekly"\ncron = "30 7 * * FRI"', '"monthly"\ncron = "30 7"')
    with pytest.raises(ConfigError, match=r"newsletters.toml: .* 'weekly': 'schedules.cron': "):
        load_entries(write(tmp_path, topics=TOPIC, newsletters=monthly))
