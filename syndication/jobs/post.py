"""What waits to be sent → mails, one after another: notices first, then batch after batch of the issues being sent."""

import asyncio
import os
import random
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import structlog

from syndication.deliver.dkim import Dkim
from syndication.deliver.group_commit import PAUSES_S
from syndication.deliver.message import MessageBuilder, Occasion, Reader, Secrets, UnsignedMail
from syndication.deliver.retry import LIFETIME, next_attempt
from syndication.domain.delivery import DeliveryKind, DeliveryName, Mail, ReturnAddresses
from syndication.domain.errors import AddressError
from syndication.domain.newsletters import Newsletter
from syndication.domain.site import Site
from syndication.domain.states import NoticeKind
from syndication.domain.tokens import KeyRing
from syndication.store.database import Database
from syndication.store.delivering import (
    Lease,
    Recipient,
    claim_batch,
    digest_bodies,
    finish_batch,
    recipients,
    renew_leases,
)
from syndication.store.issues import pause_issue
from syndication.store.lanes import Caps
from syndication.store.ledger import DeliveryLedger, Expected, LedgerRules
from syndication.store.newsletters import newsletter
from syndication.store.noticing import ReadyNotice, ready_notices

LEASE: Final = timedelta(seconds=60)
NOWHERE: Final = ReturnAddresses()
UNLIMITED: Final = Caps()
_RENEWALS_A_LEASE: Final = 4
# Somebody waits before a page for a confirmation, however long the issue is that is being sent.
_NOTICES_EVERY_S: Final = 2.0
_NOTICES_AT_ONCE: Final = 100
_MOST_BUILDERS: Final = 500
# Half a batch: enough to send while the next is leased and read.
_READ_AHEAD: Final = 500
# One more than processors: it signs while another waits for the interpreter. A group is large enough to spare changes of
# threads, small to keep memory.
_SIGNERS: Final = (os.cpu_count() or 1) + 1
_GROUP: Final = 20
# Connections fetch mails in bursts, after each commit; signers that run out of work meanwhile leave a processor idle.
_GROUPS_AHEAD: Final = 6 * _SIGNERS

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class PostOffice:
    """What every mail needs of the installation. keys: sign the links. suppression_key: never changes.

    lease: how long a batch stays ours without a sign of life. dkim: None where the relay signs. back: where mail comes in.
    caps: the relay's limits. patience_s: how long a stop waits for a server that does not answer. pause_s,
    ledger_pauses_s: see `Limits`.
    """

    keys: KeyRing
    site: Site
    suppression_key: bytes
    lease: timedelta = LEASE
    dkim: Dkim | None = None
    back: ReturnAddresses = NOWHERE
    caps: Caps = UNLIMITED
    patience_s: float = 20.0
    pause_s: float = 1.0
    ledger_pauses_s: Sequence[float] = PAUSES_S


