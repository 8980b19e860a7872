"""The composition root: settings → everything that runs. The only reader of the clock."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

import structlog

from syndication import __version__
from syndication.collect.fetcher import SourceFetcher
from syndication.collect.workers import ParserPool
from syndication.deliver.back_channel import BackChannel
from syndication.deliver.direct import direct_transport
from syndication.deliver.dkim import Dkim
from syndication.deliver.dkim_published import KeyFault, key_faults
from syndication.deliver.greeting import SmtpServer
from syndication.deliver.incoming import Lock
from syndication.deliver.outbox import OutboxTransport
from syndication.deliver.smtp import smtp_transport_from_url
from syndication.domain.delivery import ReturnAddresses
from syndication.domain.errors import ConfigError
from syndication.domain.incoming import Envelope, IncomingKind
from syndication.domain.seams import Enqueue, Task, Transport
from syndication.domain.site import Profile, Site
from syndication.engine.embedded import EmbeddedEngine
from syndication.engine.role import RunnerRole
from syndication.jobs.announce import compose_announcement
from syndication.jobs.classify import classify_pending
from syndication.jobs.collect import Collecting, collect_due, look_for_due
from syndication.jobs.compose import compose_issue
from syndication.jobs.deliver import PostOffice, deliver_ready, recover_deliveries, release_held
from syndication.jobs.fire import fire_due
from syndication.jobs.group import group_articles
from syndication.jobs.hubs import ask_hubs, look_for_hubs
from syndication.jobs.mail_in import MailIn
from syndication.jobs.notices import send_missing, send_probes
from syndication.jobs.own_address import OwnAddress
from syndication.jobs.ping import ping_hubs
from syndication.jobs.preflight import Preflight
from syndication.jobs.publish import publish_feeds
from syndication.jobs.sweep import sweep
from syndication.jobs.uploads import Uploads
from syndication.keys import DKIM_ED25519, Keys, load_dkim, load_keys
from syndication.net.client import Limits, SafeClient
from syndication.net.names import Names
from syndication.net.webhook import post_form
from syndication.scheduler import REPUBLISH, SWEEP, TICK, TIDY, UPKEEP, Clock
from syndication.setting_sections import MailSettings
from syndication.settings import Reloading, Settings
from syndication.store.bouncing import Taken
from syndication.store.database import Database, open_database
from syndication.store.installing import tag_prefix_of
from syndication.store.lanes import Caps
from syndication.store.migrate import require_current
from syndication.store.newsletters import newsletters
from syndication.upkeep import Upkeep

_log = structlog.get_logger()

WAITED_FOR: Final = Limits(connect_s=5, first_byte_s=8, total_s=15)
"""Of a look at a source that somebody waits for."""

EXAMPLE_ADDRESS: Final = "Example Street"
"""Stands in the postal address of config/newsletters.toml as it is shipped."""


def now() -> datetime:
    """This instant, aware UTC."""
    return datetime.now(UTC)  # noqa: TID251 - the one place that reads the clock


def later(task: Task, key: str, **ids: int) -> None:
    """For who runs no jobs, see `domain.seams.Enqueue`: the next sweep of a process that does finds the work."""
    del task, key, ids


@dataclass(frozen=True, slots=True)
class App:
    """An opened installation: what commands, web and runner share."""

    settings: Settings
    database: Database
    keys: Keys
    site: Site

    def require_ready(self) -> None:
        """Raises ConfigError unless mail may leave as the profile demands. Source: architecture, section 6."""
        settings = self.settings
        if settings.profile is not Profile.INTERNET or settings.outbox:
            return
        if urlsplit(settings.site.public_url).scheme != "https":
            message = (
                f"[site] public_url is {settings.site.public_url}, but mail leaves by SMTP: links in mail must be https. "
                "Set the public https address in var/syndication.toml, or intranet = true if everybody reads inside."
            )
            raise ConfigError(message)
        with self.database.read() as session:
            for letter in newsletters(session):
                if EXAMPLE_ADDRESS in letter.value.postal_address:
                    message = (
                        f"The newsletter '{letter.value.slug}' still has the example's postal address; the law asks for "
                        'a real one in every mail. Start with [mail] transport = "outbox", write yours in the console under '
                        "Newsletters, then set the transport again."
                    )
                    raise ConfigError(message)

    def fetcher(self) -> SourceFetcher:
        """Reads sources, as this installation is allowed to."""
        return SourceFetcher(self._agent(), self.settings.collect.allowed_networks, parse=ParserPool())

    def _agent(self) -> str:
        contact = self.settings.collect.contact or self.site.public_url
        return f"Syndication/{__version__} (+{contact}) feed-collector"

    def checker(self) -> SourceFetcher:
        """Looks at a source while somebody waits: the same rules, shorter time limits."""
        settings = self.settings.collect
        client = SafeClient(self._agent(), settings.allowed_networks, limits=WAITED_FOR)
        return SourceFetcher(self._agent(), client=client, parse=ParserPool(), pause=lambda _: None)

    def transport(self) -> Transport:
        """The way mail leaves."""
        if self.settings.outbox:
            return OutboxTransport(self.settings.outbox)
        mail = self.settings.mail
        if mail.transport == "direct":
            helo = mail.helo or urlsplit(self.site.public_url).hostname or "localhost"
            return direct_transport(mail.starttls, helo, self.names)
        return smtp_transport_from_url(mail.transport, connections=mail.connections, starttls=mail.starttls)

    def relay(self) -> SmtpServer:
        """The server that mail is handed to. Raises ConfigError when mail stays in the outbox or the URL is wrong."""
        mail = self.settings.mail
        return smtp_transport_from_url(mail.transport, starttls=mail.starttls).server

    def post_office(self) -> PostOffice:
        """What every mail needs of this installation."""
        mail = self.settings.mail
        back = ReturnAddresses(mail.bounce_address, mail.verp, mail.unsubscribe_address)
        return PostOffice(
            self.keys.tokens, self.site, self.keys.suppression, dkim=self.dkim(), back=back, caps=self.caps()
        )

    def caps(self) -> Caps:
        """The relay's limits; files have none."""
        mail = self.settings.mail
        return Caps() if self.settings.outbox else Caps(mail.per_second, mail.per_hour, mail.per_day)

    def dkim(self) -> Dkim | None:
        """What mail is signed with, None where the relay signs. Raises ConfigError for keys that cannot be used."""
        mail = self.settings.mail
        if not mail.dkim_domain:
            return None
        selectors = (mail.dkim_selector, DKIM_ED25519) if mail.dkim_ed25519 else (mail.dkim_selector,)
        return load_dkim(self.settings.var_folder / "secrets", mail.dkim_domain, selectors)

    @property
    def names(self) -> Names:
        """Who is asked what the world sees of us."""
        return Names(self.settings.mail.name_servers)

    def own_address(self, names: Names) -> OwnAddress:
        """Our public address, looked at from where others are as far as we can."""
        return OwnAddress(self.settings.site.public_url, self.keys.tokens, self._own_client(names))

    def _own_client(self, names: Names) -> SafeClient:
        agent = f"Syndication/{__version__} (+{self.site.public_url}) preflight"
        limits = Limits(connect_s=5, first_byte_s=10, total_s=15, body=1024 * 1024)
        return SafeClient(agent, limits=limits, resolver=names.addresses)

    def warn_of_keys(self, names: Names | None = None) -> list[KeyFault]:
        """Compare the keys we sign with to those in DNS, and say in the log what is wrong. Takes seconds: it asks servers."""
        dkim = None if self.settings.outbox else self.dkim()
        faults = key_faults(dkim.records, (names or self.names).texts) if dkim else []
        for fault in faults:
            tell = _log.error if fault.is_known else _log.warning
            tell("dkim_key_not_published", name=fault.name, problem=fault.problem, remedy=fault.remedy)
        return faults

    def preflight(self) -> Preflight:
        """Checks issues before they are sent."""
        return Preflight(
            self.database,
            self.post_office(),
            self._own_client(self.names),
            self.settings.profile,
            leaves=self.settings.outbox is None,
            example=EXAMPLE_ADDRESS,
            names=self.names,
        )

    def mail_in(self) -> MailIn:
        """Takes in what comes back."""
        return MailIn(self.database, Lock(self.keys.tokens, self.keys.suppression), self.keys.suppression)

    def uploads(self, stop: Callable[[], bool] = lambda: False) -> Uploads:
        """Lists of readers that are uploaded in the console."""
        return Uploads(self.database, self.keys.suppression, self.settings.var_folder, now, stop)

    def take_mail(self, raw: bytes, envelope: Envelope) -> Taken:
        """Take in one message. Raises the database's errors; then nothing has changed."""
        return self.mail_in().take(raw, envelope, now())

    def back_channel(self) -> BackChannel:
        """The ways mail comes back. Raises ConfigError for a setting that cannot be meant."""
        settings = self.settings.mail_in

        def take(raw: bytes, envelope: Envelope) -> bool:
            return self.take_mail(raw, envelope).kind is not IncomingKind.OTHER

        return BackChannel(settings.listen, settings.imap, take)

    def ping(self) -> None:
        """Tell the hubs what changed."""
        ping_hubs(self.database, self.site.hubs, post_form, now())

    def ask_hubs(self) -> None:
        """Ask hubs of sources to tell us of news. A trial has no address that they could reach."""
        client = SafeClient(self._agent(), self.settings.collect.allowed_networks)
        ask_hubs(self.database, client, self.keys.box, self.site.public_url, now())

    def tasks(self, enqueue: Enqueue, stop: Callable[[], bool]) -> Mapping[Task, Callable[..., object]]:
        """What each task does."""
        database, site = self.database, self.site
        fetcher, sending = self.fetcher(), Sending(self, Reloading(self.settings))
        self.transport(), self.post_office()  # what cannot be meant is said at the start

        collecting = Collecting(
            database,
            fetcher,
            enqueue,
            self.keys.box,
            timedelta(seconds=self.settings.collect.host_gap_s),
            self.settings.collect.connections,
        )

        def classify() -> None:
            classify_pending(database, enqueue, now())
            group_articles(database, now())

        def publish(thorough: int = 0) -> None:
            publish_feeds(database, site, now(), thorough=bool(thorough))
            enqueue(Task.PING, "ping")

        def compose(issue_id: int) -> None:
            if compose_announcement(database, site, issue_id, now()) is None:
                compose_issue(database, site, issue_id, now())
            enqueue(Task.DELIVER, "deliver")

        def look_for_work() -> None:
            sweep(database, enqueue, now())

        keep_up = Upkeep(Reloading(self.settings).settings, database)

        def upkeep() -> None:
            keep_up(now())

        return MappingProxyType(
            {
                Task.COLLECT: partial(collect_due, collecting, now, stop),
                Task.CLASSIFY: classify,
                Task.PUBLISH: publish,
                Task.COMPOSE: compose,
                Task.DELIVER: partial(sending.run, now, stop),
                Task.UPKEEP: upkeep,
                Task.PING: self.ping,
                Task.HUBS: self.ask_hubs,
                Task.IMPORT: self.uploads(stop).work,
                Task.SWEEP: look_for_work,
            }
        )


