"""Entries → the files of config/ that `load_entries` reads back as the same. No secret of a source is written."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from syndication.domain.configuration import Kind, name_of
from syndication.domain.entries import Entries, ScheduleEntry
from syndication.domain.newsletters import Newsletter
from syndication.domain.source_options import options_to
from syndication.domain.sources import Source
from syndication.domain.states import SourceKind
from syndication.domain.web_address import names_of_secrets, without_secrets

_HEADS: Final = {
    "topics": ("The topics that the database holds, in their order.",),
    "sources": (
        "The sources that the database holds.",
        "Log-ins, headers, proxies and certificates are kept sealed and never written; an entry says what is left out of it.",
    ),
    "newsletters": (
        "The newsletters that the database holds, with their schedules.",
        "Not here: mail templates (`syndication templates`), and readers with the hours that they chose for themselves.",
    ),
}
_SEALED: Final = "how it lets us in (log-in, headers, proxy, certificates): give it in the console, Sources"
_IN_ADDRESS: Final = (
    "{names} in its address: `config apply` keeps what the database has; in another installation write it into the address, "
    "here or in the console"
)

Table = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Written:
    """Entries in the words of the files. tables: by file. pictures: bytes by file name. left_out: by slug of a source."""

    tables: Mapping[str, Sequence[Table]]
    pictures: Mapping[str, bytes]
    left_out: Mapping[str, Sequence[str]]

    def documents(self) -> dict[str, bytes]:
        """Every file by its name. The same entries give the same bytes."""
        found = {f"{name}.toml": "".join(self.lines(name)).encode() for name in self.tables}
        return {**found, **self.pictures}

    def lines(self, name: str) -> Iterator[str]:
        """The lines of a file, each with its end."""
        yield "# Written by `syndication config export`; `syndication config apply` takes over what is changed here.\n"
        for words in _HEADS[name]:
            yield f"# {words}\n"
        for table in self.tables[name]:
            yield f"\n[[{name}]]\n"
            for words in self.left_out.get(table["slug"], ()) if name == "sources" else ():
                yield f"# Left out: {words}.\n"
            inner = table.get("schedules") or ()
            yield from (f"{key} = {_toml(value)}\n" for key, value in table.items() if value is not inner)
            for schedule in inner:
                yield f"\n[[{name}.schedules]]\n"
                yield from (f"{key} = {_toml(value)}\n" for key, value in schedule.items())


def written(entries: Entries, sealed: Collection[str] = (), folder: Path | None = None) -> Written:
    """Entries as files say them. sealed: slugs of sources with secrets of their own. folder: where the files will be."""
    logos = {picture.name: picture for picture in entries.pictures}
    letters, pictures = [], {}
    for newsletter, schedules in entries.newsletters:
        logo = logos.get(newsletter.logo)
        name = f"logo-{newsletter.slug}.{newsletter.logo.rpartition('.')[2]}" if logo else ""
        if logo:
            pictures[name] = logo.body
        letters.append(_newsletter(newsletter, schedules, name))
    off = entries.off
    topics = [
        {
            "slug": topic.slug,
            "title": topic.title,
            **({"description": topic.description} if topic.description else {}),
            **_switched_off(is_off=name_of(Kind.TOPIC, topic.slug) in off),
            "rule": topic.rule.strip(),
        }
        for topic in entries.topics
    ]
    sources = [
        _source(source, folder) | _switched_off(is_off=name_of(Kind.SOURCE, source.slug) in off)
        for source in entries.sources
    ]
    left_out = {source.slug: _left_out(source, sealed) for source in entries.sources}
    return Written(
        {"topics": topics, "sources": sources, "newsletters": letters},
        pictures,
        {slug: words for slug, words in left_out.items() if words},
    )


def _source(source: Source, folder: Path | None) -> Table:
    location, _ = without_secrets(source.location)
    if folder and source.kind is SourceKind.FOLDER and Path(location).is_relative_to(folder.resolve()):
        location = Path(location).relative_to(folder.resolve()).as_posix()
    options = options_to(source.options)
    return {
        "slug": source.slug,
        "title": source.title,
        "kind": source.kind.value,
        **({"location": location} if location else {}),
        "first_fetch": source.first_fetch.value,
        **_unusual(source, ("base_url", "language", "internal", "full_text")),
        **({"options": options} if options else {}),
    }


def _left_out(source: Source, sealed: Collection[str]) -> list[str]:
    names = ", ".join(names_of_secrets(source.location))
    found = [_IN_ADDRESS.format(names=names)] if names else []
    return [*found, _SEALED] if source.slug in sealed else found


def _newsletter(newsletter: Newsletter, schedules: Sequence[ScheduleEntry], logo: str) -> Table:
    return {
        "slug": newsletter.slug,
        "title": newsletter.title,
        **({"description": newsletter.description} if newsletter.description else {}),
        "sender_name": newsletter.sender_name,
        "sender_address": newsletter.sender_address,
        "postal_address": newsletter.postal_address,
        "language": newsletter.language,
        "topics": list(newsletter.topics),
        **_unusual(
            newsletter,
            ("reply_to", "accent", "ground", "header", "footer", "unknown_policy", "own_hours", "most_stories"),
        ),
        **({"languages": list(newsletter.languages)} if newsletter.languages else {}),
        **({"logo": logo} if logo else {}),
        "schedules": [
            {
                **({"slug": schedule.slug} if schedule.slug else {}),
                "cadence": schedule.cadence.value,
                "cron": schedule.cron,
                "zone": schedule.zone,
                **_unusual(schedule, ("review_minutes", "enabled")),
            }
            for schedule in schedules
        ],
    }


def _unusual(value: Any, names: tuple[str, ...]) -> Table:  # noqa: ANN401 - one of the dataclasses of the domain
    """The fields that are not as they are by default."""
    usual = {field.name: field.default for field in fields(value)}
    found = {name: getattr(value, name) for name in names if getattr(value, name) != usual[name]}
    return {name: one.value if isinstance(one, StrEnum) else one for name, one in found.items()}


def _switched_off(*, is_off: bool) -> Table:
    return {"enabled": False} if is_off else {}


def _toml(value: object) -> str:
    """A value as TOML writes it. Source: TOML 1.0.0."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        inside = ", ".join(f"{key} = {_toml(one)}" for key, one in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, str):
        return f"'''\n{value}'''" if _reads_better_as_lines(value) else _quoted(value)
    return str(value)


def _reads_better_as_lines(value: str) -> bool:
    is_plain = all(sign in "\n\t" or sign.isprintable() for sign in value)
    return "\n" in value and is_plain and "'''" not in value and not value.endswith("'")


def _quoted(value: str) -> str:
    # JSON's escapes are TOML's, but for one sign that only TOML wants escaped.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
