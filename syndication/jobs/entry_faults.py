"""What is wrong with a topic, source, newsletter, look or schedule that somebody wants saved, field by field in words.

The console asks before it saves a form, `config apply` before it takes over a file.
"""

import re
from datetime import timedelta
from typing import Final

from syndication.compose.colour import is_colour
from syndication.cron.cadences import words_of
from syndication.cron.slots import shortest_gap
from syndication.deliver.addresses import parse_address
from syndication.domain.entries import ScheduleEntry
from syndication.domain.errors import AddressError, CronError, RuleError
from syndication.domain.newsletters import FOOTER_LENGTH, HEADER_LENGTH, Newsletter
from syndication.domain.rules import parse
from syndication.domain.sources import Source
from syndication.domain.states import SourceKind
from syndication.domain.topics import Topic
from syndication.lang.words import LANGUAGES
from syndication.net.hosts import host_of
from syndication.store.looks import Look

SLUG: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
SLUG_LENGTH: Final = 64
POSTAL_LENGTH: Final = 300
_TOO_EARLY: Final = (
    "So early, the issue before it has not gone out yet. Write fewer minutes than lie between two issues."
)
_NO_ADDRESS: Final = frozenset({SourceKind.FOLDER, SourceKind.PUSH})


def topic_faults(topic: Topic) -> dict[str, str]:
    """Field → words."""
    faults = {}
    if not topic.title:
        faults["title"] = "Give the topic a title; readers see it."
    if not SLUG.fullmatch(topic.slug) or len(topic.slug) > SLUG_LENGTH:
        faults["slug"] = "The short name stands in addresses: small letters, digits and hyphens, such as ai-agents."
    try:
        parse(topic.rule)
    except RuleError as error:
        faults["rule"] = str(error)
    return faults


def source_faults(source: Source) -> dict[str, str]:
    """Field → words. A title may come with the first visit."""
    if source.kind in _NO_ADDRESS or host_of(source.location):
        return {}
    return {"location": "The address must look like https://example.org/feed."}


def newsletter_faults(newsletter: Newsletter) -> dict[str, str]:
    """Field → words, of all but the look."""
    needed = {
        "title": "Give the newsletter a title.",
        "sender_name": "Say who sends it; readers see this name in their mailbox.",
        "postal_address": "The law asks for a postal address in every mail.",
    }
    faults = {name: words for name, words in needed.items() if not getattr(newsletter, name)}
    addresses = {"sender_address": newsletter.sender_address}
    if newsletter.reply_to:
        addresses["reply_to"] = newsletter.reply_to
    for name, address in addresses.items():
        try:
            parse_address(address)
        except AddressError as error:
            faults[name] = str(error)
    if newsletter.language not in LANGUAGES:
        faults["language"] = f"There are words for mails in: {', '.join(LANGUAGES)}."
    if not newsletter.topics:
        faults["topics"] = "Offer at least one topic."
    return faults


def look_fault(look: Look) -> str:
    """What is wrong with a look, "" for nothing."""
    if not (is_colour(look.accent) and is_colour(look.ground)):
        return "Write colours as # and six digits or letters a to f, such as #0b5fa5."
    if len(look.header) > HEADER_LENGTH or len(look.footer) > FOOTER_LENGTH or len(look.postal_address) > POSTAL_LENGTH:
        return (
            f"The words are too long: at most {HEADER_LENGTH} characters under the title, {FOOTER_LENGTH} at the end,"
            f" {POSTAL_LENGTH} for the postal address. Long frames make mails that Gmail cuts off."
        )
    if not look.postal_address:
        return "The postal address is missing. The law asks for it in every mail."
    return ""


def schedule_faults(entry: ScheduleEntry) -> dict[str, str]:
    """Field → words, of the words a schedule is saved with."""
    try:
        gap = shortest_gap(words_of(entry.cadence, entry.cron), entry.zone)
    except CronError as error:
        return {"cron": str(error)}
    if timedelta(minutes=entry.review_minutes) >= gap:
        return {"review_minutes": _TOO_EARLY}
    return {}
