"""Entries written as files: `load_entries` reads the same ones back, and no secret is among the bytes."""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given

from syndication.domain.configuration import fields_of
from syndication.domain.entries import Entries, ScheduleEntry
from syndication.domain.newsletters import Newsletter
from syndication.domain.source_options import ApiRules, SourceOptions
from syndication.domain.sources import Source
from syndication.domain.states import Cadence, SourceKind
from syndication.domain.topics import Topic
from syndication.entries import load_entries, require_sound
from syndication.entry_files import written
from tests.support.entries import all_entries, picture


def saved(entries: Entries, folder: Path, *sealed: str) -> Entries:
    for name, body in written(entries, sealed, folder).documents().items():
        (folder / name).write_bytes(body)
    return load_entries(folder)


def without_heads(body: bytes) -> str:
    return "".join(line for line in body.decode().splitlines(keepends=True) if not line.startswith("#"))


@given(all_entries())
def test_what_was_written_is_read_back_as_the_same(entries: Entries) -> None:
    with TemporaryDirectory() as place:
        found = saved(entries, Path(place))
        require_sound(Path(place), found)
        again = written(found, folder=Path(place)).documents()
    assert fields_of(found) == fields_of(entries)
    assert list(fields_of(found)) == list(fields_of(entries))
    assert {picture.name for picture in found.pictures} == {picture.name for picture in entries.pictures}
    assert again == written(entries, folder=Path(place)).documents()


def test_secrets_are_left_out_and_the_file_says_so(tmp_path: Path) -> None:
    location = "https://me:hush@example.org/rss?token=whisper&page=2"
    entries = Entries(sources=(Source("a", "A", SourceKind.FEED, location),))

    found = saved(entries, tmp_path, "a")

    text = (tmp_path / "sources.toml").read_text("utf-8")
    assert "hush" not in text
    assert "whisper" not in text
    assert "# Left out: log-in, token in its address" in text
    assert "# Left out: how it lets us in" in text
    assert found.sources[0].location == "https://example.org/rss?page=2"


def test_files_say_what_is_not_as_it_is_by_default(tmp_path: Path) -> None:
    logo = picture(3)
    letter = Newsletter("w", "W", "", "Desk", "w@example.org", "Street 1", "en", ("a",), logo=logo.name)
    options = SourceOptions(api=ApiRules(items="data", languages=("en", "it")))
    entries = Entries(
        topics=(Topic("a", "A", "", "agent*"), Topic("b", "B", "It's b", 'a "b"\nOR c')),
        sources=(Source("s", "S", SourceKind.API, "https://example.org/api", internal=True, options=options),),
        newsletters=(
            (letter, (ScheduleEntry(Cadence.WEEKLY, "30 7 * * FRI", "UTC", 30),)),
            (replace(letter, slug="x", logo="", description="About X"), ()),
        ),
        pictures=(logo,),
        off=frozenset({"topic/b"}),
    )
    files = written(entries).documents()
    said = {name: without_heads(body) for name, body in files.items() if name.endswith(".toml")}
    assert said == {
        "topics.toml": """
[[topics]]
slug = "a"
title = "A"
rule = "agent*"

[[topics]]
slug = "b"
title = "B"
description = "It's b"
enabled = false
rule = '''
a "b"
OR c'''
""",
        "sources.toml": """
[[sources]]
slug = "s"
title = "S"
kind = "api"
location = "https://example.org/api"
first_fetch = "backfill"
internal = true
options = { api = { items = "data", languages = ["en", "it"] } }
""",
        "newsletters.toml": """
[[newsletters]]
slug = "w"
title = "W"
sender_name = "Desk"
sender_address = "w@example.org"
postal_address = "Street 1"
language = "en"
topics = ["a"]
logo = "logo-w.png"

[[newsletters.schedules]]
cadence = "weekly"
cron = "30 7 * * FRI"
zone = "UTC"
review_minutes = 30

[[newsletters]]
slug = "x"
title = "W"
description = "About X"
sender_name = "Desk"
sender_address = "w@example.org"
postal_address = "Street 1"
language = "en"
topics = ["a"]
schedules = []
""",
    }
    assert files["logo-w.png"] == logo.body
    assert fields_of(saved(entries, tmp_path)) == fields_of(entries)


def test_a_folder_beside_the_file_is_named_from_there(tmp_path: Path) -> None:
    entries = Entries(sources=(Source("own", "Own", SourceKind.FOLDER, str(tmp_path.resolve() / "samples")),))
    assert written(entries, folder=tmp_path).tables["sources"][0]["location"] == "samples"
    assert saved(entries, tmp_path).sources[0].location == str(tmp_path.resolve() / "samples")
