"""The look of a newsletter: what an admin sets without touching a template, and the pictures that belong to it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select, update

from syndication.domain.newsletters import Newsletter
from syndication.domain.pictures import Picture
from syndication.store.inserting import insert_new
from syndication.store.tables import NewsletterRow, NewsletterTopicRow, PictureRow, TopicRow


@dataclass(frozen=True, slots=True)
class Look:
    """accent, ground: '#rrggbb'. logo: a picture's name, "" for none. sections: topics (slugs) in their order."""

    accent: str
    ground: str
    logo: str
    header: str
    footer: str
    postal_address: str
    sections: tuple[str, ...]


def look_of(newsletter: Newsletter) -> Look:
    """How a newsletter looks; its sections are the topics it offers."""
    return Look(
        newsletter.accent.lower(),
        newsletter.ground.lower(),
        newsletter.logo,
        newsletter.header,
        newsletter.footer,
        newsletter.postal_address,
        newsletter.topics,
    )


def keep_picture(session: Session, picture: Picture) -> None:
    """Keep a picture; one that is there already stays."""
    values = {name: getattr(picture, name) for name in ("name", "kind", "width", "height", "body")}
    session.execute(insert_new(session, PictureRow).values(values))


def picture_named(session: Session, name: str) -> Picture | None:
    """A picture that is kept, None when there is none by this name."""
    row = session.get(PictureRow, name) if name else None
    return None if row is None else Picture(row.name, row.kind, row.width, row.height, row.body)


def save_look(session: Session, newsletter_id: int, look: Look) -> None:
    """Change how a newsletter looks; mails that are planned already keep the look they were made with.

    Topics that `look.sections` does not name keep their order, behind those it names.
    """
    session.execute(
        update(NewsletterRow)
        .where(col(NewsletterRow.id) == newsletter_id)
        .values(
            accent=look.accent,
            ground=look.ground,
            logo=look.logo,
            header=look.header,
            footer=look.footer,
            postal_address=look.postal_address,
        )
    )
    _order(session, newsletter_id, look.sections)


def _order(session: Session, newsletter_id: int, slugs: Sequence[str]) -> None:
    rows = session.exec(
        select(NewsletterTopicRow, TopicRow.slug)
        .join(TopicRow, col(TopicRow.id) == col(NewsletterTopicRow.topic_id))
        .where(NewsletterTopicRow.newsletter_id == newsletter_id)
        .order_by(col(NewsletterTopicRow.position), col(TopicRow.id))
    ).all()
    wanted = {slug: place for place, slug in enumerate(slugs)}
    for position, (row, _) in enumerate(sorted(rows, key=lambda pair: wanted.get(pair[1], len(wanted)))):
        row.position = position
        session.add(row)
