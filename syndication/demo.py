"""One pass of the main job over a folder of articles: collect → classify → publish → compose → deliver.

Everything happens in one folder of its own, with a database of its own, so that it touches nothing else.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from syndication.app import App, now, open_app
from syndication.deliver.addresses import parse_address
from syndication.domain.errors import SourceError
from syndication.domain.newsletters import Choice
from syndication.domain.seams import Task
from syndication.domain.sources import Source
from syndication.domain.states import FirstFetch, SourceKind
from syndication.domain.tokens import suppression_mark
from syndication.install import install
from syndication.jobs.classify import classify_pending
from syndication.jobs.collect import collect_source
from syndication.jobs.compose import compose_issue, send_now
from syndication.jobs.deliver import deliver_ready
from syndication.jobs.publish import export_feeds, publish_feeds
from syndication.setting_sections import DatabaseSettings, MailSettings
from syndication.settings import Settings
from syndication.store.collecting import add_source
from syndication.store.consent import Visit
from syndication.store.newsletters import newsletters
from syndication.store.subscribing import SignUp, confirm, sign_up


@dataclass(frozen=True, slots=True)
class DemoReport:
    """What the pass did. topics: accepted articles by topic. readers: address → topics they chose. mails: files."""

    collected: int
    repairs: tuple[str, ...]
    topics: Mapping[str, int]
    feeds: int
    readers: Mapping[str, str]
    digests: int
    mails: tuple[Path, ...]


def run_demo(settings: Settings, articles: Path, base_url: str, to: Path) -> DemoReport:
    """Run the pass; `to` gets feeds/ and outbox/. What an earlier demo left there is replaced.

    articles: a folder of .md, .html and .txt files. base_url: what relative links in them are resolved against.
    Raises SourceError when the folder cannot be read.
    """
    if not articles.is_dir():
        message = f"{articles}: there is no such folder. Name one with .md, .html or .txt files: --articles DIR."
        raise SourceError(message)
    to.mkdir(parents=True, exist_ok=True)
    for old in (*to.glob("syndication.db*"), *(to / "outbox").glob("*.eml")):
        old.unlink()
    own = {"var_folder": to.absolute(), "database": DatabaseSettings(), "mail": MailSettings()}
    settings = settings.model_copy(update=own)
    install(settings, now(), with_sources=False)
    with open_app(settings) as app:
        return _run(app, articles, base_url, to)


def _run(app: App, articles: Path, base_url: str, to: Path) -> DemoReport:
    database, site = app.database, app.site
    readers = _readers(app)
    with database.write() as session:
        source = Source(
            slug=_slug(articles),
            title=articles.resolve().name,
            kind=SourceKind.FOLDER,
            location=str(articles.resolve()),
            base_url=base_url,
            first_fetch=FirstFetch.NEW,
        )
        source_id = add_source(session, source, now())
    collected = collect_source(database, app.fetcher(), _in_order, source_id, now())
    if collected.failure:
        raise SourceError(collected.failure)
    classified = classify_pending(database, _in_order, now())
    publish_feeds(database, site, now())
    feeds = export_feeds(database, to)
    digests = sum(_send(app, letter) for letter in readers)
    outbox = app.settings.outbox or to
    return DemoReport(
        collected.added,
        collected.repairs,
        classified.accepted,
        feeds,
        {address: words for letter in readers.values() for address, words in letter.items()},
        digests,
        tuple(sorted(outbox.glob("*.eml"))),
    )


def _slug(folder: Path) -> str:
    return "-".join(re.findall("[a-z0-9]+", folder.resolve().name.lower())) or "demo"


def _readers(app: App) -> dict[str, dict[str, str]]:
    """One reader for each topic and one for all, of every newsletter: slug → address → topics in words."""
    with app.database.read() as session:
        letters = newsletters(session)
    made: dict[str, dict[str, str]] = {}
    for letter in letters:
        wishes = {"everything": frozenset(letter.value.topics)}
        wishes |= {topic.slug: frozenset({topic.slug}) for topic in letter.topics}
        for name, topics in wishes.items():
            address = parse_address(f"{name}@readers.example.org")
            with app.database.write() as session:
                mark = suppression_mark(app.keys.suppression, address.key)
                choice = Choice(topics, letter.value.language)
                answer = sign_up(session, SignUp(letter.id, address.address, address.key, mark, choice), Visit(), now())
                assert answer is not None  # noqa: S101 - nobody is suppressed in a new database
                confirm(session, answer.subscription_id, Visit(), now())
            made.setdefault(letter.value.slug, {})[address.address] = ", ".join(sorted(topics))
    return made


def _send(app: App, newsletter: str) -> int:
    issue_id = send_now(app.database, _in_order, newsletter, now())
    report = compose_issue(app.database, app.site, issue_id, now())
    app.preflight().open_gates(now())
    deliver_ready(app.database, app.transport(), app.post_office(), now, lambda: False)
    return report.digests


def _in_order(task: Task, key: str, **ids: int) -> None:
    """Nothing needs to be asked for: the steps follow each other here."""
    del task, key, ids