class PostQueue:
    """The mails of one run of one process, built one at a time, and the leases they are sent under."""

    def __init__(self, database: Database, post: PostOffice, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._post = post
        self._clock = clock
        self._secrets = Secrets(post.keys, post.suppression_key, post.dkim)
        self._urgent: deque[Callable[[], Mail]] = deque()
        self._ready: deque[tuple[Lease, MessageBuilder, Recipient]] = deque()
        self._ahead: asyncio.Task[bool] | None = None
        self._is_drained = False
        self._signed: deque[Mail] = deque()
        self._signing: deque[asyncio.Future[list[Mail]]] = deque()
        self._signers = ThreadPoolExecutor(_SIGNERS, "sign") if post.dkim else None
        self._builders: dict[int, MessageBuilder] = {}
        self._leases: list[Lease] = []
        self._seen_notices: set[int] = set()
        self._notices_looked_at = 0.0
        self._turn = asyncio.Lock()
        self.ledger = DeliveryLedger(database, LedgerRules(_next_attempt, post.suppression_key), clock)
        self.issues: set[int] = set()

    async def next(self) -> Mail | None:
        """The next mail; None when nothing is ready."""
        mail = self._at_hand()
        if mail is None:
            async with self._turn:
                mail = await self._fetched()
        return mail

    def _at_hand(self) -> Mail | None:
        """The next mail, when there is nothing to wait for."""
        if self._urgent:
            return self._urgent.popleft()()
        if self._are_notices_due():
            return None
        if self._signers:
            return self._signed.popleft() if self._signed else None
        is_reading = self._ahead is not None and not self._ahead.done()
        if len(self._ready) > _READ_AHEAD or (self._ready and (is_reading or self._is_drained)):
            return self._digest_mail().mail
        return None

    async def _fetched(self) -> Mail | None:
        if self._are_notices_due():
            self._notices_looked_at = time.monotonic()
            await asyncio.to_thread(self._take_notices)
        if self._urgent:
            return self._urgent.popleft()()
        if self._signers:
            return await self._next_signed(self._signers)
        return self._digest_mail().mail if await self._is_ready() else None

    def _are_notices_due(self) -> bool:
        return time.monotonic() - self._notices_looked_at > _NOTICES_EVERY_S

    async def _is_ready(self) -> bool:
        """Whether there is a digest to send. The next batch is read while the last is sent. Measured: see ADR 27."""
        while True:
            if self._ahead is None and len(self._ready) <= _READ_AHEAD and not self._is_drained:
                self._ahead = asyncio.create_task(asyncio.to_thread(self._take_batch))
            if self._ahead and (self._ahead.done() or not self._ready):
                ahead, self._ahead = self._ahead, None
                self._is_drained = not await ahead
            elif self._ready or self._is_drained:
                return bool(self._ready)

    async def _next_signed(self, signers: ThreadPoolExecutor) -> Mail | None:
        """Signing costs more than all the rest of a mail: threads do it, some groups ahead. Measured: see ADR 27."""
        while not self._signed:
            while len(self._signing) < _GROUPS_AHEAD and await self._is_ready():
                group = [self._digest_mail() for _ in range(min(_GROUP, len(self._ready)))]
                self._signing.append(asyncio.get_running_loop().run_in_executor(signers, _sealed, group))
            if not self._signing:
                return None
            self._signed.extend(await self._signing.popleft())
        return self._signed.popleft()

    async def keep_leases(self) -> None:
        """Renew the leases until cancelled."""
        while True:
            await asyncio.sleep(self._post.lease.total_seconds() / _RENEWALS_A_LEASE)
            until = self._clock() + self._post.lease
            await asyncio.to_thread(renew_leases, self._database, self._leases, until)

    async def give_back(self, hold_until: datetime | None = None) -> None:
        """Give all batches back, when nothing is sent any more. hold_until: the lane is held until then (aware UTC)."""
        if self._ahead:
            await asyncio.gather(self._ahead, return_exceptions=True)
        if self._signers:
            self._signers.shutdown(cancel_futures=True)
        self.ledger.close()
        await asyncio.to_thread(self._give_back, self._leases, hold_until)

    def _give_back(self, leases: list[Lease], hold_until: datetime | None = None) -> None:
        for lease in leases:
            with self._database.write() as session:
                finish_batch(session, lease, self._clock(), hold_until)
        self._leases = [lease for lease in self._leases if lease not in leases]

    def _take_notices(self) -> None:
        now = self._clock()
        with self._database.write() as session:
            found = ready_notices(session, now, LIFETIME, _NOTICES_AT_ONCE, self._seen_notices)
        for notice in found:
            self._seen_notices.add(notice.notice_id)
            try:
                self._urgent.append(self._notice_mail(notice))
            except AddressError as error:
                _log.error("notice_not_sent", notice=notice.notice_id, reason=str(error))

    def _notice_mail(self, notice: ReadyNotice) -> Callable[[], Mail]:
        is_welcome = notice.kind is NoticeKind.WELCOME
        occasion = Occasion(notice.kind, notice.kind, notice.created_at, to_list=is_welcome)
        sender = self._newsletter(notice.newsletter_id)
        builder = MessageBuilder(notice.body, sender, self._post.site, occasion, self._secrets, self._post.back)
        name = DeliveryName(DeliveryKind.NOTICE, notice.notice_id, notice.subscriber_id)
        self.ledger.expect(name, Expected(None, notice.created_at + LIFETIME))
        return partial(builder.build, name, Reader(notice.subscription_id, notice.address))

    def _take_batch(self) -> bool:
        """Claim the next batch; False when there is none."""
        self._give_back([lease for lease in self._leases if not self.ledger.has_open(lease)])
        with self._database.write() as session:
            lease = claim_batch(session, self._clock(), self._post.lease, LIFETIME)
        if lease is None:
            return False
        self._leases.append(lease)
        self.issues.add(lease.issue_id)
        with self._database.read() as session:
            found = recipients(session, lease)
        try:
            self._prepare(lease, {recipient.digest_id for recipient in found})
        except AddressError as error:
            with self._database.write() as session:
                pause_issue(session, lease.issue_id, str(error))
            return True
        self.ledger.begin(lease, len(found))
        self._ready.extend((lease, self._builders[recipient.digest_id], recipient) for recipient in found)
        return True

    def _prepare(self, lease: Lease, digests: Iterable[int]) -> None:
        """Encode the digests of a batch that are not encoded yet."""
        if len(self._builders) > _MOST_BUILDERS:
            self._builders.clear()
        missing = [digest_id for digest_id in digests if digest_id not in self._builders]
        if not missing:
            return
        with self._database.read() as session:
            bodies = digest_bodies(session, missing)
        occasion = Occasion("digest", f"i{lease.issue_id}", lease.issue_at, to_list=True)
        sender = self._newsletter(lease.newsletter_id)
        for digest_id, body in bodies.items():
            self._builders[digest_id] = MessageBuilder(
                body, sender, self._post.site, occasion, self._secrets, self._post.back
            )

    def _digest_mail(self) -> UnsignedMail:
        lease, builder, recipient = self._ready.popleft()
        name = DeliveryName(DeliveryKind.ISSUE, lease.issue_id, recipient.subscriber_id)
        self.ledger.expect(name, Expected(lease, lease.issue_at + LIFETIME, recipient.has_own_start))
        return builder.unsigned(name, Reader(recipient.subscription_id, recipient.address))

    def _newsletter(self, newsletter_id: int) -> Newsletter:
        with self._database.read() as session:
            stored = newsletter(session, newsletter_id)
        assert stored is not None  # noqa: S101 - the foreign key says so
        return stored.value


def _sealed(mails: Sequence[UnsignedMail]) -> list[Mail]:
    return [mail.sealed() for mail in mails]


def _next_attempt(attempt: int, at: datetime) -> datetime | None:
    return next_attempt(attempt, at, random.uniform(-1, 1))  # noqa: S311 - spreads load, hides nothing
