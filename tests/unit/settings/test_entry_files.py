"""Entries written as files: `load_entries` reads the same ones back, and no secret is among the bytes."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given

from syndication.domain.configuration import fields_of
from syndication.domain.entries import Entries
from syndication.domain.sources import Source
from syndication.domain.states import SourceKind
from syndication.entries import load_entries, require_sound
from syndication.entry_files import written
from tests.support.entries import all_entries


def saved(entries: Entries, folder: Path, *sealed: str) -> Entries:
    for name, body in written(entries, sealed, folder).documents().items():
        (folder / name).write_bytes(body)
    return load_entries(folder)


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


def test_a_folder_beside_the_file_is_named_from_there(tmp_path: Path) -> None:
    entries = Entries(sources=(Source("own", "Own", SourceKind.FOLDER, str(tmp_path.resolve() / "samples")),))
    assert written(entries, folder=tmp_path).tables["sources"][0]["location"] == "samples"
    assert saved(entries, tmp_path).sources[0].location == str(tmp_path.resolve() / "samples")
