"""config/{topics,newsletters,sources}.toml → entries: what `init` inserts when its slug is absent, and `config apply` takes over.

In between the database is the truth. An unknown key is an error that names file, entry and the nearest valid key.
"""

import difflib
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from syndication.cron.cadences import words_of
from syndication.domain.configuration import Kind, name_of
from syndication.domain.entries import Entries, ScheduleEntry
from syndication.domain.errors import ConfigError, CronError, PictureError
from syndication.domain.newsletters import (
    FOOTER_LENGTH,
    HEADER_LENGTH,
    LONGEST_REVIEW_MINUTES,
    MOST_STORIES,
    Newsletter,
)
from syndication.domain.pictures import Picture, picture_from
from syndication.domain.source_options import SourceOptions, options_from
from syndication.domain.sources import Source
from syndication.domain.states import Cadence, FirstFetch, SourceKind, UnknownPolicy
from syndication.domain.topics import Topic
from syndication.jobs.entry_faults import look_fault, newsletter_faults, schedule_faults, source_faults, topic_faults
from syndication.lang.words import LANGUAGES
from syndication.settings import read_toml
from syndication.store.looks import look_of

_SLUG: Final = r"^[a-z0-9]+(-[a-z0-9]+)*$"


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    slug: str = Field(pattern=_SLUG, max_length=64)
    title: str = Field(min_length=1)


class _TopicEntry(_Entry):
    description: str = ""
    rule: str = Field(min_length=1)
    enabled: bool = True


class _SourceEntry(_Entry):
    # May be empty: it then comes with the first visit.
    title: str
    kind: SourceKind
    location: str = ""
    base_url: str = ""
    language: str = ""
    first_fetch: FirstFetch | None = None
    internal: bool = False
    full_text: bool = True
    options: dict[str, Any] = Field(default_factory=dict)
    enabled: bool = True


class _ScheduleEntry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    slug: str = Field(default="", pattern=f"^$|{_SLUG}", max_length=64)
    cadence: Cadence
    cron: str = ""
    zone: str
    review_minutes: int = Field(default=0, ge=0, le=LONGEST_REVIEW_MINUTES)
    enabled: bool = True

    @model_validator(mode="after")
    def _has_cron(self) -> Self:
        if self.cron or self.cadence is Cadence.INSTANT:
            return self
        message = f"a {self.cadence} schedule needs cron, such as '30 7 * * *'"
        raise ValueError(message)


class _NewsletterEntry(_Entry):
    description: str = ""
    sender_name: str
    sender_address: str
    postal_address: str
    language: str = "en"
    topics: tuple[str, ...] = Field(min_length=1)
    reply_to: str = ""
    accent: str = Field(default="#0b5fa5", pattern="^#[0-9a-fA-F]{6}$")
    ground: str = Field(default="#f3f4f6", pattern="^#[0-9a-fA-F]{6}$")
    logo: str = ""
    header: str = Field(default="", max_length=HEADER_LENGTH)
    footer: str = Field(default="", max_length=FOOTER_LENGTH)
    unknown_policy: UnknownPolicy = UnknownPolicy.RESEND
    own_hours: bool = False
    most_stories: int = Field(default=0, ge=0, le=MOST_STORIES)
    languages: tuple[str, ...] = ()
    # Whoever wants none has to say so.
    schedules: tuple[_ScheduleEntry, ...]

    @model_validator(mode="after")
    def _hours_are_whose(self) -> Self:
        if self.own_hours and any(schedule.review_minutes for schedule in self.schedules):
            message = "own_hours and review_minutes exclude each other: nobody can review an issue for every hour"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _schedules_have_names_of_their_own(self) -> Self:
        slugs = [schedule.slug for schedule in self.schedules if schedule.slug]
        if len(set(slugs)) < len(slugs):
            message = "two schedules have the same slug; give each one of its own"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _languages_have_words(self) -> Self:
        unknown = [code for code in self.languages if code not in LANGUAGES]
        if unknown:
            message = f"there are no words for {', '.join(unknown)}; languages can be {', '.join(LANGUAGES)}"
            raise ValueError(message)
        return self


def load_entries(folder: Path, known_topics: Collection[str] = ()) -> Entries:
    """The entries below `folder`; a missing file has none. Raises ConfigError.

    known_topics: slugs that newsletters may name beside those of the file.
    """
    topics = _read(folder / "topics.toml", "topics", _TopicEntry)
    sources = _read(folder / "sources.toml", "sources", _SourceEntry)
    newsletters = _read(folder / "newsletters.toml", "newsletters", _NewsletterEntry)
    known = {topic.slug for topic in topics} | set(known_topics)
    for letter in newsletters:
        for slug in letter.topics:
            if slug not in known:
                place = f"{folder / 'newsletters.toml'}: newsletter '{letter.slug}'"
                message = f"{place} names the unknown topic '{slug}'{_nearest(slug, sorted(known))}."
                raise ConfigError(message)
    logos = {entry.slug: _logo(folder, entry) for entry in newsletters if entry.logo}
    return Entries(
        tuple(Topic(entry.slug, entry.title, entry.description, entry.rule) for entry in topics),
        tuple(_source(folder, entry) for entry in sources),
        tuple((_newsletter(entry, logos.get(entry.slug)), _schedules(folder, entry)) for entry in newsletters),
        tuple(logos.values()),
        frozenset(
            [name_of(Kind.TOPIC, entry.slug) for entry in topics if not entry.enabled]
            + [name_of(Kind.SOURCE, entry.slug) for entry in sources if not entry.enabled]
        ),
    )


