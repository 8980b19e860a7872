"""Articles nobody compared → stories. Run again, it finds nothing to do."""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Final

from syndication.classify.grouping import Told, stories_of_new
from syndication.html.text import plain_text
from syndication.store.database import Database
from syndication.store.grouping import comparable, keep_stories, ungrouped

_CHUNK: Final = 200
_COMPARED: Final = 2_000
_REACH: Final = timedelta(days=7)


def group_articles(database: Database, now: datetime) -> int:
    """Give every article without a story one; answers how many were looked at. now: aware UTC.

    Articles of one language are compared with those of the last seven days. Members stay articles of their own; a digest
    lists one of a story and names the others.
    """
    looked_at = 0
    while True:
        with database.read() as session:
            new = ungrouped(session, _CHUNK)
            found = comparable(session, new, now - _REACH, _COMPARED) if new else []
        if not new:
            return looked_at
        by_language: defaultdict[str, list[Told]] = defaultdict(list)
        for one in found:
            text = f"{one.title}\n{one.summary}\n{plain_text(one.content)}"
            by_language[one.language].append(Told(one.article_id, text, one.first_seen_at, one.story_id))
        stories = {number: number for number in new}
        for articles in by_language.values():
            stories.update(stories_of_new(articles))
        with database.write() as session:
            keep_stories(session, stories)
        looked_at += len(new)
