"""Issue due → frozen window → digests → deliveries. Killed at any point and run again, it goes on where it was."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog
from sqlmodel import Session

from syndication.domain.articles import Story
from syndication.domain.digests import MailBody
from syndication.domain.errors import IssueError, TemplateError
from syndication.domain.seams import Enqueue, Task
from syndication.domain.site import Site
from syndication.domain.states import HELD_ISSUES, WAITING, DeliveryState, IssueState
from syndication.domain.windows import Window
from syndication.jobs.digests import Occasion, load_kit
from syndication.jobs.planning import ComposeReport, Planning
from syndication.store.composing import IssuePlan, freeze, groups_of, issue_plan, overtake, strays, unfinished_before
from syndication.store.counters import counter
from syndication.store.database import Database
from syndication.store.issues import close_issue, end_deliveries, end_waiting_deliveries, is_settled
from syndication.store.newsletters import StoredNewsletter, StoredSchedule, default_schedule, newsletter
from syndication.store.planning import note_fault
from syndication.store.scheduling import insert_issue, lock_schedule, skip_slot, why_in_the_way
from syndication.store.stories import stories_of

_log = structlog.get_logger()

# Strays are few; ending one takes less than a millisecond (measured).
_AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True)
class Preview:
    """What would go out now. readers: who get a digest; without_news: who get none. stories: all that somebody may get.

    sample: the digest that most readers get, None when there is nothing to send.
    """

    newsletter: StoredNewsletter
    window: Window
    readers: int
    without_news: int
    digests: int
    stories: tuple[Story, ...]
    sample: MailBody | None


def compose_issue(database: Database, site: Site, issue_id: int, now: datetime) -> ComposeReport:
    """Plan an issue that is due, or go on planning it: every eligible reader gets their delivery row, once.

    Safe to call at any time, after any crash, and by two processes at once. now: aware UTC.
    """
    with database.read() as session:
        plan = issue_plan(session, issue_id)
    if plan is None:
        return ComposeReport(issue_id, None)
    if plan.state is IssueState.DUE:
        report = _make_way(database, plan, now)
        if report:
            return report
        with database.write() as session:
            freeze(session, issue_id, now)
            plan = issue_plan(session, issue_id) or plan
    if plan.state is not IssueState.COMPOSING:
        return ComposeReport(issue_id, plan.state)
    try:
        report = Planning(database, site, plan, now).run()
    except TemplateError as error:
        _log.error("issue_not_rendered", issue_id=issue_id, reason=str(error))
        with database.write() as session:
            note_fault(session, issue_id, f"The template cannot be rendered: {error}")
        return ComposeReport(issue_id, IssueState.COMPOSING, fault=str(error))
    _log.info("issue_composed", issue_id=issue_id, state=report.state, planned=report.planned, digests=report.digests)
    return report


def send_now(database: Database, enqueue: Enqueue, newsletter_slug: str, now: datetime) -> int:
    """Begin an issue on a newsletter's default schedule, outside its slots, and ask for its composition; its id.

    Raises IssueError when there is no such newsletter, or its last issue is in the way.
    """
    with database.write() as session:
        _, of = _default(session, newsletter_slug)
        lock_schedule(session, of.id)
        refusal = why_in_the_way(session, of.id)
        issue_id = None if refusal else insert_issue(session, of, now, now)
    if issue_id is None:
        raise IssueError(refusal or "There is an issue for this very moment already.")
    enqueue(Task.COMPOSE, f"compose:{issue_id}", issue_id=issue_id)
    return issue_id


def preview(database: Database, site: Site, newsletter_slug: str, now: datetime) -> Preview:
    """What would go out if an issue of the newsletter's default schedule began now; nothing is written.

    Raises IssueError when there is no such newsletter, TemplateError when its template cannot be rendered.
    """
    with database.read() as session:
        letter, of = _default(session, newsletter_slug)
        window = Window(of.last_cut, counter(session, "seq"))
        groups = groups_of(session, of.id, window, now)
        kit = load_kit(session, site, Occasion(letter, of, window, now, issue_url=f"{site.public_url}/"), groups)
        stories = stories_of(session, kit.articles(groups), letter.value.language)
    found = kit.sort(groups)
    readers = {chosen: sum(group.readers for group in served) for chosen, served in found.chosen}
    largest = max(readers, key=lambda chosen: readers[chosen], default=None)
    return Preview(
        newsletter=letter,
        window=window,
        readers=sum(readers.values()),
        without_news=sum(group.readers for group in found.empty),
        digests=len(found.chosen),
        stories=tuple(stories),
        sample=None if largest is None else kit.render(largest).whole(),
    )


def _default(session: Session, newsletter_slug: str) -> tuple[StoredNewsletter, StoredSchedule]:
    letter = newsletter(session, newsletter_slug)
    of = default_schedule(session, letter.id) if letter else None
    if letter is None or of is None:
        message = (
            f"There is no newsletter '{newsletter_slug}' with a schedule. `syndication issues list` shows the names."
        )
        raise IssueError(message)
    return letter, of


def _make_way(database: Database, plan: IssuePlan, now: datetime) -> ComposeReport | None:
    """Settle the issues before this one, so that no reader's windows overlap; a report when that cannot be done now.

    Source: architecture, section 2, rule 4. What is in flight must land first: it may come back as deferred, and then its
    reader's window has a start of its own.
    """
    with database.read() as session:
        before = unfinished_before(session, plan)
    for earlier, state in before:
        if state in HELD_ISSUES:
            with database.write() as session:
                skip_slot(session, plan.id, f"Issue {earlier} is {state}.", now)
            return ComposeReport(plan.id, IssueState.SKIPPED)
        if state in {IssueState.DUE, IssueState.COMPOSING} or not _settle(database, earlier, state, now):
            return ComposeReport(plan.id, IssueState.DUE, waits=True)
    return None if _end_strays(database, plan, now) else ComposeReport(plan.id, IssueState.DUE, waits=True)


def _end_strays(database: Database, plan: IssuePlan, now: datetime) -> bool:
    """End what still waits elsewhere for readers who moved to this schedule; whether nothing of it is in flight."""
    with database.read() as session:
        found = strays(session, plan)
    waiting = [(issue_id, subscriber_id) for issue_id, subscriber_id, state in found if state in WAITING]
    for first in range(0, len(waiting), _AT_ONCE):
        with database.write() as session:
            for issue_id, subscriber_id in waiting[first : first + _AT_ONCE]:
                end_deliveries(session, issue_id, [subscriber_id], DeliveryState.EXPIRED, now)
    return len(waiting) == len(found)


def _settle(database: Database, earlier: int, state: IssueState, now: datetime) -> bool:
    """End what waits of an earlier issue; whether nothing of it is in flight either."""
    with database.write() as session:
        overtake(session, earlier)
    ended = DeliveryState.CANCELLED if state is IssueState.CANCELLED else DeliveryState.EXPIRED
    end_waiting_deliveries(database, earlier, ended, now)
    with database.read() as session:
        if not is_settled(session, earlier):
            return False
    with database.write() as session:
        close_issue(session, earlier, now)
    return True
