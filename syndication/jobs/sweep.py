"""What was lost between a commit and its job → asked for again. Harmless to repeat: every job begins by looking."""

from datetime import datetime

from syndication.domain.seams import Enqueue, Task
from syndication.store.classifying import pending_articles
from syndication.store.counting import count_batches
from syndication.store.database import Database
from syndication.store.issues import close_finished_issues, issues_to_compose
from syndication.store.reviewing import release_reviewed, stale_issues, take_back
from syndication.store.uploads import uploads_at_work


def sweep(database: Database, enqueue: Enqueue, now: datetime) -> None:
    """Ask for every job that has work; now: aware UTC. Called every few seconds and at the start."""
    with database.write() as session:
        release_reviewed(session, now)
    with database.read() as session:
        stale = stale_issues(session)
    for issue_id in stale:
        take_back(database, issue_id)
    with database.read() as session:
        is_unsorted = bool(pending_articles(session, 1))
        unfinished = issues_to_compose(session)
        uploads = uploads_at_work(session)
    if is_unsorted:
        enqueue(Task.CLASSIFY, "classify")
    for issue_id in unfinished:
        enqueue(Task.COMPOSE, f"compose:{issue_id}", issue_id=issue_id)
    for upload_id in uploads:
        enqueue(Task.IMPORT, f"import:{upload_id}", upload_id=upload_id)
    enqueue(Task.DELIVER, "deliver")
    close_finished_issues(database, now)
    count_batches(database)
