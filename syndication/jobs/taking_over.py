"""Entries of files → rows, one by one, each by what the console saves it with and with a line in the same log."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Final

from sqlmodel import Session

from syndication.domain.configuration import LOG_IN, Difference, Kind, Value, name_of, named_schedules
from syndication.domain.entries import Entries, ScheduleEntry
from syndication.domain.errors import ConfigError, SourceError, StoreError
from syndication.domain.web_address import with_secrets_of
from syndication.jobs.manage_sources import require_own_place
from syndication.store.admins import audit
from syndication.store.classifying import save_topic
from syndication.store.collecting import add_source, source_row
from syndication.store.editing import save_newsletter
from syndication.store.installing import ids_by_slug
from syndication.store.looks import keep_picture, look_of, save_look
from syndication.store.managing import (
    change_source,
    make_urgent,
    pause_source,
    resume_source,
    use_address,
    use_options,
)
from syndication.store.newsletters import add_newsletter, add_schedule
from syndication.store.scheduling import save_schedule, schedule
from syndication.store.tables import TopicRow
from syndication.store.topics import topic_line

ACTOR: Final = "command"
_PLAIN: Final = frozenset({"title", "base_url", "language", "first_fetch", "internal", "full_text"})
_OPTIONS: Final = "options."


class Taking:
    """What is taken over and into what. ids: of rows by the name of their entry, grows with every insert. now: aware UTC."""

    def __init__(self, files: Entries, ids: dict[str, int], now: datetime) -> None:
        """Find each entry by its name."""
        self.files, self.ids, self.now = files, ids, now
        self.topics = {name_of(Kind.TOPIC, topic.slug): topic for topic in files.topics}
        self.sources = {name_of(Kind.SOURCE, source.slug): source for source in files.sources}
        self.newsletters = {name_of(Kind.NEWSLETTER, letter.slug): letter for letter, _ in files.newsletters}
        self.schedules: dict[str, ScheduleEntry] = {}
        for letter, schedules in files.newsletters:
            self.schedules |= named_schedules(letter.slug, schedules)


def take_over(session: Session, taking: Taking, wanted: list[Difference]) -> None:
    """Write entries as the files say them, in the order of the files. Raises ConfigError for one that cannot stand there."""
    for one in wanted:
        kind = Kind(one.name.partition("/")[0])
        is_new = one.name not in taking.ids
        try:
            _WRITERS[kind](session, taking, one)
        except (SourceError, StoreError) as error:
            message = f"{one.name}: {error}"
            raise ConfigError(message) from error
        change = _change(one, is_new=is_new)
        action = f"{kind}.{'create' if is_new else 'change'}"
        audit(session, ACTOR, action, f"{kind} {taking.ids[one.name]}", taking.now, change)


def _change(one: Difference, *, is_new: bool) -> tuple[dict[str, Value], dict[str, Value]]:
    before = {} if is_new else {each.name: each.database for each in one.fields}
    return before, {each.name: each.file for each in one.fields}


def _topic(session: Session, taking: Taking, one: Difference) -> None:
    topic = taking.topics[one.name]
    current = topic_line(session, taking.ids[one.name]) if one.name in taking.ids else None
    if current and not any(each.name == "rule" for each in one.fields):
        topic = replace(topic, rule=current.value.rule)  # other white space: nothing is looked at again
    save_topic(session, topic, enabled=one.name not in taking.files.off)
    taking.ids[one.name] = ids_by_slug(session, TopicRow)[topic.slug]


def _source(session: Session, taking: Taking, one: Difference) -> None:
    source, changed = taking.sources[one.name], {each.name for each in one.fields}
    require_own_place(session, source)
    is_off = one.name in taking.files.off
    if one.name not in taking.ids:
        taking.ids[one.name] = add_source(session, source, taking.now)
        if is_off:
            pause_source(session, taking.ids[one.name])
        return
    number = taking.ids[one.name]
    if changed & {"location", LOG_IN}:
        use_address(session, number, with_secrets_of(source.location, source_row(session, number).location))
    plain = {name: getattr(source, name) for name in changed & _PLAIN}
    if plain:
        change_source(session, number, plain)
    if any(name.startswith(_OPTIONS) for name in changed):
        use_options(session, number, source.options)
        make_urgent(session, number)
    if is_off:
        pause_source(session, number)
    elif "enabled" in changed:
        resume_source(session, number)


def _newsletter(session: Session, taking: Taking, one: Difference) -> None:
    newsletter = taking.newsletters[one.name]
    unknown = [slug for slug in newsletter.topics if slug not in ids_by_slug(session, TopicRow)]
    if unknown:
        message = (
            f"{one.name} offers the topic '{unknown[0]}', which the database lacks: take topic/{unknown[0]} over, too."
        )
        raise ConfigError(message)
    for picture in taking.files.pictures:
        if picture.name == newsletter.logo:
            keep_picture(session, picture)
    if one.name not in taking.ids:
        taking.ids[one.name] = add_newsletter(session, newsletter, (), taking.now).id
        return
    save_newsletter(session, taking.ids[one.name], newsletter, whole=True)
    save_look(session, taking.ids[one.name], look_of(newsletter))


def _schedule(session: Session, taking: Taking, one: Difference) -> None:
    entry = taking.schedules[one.name]
    slug = one.name.split("/")[1]
    newsletter_id = taking.ids.get(name_of(Kind.NEWSLETTER, slug))
    if newsletter_id is None:
        message = f"{one.name} is of a newsletter that the database lacks: take newsletter/{slug} over, too."
        raise ConfigError(message)
    if one.name not in taking.ids:
        named = replace(entry, slug=one.name.rpartition("/")[2])
        taking.ids[one.name] = add_schedule(session, newsletter_id, named, taking.now)
        return
    stored = schedule(session, taking.ids[one.name])
    assert stored is not None  # noqa: S101 - it was found in this transaction
    value = replace(stored.value, cadence=entry.cadence, cron=entry.cron, zone=entry.zone, enabled=entry.enabled)
    after = replace(stored, value=value, review_s=entry.review_minutes * 60)
    save_schedule(session, after, taking.now, expected_version=stored.version)


_WRITERS: Final[Mapping[Kind, Callable[[Session, Taking, Difference], None]]] = MappingProxyType(
    {Kind.TOPIC: _topic, Kind.SOURCE: _source, Kind.NEWSLETTER: _newsletter, Kind.SCHEDULE: _schedule}
)
