"""Digest: what one issue is for everyone with the same effective choice."""

from dataclasses import dataclass, field

from syndication.domain.articles import Story


@dataclass(frozen=True, slots=True)
class Section:
    """The stories of one topic in a digest, best first. key: equal for sections of a topic that show the same articles."""

    topic: str
    title: str
    stories: tuple[Story, ...]
    key: str = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """Many digests share a section; its key is made once."""
        object.__setattr__(self, "key", " ".join([story.key for story in self.stories]))


@dataclass(frozen=True, slots=True)
class Selection:
    """What a digest holds. more: how many further articles of the window fit the choice but not the caps.

    Every article of the window in a chosen topic is listed once in one section or counted in `more`.
    ranked: the article ids of the listed stories over all sections, strongest first.
    """

    sections: tuple[Section, ...]
    more: int
    catch_up: bool = False
    ranked: tuple[int, ...] = ()

    @property
    def stories(self) -> tuple[Story, ...]:
        """All listed stories in the order they are shown."""
        return tuple(story for section in self.sections for story in section.stories)


@dataclass(frozen=True, slots=True)
class MailBody:
    """A rendered mail that is shared by readers: Unicode text with splice marks, not yet encoded."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class BodyPieces:
    """A rendered mail cut into pieces that many mails of an issue share; joined they are its body."""

    subject: str
    text: tuple[str, ...]
    html: tuple[str, ...]

    def whole(self) -> MailBody:
        """The mail."""
        return MailBody(self.subject, "".join(self.text), "".join(self.html))
