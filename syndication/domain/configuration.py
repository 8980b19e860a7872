"""What files say and what the database holds: entries as flat fields, where the two differ, and who changed them.

An entry is known by its kind and short name ('topic/ai-agents'); a schedule by its newsletter and its own short name,
which is that of its cadence unless it was given another ('schedule/weekly/daily', the second one 'schedule/weekly/daily-2').
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain, count
from typing import Final

from syndication.domain.entries import Entries, ScheduleEntry
from syndication.domain.newsletters import Newsletter
from syndication.domain.source_options import SourceOptions, options_to
from syndication.domain.sources import Source
from syndication.domain.states import Cadence
from syndication.domain.topics import Topic
from syndication.domain.web_address import without_secrets

Value = str | bool | int | tuple[str, ...] | None
Fields = Mapping[str, Value]
Marks = Mapping[str, str]
"""A mark for each field: equal values have equal marks, and no mark tells its value."""

LOG_IN: Final = "location.log_in"
"""What the address of a source holds of secrets. Files may leave it out, and it is never shown."""

HIDDEN: Final = "(not shown)"
_OPTIONS: Final = "options."


class Kind(StrEnum):
    """What an entry is of."""

    TOPIC = "topic"
    SOURCE = "source"
    NEWSLETTER = "newsletter"
    SCHEDULE = "schedule"


class State(StrEnum):
    """What becomes of an entry that differs.

    new: inserted. changed: written over, as only the file changed. conflict: the database changed since the file was
    last taken over, or nobody knows whether it did. gone: it was taken over once, and is in the database no more.
    refused: cannot be done, whoever wants it.
    """

    NEW = "new"
    CHANGED = "changed"
    CONFLICT = "conflict"
    GONE = "gone"
    REFUSED = "refused"


class Side(StrEnum):
    """Where a field changed since its file was last taken over."""

    FILE = "file"
    DATABASE = "database"
    BOTH = "both"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """One field of an entry. None: as it is by default."""

    name: str
    file: Value
    database: Value
    changed_in: Side


@dataclass(frozen=True, slots=True)
class Difference:
    """An entry that is not the same in both. name: 'KIND/SLUG'. why: of a refusal, with its remedy."""

    name: str
    state: State
    fields: tuple[FieldDifference, ...] = ()
    why: str = ""


def name_of(kind: Kind, slug: str) -> str:
    """What an entry is called on the command line and in what is remembered."""
    return f"{kind}/{slug}"


def named_schedules(newsletter: str, schedules: Iterable[ScheduleEntry]) -> dict[str, ScheduleEntry]:
    """The schedules of a newsletter by name; those without a slug of their own get the next free one of their cadence."""
    listed = list(schedules)
    taken = {schedule.slug for schedule in listed}
    found = {}
    for schedule in listed:
        slug = schedule.slug or next_slug(schedule.cadence, taken)
        taken.add(slug)
        found[name_of(Kind.SCHEDULE, f"{newsletter}/{slug}")] = schedule
    return found


def next_slug(cadence: Cadence, taken: Collection[str]) -> str:
    """The slug of a further schedule of a cadence: 'daily', then 'daily-2' and so on."""
    numbered = (f"{cadence}-{number}" for number in count(2))
    return next(slug for slug in chain((cadence.value,), numbered) if slug not in taken)


def fields_of(entries: Entries) -> dict[str, Fields]:
    """Every entry as flat fields, by name: topics, sources, newsletters, each of these with its schedules behind it."""
    found: dict[str, Fields] = {}
    for topic in entries.topics:
        name = name_of(Kind.TOPIC, topic.slug)
        found[name] = _topic(topic, enabled=name not in entries.off)
    for source in entries.sources:
        name = name_of(Kind.SOURCE, source.slug)
        found[name] = _source(source, enabled=name not in entries.off)
    for newsletter, schedules in entries.newsletters:
        found[name_of(Kind.NEWSLETTER, newsletter.slug)] = _newsletter(newsletter)
        for name, schedule in named_schedules(newsletter.slug, schedules).items():
            found[name] = {
                "cadence": schedule.cadence.value,
                "cron": schedule.cron,
                "zone": schedule.zone,
                "review_minutes": schedule.review_minutes,
                "enabled": schedule.enabled,
            }
    return found


def marks_of(fields: Fields) -> dict[str, str]:
    """What is remembered of an entry that was taken over."""
    return {name: _mark(value) for name, value in fields.items()}


def is_alike(file: Fields, stored: Fields) -> bool:
    """Whether the database holds an entry as its file says it."""
    return not _differing_names(file, stored)


def compare(
    files: Mapping[str, Fields],
    stored: Mapping[str, Fields],
    taken: Mapping[str, Marks],
    removed: Collection[str] = (),
) -> tuple[Difference, ...]:
    """Every entry of the files that the database does not hold as it is written, in the order of the files.

    taken: what the files said when each was last taken over. removed: names that stay taken after their entry was removed.
    """
    found = (
        _differing(name, fields, stored[name], taken.get(name))
        if name in stored
        else _missing(name, fields, is_removed=name in removed, is_known=name in taken)
        for name, fields in files.items()
    )
    return tuple(one for one in found if one is not None)


def _differing(name: str, file: Fields, stored: Fields, taken: Marks | None) -> Difference | None:
    fields = tuple(
        FieldDifference(
            field,
            HIDDEN if field == LOG_IN else file.get(field),
            HIDDEN if field == LOG_IN else stored.get(field),
            _changed_in(field, file.get(field), stored.get(field), taken),
        )
        for field in _differing_names(file, stored)
    )
    if not fields:
        return None
    if any(field.name == "kind" for field in fields):
        why = (
            "A source cannot become one of another kind: give the new one a short name of its own, and pause this one."
        )
        return Difference(name, State.REFUSED, fields, why)
    is_ours = all(field.changed_in is Side.FILE for field in fields)
    return Difference(name, State.CHANGED if is_ours else State.CONFLICT, fields)


def _differing_names(file: Fields, stored: Fields) -> list[str]:
    names = (name for name in dict.fromkeys((*file, *stored)) if name != LOG_IN or name in file)
    return [name for name in names if file.get(name) != stored.get(name)]


def _missing(name: str, file: Fields, *, is_removed: bool, is_known: bool) -> Difference:
    fields = tuple(
        FieldDifference(field, HIDDEN if field == LOG_IN else value, None, Side.FILE) for field, value in file.items()
    )
    if is_removed:
        why = "It was removed, and its articles still bear its name: take it out of the file, or give it another short name."
        return Difference(name, State.REFUSED, fields, why)
    return Difference(name, State.GONE if is_known else State.NEW, fields)


def _changed_in(field: str, file: Value, stored: Value, taken: Marks | None) -> Side:
    if taken is None:
        return Side.UNKNOWN
    # Options that are not named have their defaults; any other field that is not remembered is newer than the memory.
    before = taken.get(field, _mark(None if field.startswith(_OPTIONS) else stored))
    if _mark(stored) == before:
        return Side.FILE
    return Side.DATABASE if _mark(file) == before else Side.BOTH


def _topic(topic: Topic, *, enabled: bool) -> Fields:
    # Other white space around it is no other rule, for the console neither.
    return {"title": topic.title, "description": topic.description, "rule": topic.rule.strip(), "enabled": enabled}


def _source(source: Source, *, enabled: bool) -> Fields:
    location, secrets = without_secrets(source.location)
    return {
        "title": source.title,
        "kind": source.kind.value,
        "location": location,
        **({LOG_IN: _mark(secrets)} if secrets else {}),
        "base_url": source.base_url,
        "language": source.language,
        "first_fetch": source.first_fetch.value,
        "internal": source.internal,
        "full_text": source.full_text,
        "enabled": enabled,
        **_options(source.options),
    }


def _options(options: SourceOptions) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for key, value in options_to(options).items():
        inner = value.items() if isinstance(value, dict) else ()
        found |= {f"{_OPTIONS}{key}.{name}": _plain(one) for name, one in inner}
        if not isinstance(value, dict):
            found[_OPTIONS + key] = _plain(value)
    return found


def _newsletter(newsletter: Newsletter) -> Fields:
    return {
        "title": newsletter.title,
        "description": newsletter.description,
        "sender_name": newsletter.sender_name,
        "sender_address": newsletter.sender_address,
        "reply_to": newsletter.reply_to,
        "postal_address": newsletter.postal_address,
        "language": newsletter.language,
        "languages": tuple(sorted(newsletter.languages)),
        "topics": newsletter.topics,
        "accent": newsletter.accent.lower(),
        "ground": newsletter.ground.lower(),
        "logo": newsletter.logo,
        "header": newsletter.header,
        "footer": newsletter.footer,
        "unknown_policy": newsletter.unknown_policy.value,
        "own_hours": newsletter.own_hours,
        "most_stories": newsletter.most_stories,
    }


def _plain(value: object) -> Value:
    """An option as a field: words of closed sets as texts, lists as tuples."""
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, list):
        return tuple(value)
    assert isinstance(value, str | int)  # noqa: S101 - all that `options_to` has besides
    return value


def _mark(value: Value) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:16]
