"""An issue in review → the mail that a reader with some choice would get of it now, its editor's changes included."""

from datetime import datetime

from syndication.domain.digests import MailBody
from syndication.domain.newsletters import Choice
from syndication.domain.site import Site
from syndication.jobs.announce import announced_body
from syndication.jobs.digests import body_for, occasion_of
from syndication.store.announcing import announcement
from syndication.store.composing import issue_plan
from syndication.store.database import Database


def reviewed_body(database: Database, site: Site, issue_id: int, choice: Choice, now: datetime) -> MailBody | None:
    """The mail for a choice; None when the choice holds nothing new, or there is no such issue with a window.

    Everybody gets an announcement, each in their language.

    Raises TemplateError when the template cannot be rendered.
    """
    with database.read() as session:
        announced = announcement(session, issue_id)
    if announced:
        return announced_body(database, site, announced, choice.language, now)
    with database.read() as session:
        plan = issue_plan(session, issue_id)
        occasion = None if plan is None else occasion_of(session, site, plan)
        return None if occasion is None else body_for(session, site, occasion, choice)