@dataclass(frozen=True, slots=True)
class Sending:
    """Delivers under the settings that are in force when a run begins. pause_s: see `deliver.sender.Limits`."""

    app: App
    current: Reloading
    pause_s: float = 1.0
    _ways: dict[MailSettings, Transport] = field(default_factory=dict)

    def run(self, clock: Callable[[], datetime], stop: Callable[[], bool]) -> None:
        """Look at the issues that wait at their gate, then send what is ready. clock: this instant, aware UTC."""
        app = replace(self.app, settings=self.current.settings())
        mail, database = app.settings.mail, app.database
        app.preflight().open_gates(clock())
        if mail not in self._ways:
            self._ways[mail] = app.transport()  # what lanes have learned outlives a run
            release_held(database, clock())
        deliver_ready(database, self._ways[mail], replace(app.post_office(), pause_s=self.pause_s), clock, stop)


@contextmanager
def open_app(settings: Settings) -> Iterator[App]:
    """An installation that `init` has made, closed at the end of the block.

    Raises StoreError or ConfigError that name the command that helps.
    """
    database = open_database(settings.database_url)
    try:
        require_current(database)
        keys = load_keys(settings.var_folder / "secrets")
        values = settings.site
        with database.read() as session:
            prefix = tag_prefix_of(session)
        site = Site(
            values.title,
            values.description,
            values.public_url,
            values.language,
            values.zone,
            prefix,
            settings.feeds.hubs,
        )
        yield App(settings, database, keys, site)
    finally:
        database.close()


