"""A folder with more files than are read."""

import os
from pathlib import Path

from syndication.collect.fetcher import SourceFetcher
from syndication.domain.sources import Fetched
from syndication.domain.states import SourceKind
from tests.support.items import NOW, source


def test_of_too_many_files_those_changed_last_are_read(tmp_path: Path) -> None:
    for number in range(2003):
        (tmp_path / f"{number:04}.txt").touch()
        os.utime(tmp_path / f"{number:04}.txt", ns=(number, number))
    (tmp_path / "0002.txt").write_text("Old words.")
    os.utime(tmp_path / "0002.txt", ns=(2, 2))
    (tmp_path / "0003.txt").write_text("Newer words.")
    os.utime(tmp_path / "0003.txt", ns=(3, 3))
    found = SourceFetcher("Test/1").fetch(source(kind=SourceKind.FOLDER, location=str(tmp_path)), NOW)
    assert isinstance(found, Fetched)
    assert [item.native_key for item in found.items] == ["0003.txt"]
    assert "3 files were left out" in found.repairs[0]