def require_sound(folder: Path, entries: Entries) -> None:
    """Ask of all entries what the console asks before it saves one. Raises ConfigError that names file, entry and key."""
    for topic in entries.topics:
        _refuse(folder / "topics.toml", "topics", topic.slug, topic_faults(topic))
    for source in entries.sources:
        _refuse(folder / "sources.toml", "sources", source.slug, source_faults(source))
    for newsletter, schedules in entries.newsletters:
        faults = newsletter_faults(newsletter)
        look = look_fault(look_of(newsletter))
        faults |= {"accent, ground, header, footer, postal_address": look} if look and not faults else {}
        for schedule in schedules:
            faults |= {f"schedules.{key}": words for key, words in schedule_faults(schedule).items()}
        _refuse(folder / "newsletters.toml", "newsletters", newsletter.slug, faults)


def _refuse(path: Path, table: str, slug: str, faults: Mapping[str, str]) -> None:
    for key, words in faults.items():
        message = f"{path}: [[{table}]] '{slug}': '{key}': {words}"
        raise ConfigError(message)


def _source(folder: Path, entry: _SourceEntry) -> Source:
    is_folder = entry.kind is SourceKind.FOLDER
    location = str((folder / entry.location).resolve()) if is_folder else entry.location
    # What lies in a feed is history, what is put into a folder or handed to us is news. Source: architecture, section 2, rule 2.
    default = FirstFetch.NEW if is_folder or entry.kind is SourceKind.PUSH else FirstFetch.BACKFILL
    if not entry.location and entry.kind is not SourceKind.PUSH:
        message = f"{folder / 'sources.toml'}: [[sources]] '{entry.slug}': 'location' is missing."
        raise ConfigError(message)
    return Source(
        slug=entry.slug,
        title=entry.title,
        kind=entry.kind,
        location=location,
        base_url=entry.base_url,
        language=entry.language,
        first_fetch=entry.first_fetch or default,
        internal=entry.internal,
        full_text=entry.full_text,
        options=_options(folder, entry),
    )


def _options(folder: Path, entry: _SourceEntry) -> SourceOptions:
    try:
        return options_from(entry.options)
    except ConfigError as error:
        message = f"{folder / 'sources.toml'}: [[sources]] '{entry.slug}': {error}."
        raise ConfigError(message) from error


def _newsletter(entry: _NewsletterEntry, logo: Picture | None) -> Newsletter:
    return Newsletter(**entry.model_dump(exclude={"schedules", "logo"}), logo=logo.name if logo else "")


def _logo(folder: Path, entry: _NewsletterEntry) -> Picture:
    path = folder / entry.logo
    try:
        return picture_from(path.read_bytes())
    except (OSError, PictureError) as error:
        message = f"{folder / 'newsletters.toml'}: newsletter '{entry.slug}': the logo {path} cannot be used. {error}"
        raise ConfigError(message) from error


def _schedules(folder: Path, entry: _NewsletterEntry) -> tuple[ScheduleEntry, ...]:
    try:
        return tuple(
            ScheduleEntry(**{**schedule.model_dump(), "cron": words_of(schedule.cadence, schedule.cron)})
            for schedule in entry.schedules
        )
    except CronError as error:
        message = f"{folder / 'newsletters.toml'}: [[newsletters]] '{entry.slug}': 'schedules.cron': {error}"
        raise ConfigError(message) from error


_Some = TypeVar("_Some", bound=_Entry)


def _read(path: Path, table: str, model: type[_Some]) -> list[_Some]:
    if not path.exists():
        return []
    content = read_toml(path)
    for key in content:
        if key != table:
            message = f"{path}: unknown key '{key}'. Entries of this file begin with [[{table}]]."
            raise ConfigError(message)
    entries = [_parse(path, table, model, entry) for entry in content.get(table, [])]
    seen: set[str] = set()
    for entry in entries:
        if entry.slug in seen:
            message = f"{path}: the slug '{entry.slug}' is used twice. Give each entry a slug of its own."
            raise ConfigError(message)
        seen.add(entry.slug)
    return entries


def _parse(path: Path, table: str, model: type[_Some], entry: dict[str, Any]) -> _Some:
    try:
        return model.model_validate(entry)
    except ValidationError as error:
        # A misspelt key is both unknown and missing; only the first helps.
        fault = min(error.errors(), key=lambda fault: fault["type"] != "extra_forbidden")
        where = ".".join(str(part) for part in fault["loc"])
        place = f"{path}: [[{table}]] '{entry.get('slug', '?')}'"
        if fault["type"] == "extra_forbidden":
            key = str(fault["loc"][-1])
            fields = _ScheduleEntry.model_fields if len(fault["loc"]) > 1 else model.model_fields
            message = f"{place}: unknown key '{where}'{_nearest(key, list(fields))}."
        else:
            valid = re.findall("'([^']+)'", str(fault.get("ctx", {}).get("expected", "")))
            near = _nearest(str(fault["input"]), valid) if valid else ""
            message = f"{place}: '{where}': {fault['msg']}{near}."
        raise ConfigError(message) from error


def _nearest(word: str, valid: list[str]) -> str:
    near = difflib.get_close_matches(word, valid, 1, 0.0)
    return f"; the nearest valid one is '{near[0]}'" if near else ""