class Runner:
    """Clock and jobs of one process."""

    def __init__(self, app: App) -> None:
        """Take the runner's role. Raises StoreError while another process has it."""
        self._database, self._site = app.database, app.site
        self._hears_hubs = app.settings.profile is not Profile.TRIAL
        self._warn_of_keys = app.warn_of_keys
        self._role = RunnerRole(app.settings.var_folder) if app.database.is_sqlite else None
        self._stopping = threading.Event()
        self._engine = EmbeddedEngine(app.tasks(self.enqueue, self._stopping.is_set))
        self._back_channel, self._mail_in = app.back_channel(), app.mail_in()
        self._uploads = app.uploads()
        acts = {
            self._tick: TICK,
            self._sweep: SWEEP,
            self._republish: REPUBLISH,
            self._tidy: TIDY,
            self._upkeep: UPKEEP,
        }
        if self._back_channel.has_mailbox:
            acts[self._back_channel.poll] = timedelta(seconds=app.settings.mail_in.every_s)
        self._clock = Clock(acts)

    def enqueue(self, task: Task, key: str, **ids: int) -> None:
        """See `domain.seams.Enqueue`."""
        self._engine.enqueue(task, key, **ids)

    def start(self) -> None:
        """Begin with what the last process left behind."""
        recover_deliveries(self._database, now(), is_alone=self._role is not None)
        self._engine.start()
        self._sweep()
        self._republish()
        self._back_channel.start()
        self._clock.start()
        threading.Thread(target=self._warn_of_keys, name="dkim-keys", daemon=True).start()

    def stop(self) -> None:
        """Finish what runs; what waits is found again at the next start."""
        self._stopping.set()
        self._back_channel.stop()
        self._clock.stop()
        self._engine.stop()
        if self._role:
            self._role.release()

    def _tick(self) -> None:
        fire_due(self._database, self.enqueue, now())
        look_for_due(self._database, self.enqueue, now())
        if self._hears_hubs:
            look_for_hubs(self._database, self.enqueue, now())

    def _republish(self) -> None:
        """What changed in a process that died before it published; looking at every feed costs 2 ms each (measured)."""
        self.enqueue(Task.PUBLISH, "publish-all", thorough=1)

    def _tidy(self) -> None:
        self._mail_in.tidy(now())
        self._uploads.tidy()

    def _upkeep(self) -> None:
        self.enqueue(Task.UPKEEP, "upkeep")
        self.enqueue(Task.PING, "ping")

    def _sweep(self) -> None:
        sweep(self._database, self.enqueue, now())
        send_missing(self._database, self._site, now())
        send_probes(self._database, self._site, now())
