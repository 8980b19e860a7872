"""The entries of config/: what they become, and what a mistake is told."""

from pathlib import Path

import pytest

from syndication.domain.errors import ConfigError
from syndication.domain.states import FirstFetch, SourceKind
from syndication.entries import load_entries

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
