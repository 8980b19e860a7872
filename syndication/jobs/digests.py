"""Groups of readers → the digests they get: what `compose` decides and renders, loaded from the store."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlmodel import Session

from syndication.compose.choosing import Chooser, Chosen, IssueFacts
from syndication.compose.render import DigestFrame, IssueRenderer
from syndication.compose.select import SOURCES_FOR_CAP
from syndication.domain.articles import Story
from syndication.domain.digests import BodyPieces, MailBody
from syndication.domain.newsletters import Choice
from syndication.domain.site import Site
from syndication.domain.states import Edit
from syndication.domain.templates import Template
from syndication.domain.windows import Window
from syndication.store.bodies import Parts
from syndication.store.composing import Group, IssuePlan, Wish, source_count, wishes
from syndication.store.newsletters import StoredNewsletter, StoredSchedule, newsletter
from syndication.store.planning import NewDigest
from syndication.store.reviewing import Words, edits_of, words_of
from syndication.store.scheduling import schedule
from syndication.store.stories import stories_between, stories_of
from syndication.store.templates import active_template


@dataclass(frozen=True, slots=True)
class Occasion:
    """What is composed, for whom and when. at: aware UTC. issue_url: the page that has all its stories.

    edits: what an editor did in review, by article id. words: the editor's own.
    """

    newsletter: StoredNewsletter
    schedule: StoredSchedule
    window: Window
    at: datetime
    issue_url: str
    edits: Mapping[int, Edit] = field(default_factory=dict)
    words: Words = field(default_factory=Words)


@dataclass(frozen=True, slots=True)
class Sorted:
    """Groups by what they get. empty: those for whom there is nothing new."""

    chosen: list[tuple[Chosen, list[Group]]]
    empty: list[Group]


@dataclass(slots=True)
class Kit:
    """Everything that the digests of an occasion are made from."""

    occasion: Occasion
    site: Site
    template_id: int
    template: Template
    wishes: dict[int, Wish]
    chooser: Chooser
    parts: Parts = field(default_factory=Parts)
    _renderers: dict[str, IssueRenderer] = field(default_factory=dict)

    def sort(self, groups: Iterable[Group]) -> Sorted:
        """What each group gets; groups with the same stories come together."""
        found: dict[tuple[int, str], tuple[Chosen, list[Group]]] = {}
        empty: list[Group] = []
        for group in sorted(groups, key=lambda group: (group.start, self.wishes[group.segment_id].language)):
            wish = self.wishes[group.segment_id]
            chosen = self.chooser.choose(group.start, wish.language, wish.topics)
            if chosen is None:
                empty.append(group)
            else:
                found.setdefault((group.start, chosen.content_hash), (chosen, []))[1].append(group)
        return Sorted(list(found.values()), empty)

    def articles(self, groups: Iterable[Group]) -> list[int]:
        """The ids of all articles that any of these readers may get."""
        starts: dict[str, int] = {}
        for group in groups:
            for topic in self.wishes[group.segment_id].topics:
                starts[topic] = min(group.start, starts.get(topic, group.start))
        return self.chooser.articles(starts)

    def render(self, chosen: Chosen) -> BodyPieces:
        """The mail for a choice, in pieces. Raises TemplateError."""
        if chosen.language not in self._renderers:
            self._renderers[chosen.language] = IssueRenderer(self.template, self._frame(chosen.language))
        return self._renderers[chosen.language].sketch(chosen.selection)

    def digest(self, chosen: Chosen, groups: Sequence[Group], kept_bodies: dict[str, str]) -> NewDigest:
        """The digest to keep for these groups; rendered unless a body with this content is kept already."""
        body = None
        if chosen.content_hash not in kept_bodies:
            body = self.parts.cut(self.render(chosen))
            kept_bodies[chosen.content_hash] = body.hash
        sections = chosen.selection.sections
        return NewDigest(
            start=groups[0].start,
            content_hash=chosen.content_hash,
            body_hash=kept_bodies[chosen.content_hash],
            language=chosen.language,
            more=chosen.selection.more,
            items=tuple((story.article_id, section.topic) for section in sections for story in section.stories),
            groups=tuple(groups),
            body=body,
        )

    def _frame(self, language: str) -> DigestFrame:
        return DigestFrame(
            newsletter=self.occasion.newsletter.value,
            public_url=self.site.public_url,
            zone=self.occasion.schedule.value.zone,
            issued_at=self.occasion.at,
            issue_url=self.occasion.issue_url,
            next_slot=self.occasion.schedule.value.next_slot,
            language=language,
            intro=self.occasion.words.intro,
            subject=self.occasion.words.subject,
        )


def occasion_of(session: Session, site: Site, plan: IssuePlan) -> Occasion | None:
    """The occasion of a frozen issue as its editor left it; None when its newsletter or schedule is gone."""
    letter, when = newsletter(session, plan.newsletter_id), schedule(session, plan.schedule_id)
    if letter is None or when is None or plan.window is None or plan.at is None:
        return None
    issue_url = f"{site.public_url}/newsletters/{letter.value.slug}/{plan.id}"
    edits, words = edits_of(session, plan.id), words_of(session, plan.id)
    return Occasion(letter, when, plan.window, plan.at, issue_url, edits, words)


def body_for(session: Session, site: Site, occasion: Occasion, choice: Choice) -> MailBody | None:
    """What a reader with this choice and no start of their own gets; None when there is nothing new. Raises TemplateError."""
    start = occasion.window.start
    kit = _kit(session, site, occasion, {choice.language: start})
    chosen = kit.chooser.choose(start, choice.language, choice.topics)
    return None if chosen is None else kit.render(chosen).whole()


def _stories(session: Session, occasion: Occasion, start: int, language: str) -> list[Story]:
    """The stories after a start as an editor left them; what was added is new to everybody."""
    end = occasion.window.end
    found = stories_between(session, start, end, occasion.newsletter.value.topics, language)
    kept = [story for story in found if occasion.edits.get(story.article_id) is not Edit.DROP]
    added = stories_of(session, sorted(key for key, edit in occasion.edits.items() if edit is Edit.ADD), language)
    return [*kept, *(replace(story, seq=end) for story in added)]


def load_kit(session: Session, site: Site, occasion: Occasion, groups: Sequence[Group]) -> Kit:
    """All that is needed to compose for these groups. Raises TemplateError when there is no digest template."""
    wanted = wishes(session, sorted({group.segment_id for group in groups}))
    start = min((group.start for group in groups), default=occasion.window.end)
    kit = _kit(session, site, occasion, dict.fromkeys(sorted({wish.language for wish in wanted.values()}), start))
    kit.wishes = wanted
    return kit


def _kit(session: Session, site: Site, occasion: Occasion, starts: Mapping[str, int]) -> Kit:
    """starts: the languages, with the earliest start of any reader of each."""
    letter = occasion.newsletter
    template_id, template = active_template(session, "digest", letter.id)
    stories = {language: _stories(session, occasion, start, language) for language, start in starts.items()}
    words = "\0".join(occasion.words).encode()
    facts = IssueFacts(
        topics=letter.topics,
        end=occasion.window.end,
        cadence=occasion.schedule.value.cadence,
        at=occasion.at,
        source_count=source_count(session, letter.id, SOURCES_FOR_CAP),
        template=template.hash + hashlib.sha256(words).hexdigest()[:8] * any(occasion.words),
        most_stories=letter.value.most_stories,
    )
    return Kit(occasion, site, template_id, template, {}, Chooser(facts, stories))
