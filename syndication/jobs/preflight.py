"""Issue planned → checked → sent, or held with the reason. Runs before the delivery; may be run again at any time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from syndication.deliver.dkim_published import key_faults
from syndication.deliver.mail_lint import lint_mail
from syndication.deliver.message import MessageBuilder, Occasion, Reader, Secrets
from syndication.deliver.spamassassin import MOST_POINTS, SpamOpinion, spam_opinion
from syndication.domain.delivery import DeliveryKind, DeliveryName
from syndication.domain.errors import AddressError
from syndication.domain.newsletters import Newsletter
from syndication.domain.plural import plural
from syndication.domain.preflight import Demands, Finding, verdict
from syndication.domain.site import Profile
from syndication.jobs.own_address import NOBODY, OwnAddress
from syndication.jobs.post import PostOffice
from syndication.net.client import SafeClient
from syndication.net.names import Names
from syndication.store.database import Database
from syndication.store.delivering import digest_bodies
from syndication.store.gating import (
    GateCase,
    gate_case,
    hold,
    issues_before_gate,
    keep_findings,
    open_gate,
    take_out_suppressed,
)
from syndication.store.newsletters import newsletter

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Preflight:
    """Checks issues for one installation.

    leaves: mail leaves by SMTP; else nothing is ever held. client: asks our own public address. example: words that stand
    in a postal address which nobody has filled in. pauses_s: before asking our own address again, which may be starting.
    names: asked for our published keys. spam: SpamAssassin's opinion of a mail, None where it is not installed.
    """

    database: Database
    office: PostOffice
    client: SafeClient
    profile: Profile
    leaves: bool
    example: str
    pauses_s: tuple[float, ...] = (1.0, 3.0)
    names: Names = field(default_factory=Names)
    spam: Callable[[bytes], SpamOpinion | None] = spam_opinion

    def open_gates(self, now: datetime) -> list[int]:
        """Check every issue that is to be sent and was not yet; the ids of those that are held."""
        with self.database.read() as session:
            waiting = issues_before_gate(session)
        return [issue_id for issue_id in waiting if not self._pass(issue_id, now)]

    def check(self, issue_id: int, now: datetime) -> list[Finding]:
        """What stands in an issue's way now; written on the issue, which stays as it is."""
        with self.database.read() as session:
            case = gate_case(session, issue_id)
        found = [] if case is None else list(self._findings(case, now))
        with self.database.write() as session:
            keep_findings(session, issue_id, found)
        return found

    def _pass(self, issue_id: int, now: datetime) -> bool:
        with self.database.read() as session:
            case = gate_case(session, issue_id)
        found = list(self._findings(case, now)) if case and self.leaves else []
        held = verdict(found)
        with self.database.write() as session:
            if held and hold(session, issue_id, held, found):
                _log.error("issue_held", issue_id=issue_id, checks=sorted({one.check for one in found if one.holds}))
                return False
            open_gate(session, issue_id, found)
        return True

    def _findings(self, case: GateCase, now: datetime) -> Iterator[Finding]:
        with self.database.read() as session:
            stored = newsletter(session, case.newsletter_id)
        assert stored is not None  # noqa: S101 - the foreign key says so
        if case.rows != case.planned:
            words = f"{case.planned} deliveries were planned, but there are {case.rows}."
            yield Finding("audience", words, "Cancel the issue; its articles go into the next one. Please report it.")
        left_out = take_out_suppressed(self.database, self.office.suppression_key, case.issue_id, now)
        if left_out:
            words = f"{plural(left_out, 'reader was', 'readers were')} subscribed though their address is suppressed."
            yield Finding("audience", words, "They were left out.", holds=False)
        yield from _once_each(self._mails(case, stored.value))
        yield from self._published(stored.value)
        yield from self._endpoint()

    def _mails(self, case: GateCase, letter: Newsletter) -> Iterator[Finding]:
        """What is wrong with the sample mails."""
        if self._demands(letter).postal_address and self.example in letter.postal_address:
            words = "The newsletter still has the example's postal address."
            yield Finding("address", words, "Write yours into the newsletter: the law asks for it in every mail.")
        with self.database.read() as session:
            bodies = digest_bodies(session, case.samples)
        occasion = Occasion("digest", f"i{case.issue_id}", case.at, to_list=True)
        secrets = Secrets(self.office.keys, self.office.suppression_key, self.office.dkim)
        for body in {id(body): body for body in bodies.values()}.values():
            try:
                builder = MessageBuilder(body, letter, self.office.site, occasion, secrets, self.office.back)
            except AddressError as error:
                yield Finding("header", str(error), "Write a plain sender address for the newsletter.")
                return
            name = DeliveryName(DeliveryKind.ISSUE, case.issue_id, 0)
            raw = builder.build(name, Reader(NOBODY, "reader@example.org")).message
            yield from lint_mail(raw, self._demands(letter))
            yield from self._spam(raw)

    def _spam(self, raw: bytes) -> Iterator[Finding]:
        found = self.spam(raw)
        if found and found.fault:
            words = f"SpamAssassin is installed, but {found.fault}."
            yield Finding("spam", words, "Restart it, or remove it: then nobody is asked.", holds=False)
        elif found and found.points > MOST_POINTS:
            words = f"SpamAssassin gives it {found.points:g} points ({found.tests}); {MOST_POINTS:g} are fine."
            yield Finding("spam", words, "Look at these tests in the preview; or send it anyway.")

    def _demands(self, letter: Newsletter) -> Demands:
        is_public = self.profile is Profile.INTERNET
        dkim = self.office.dkim
        is_signed = dkim is not None and dkim.covers(letter.sender_address)
        address = letter.postal_address if is_public else ""
        return Demands(https=is_public, postal_address=address, dkim=dkim.records if dkim and is_signed else {})

    def _published(self, letter: Newsletter) -> Iterator[Finding]:
        """Whether receivers can look our keys up. Holds on the internet alone, and never because nobody answers."""
        is_public = self.profile is Profile.INTERNET
        for fault in key_faults(self._demands(letter).dkim, self.names.texts):
            yield Finding("dkim", fault.problem, fault.remedy, holds=is_public and fault.is_known)

    def _endpoint(self) -> Iterator[Finding]:
        own = OwnAddress(self.office.site.public_url, self.office.keys, self.client, self.pauses_s)
        yield from (Finding("unsubscribe", *fault) for fault in own.one_click())


def _once_each(findings: Iterator[Finding]) -> Iterator[Finding]:
    yield from dict.fromkeys(findings)
