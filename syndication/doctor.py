"""What stands between this installation and its readers: one finding a line, each with its remedy.

Looks, asks and tries, and changes nothing. A trial sees what going live will ask of it.
"""

import asyncio
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import TZPATH, ZoneInfo, available_timezones

from syndication.app import EXAMPLE_ADDRESS, App
from syndication.backup import archives
from syndication.deliver.dkim_published import KeyFault, key_faults
from syndication.deliver.greeting import Tls
from syndication.deliver.probe import try_relay
from syndication.domain.findings import Finding, Verdict
from syndication.domain.newsletters import Newsletter
from syndication.domain.site import Profile
from syndication.net.names import Names
from syndication.settings import is_loopback
from syndication.store.installing import newest_instant
from syndication.store.newsletters import newsletters
from syndication.upkeep import MINIMUM_FREE

_LOW_FREE: Final = 5 << 30
_SKEW: Final = timedelta(minutes=10)
_EXAMPLE_DOMAINS: Final = ("example.org", "example.com", "example.net")


@dataclass(frozen=True, slots=True)
class Patient:
    """What is looked at: an opened installation, its newsletters and the instant (aware UTC)."""

    app: App
    letters: tuple[Newsletter, ...]
    names: Names
    now: datetime

    @property
    def is_public(self) -> bool:
        """Whether it is, or is to be, on the internet: not an intranet."""
        return not self.app.settings.site.intranet

    @property
    def domains(self) -> tuple[str, ...]:
        """The domains mail is sent from, in order of newsletters, none twice."""
        found = (letter.sender_address.rpartition("@")[2].lower() for letter in self.letters)
        return tuple(dict.fromkeys(found))


Check = Callable[[Patient], list[Finding]]


def examine(app: App, now: datetime, names: Names | None = None) -> tuple[Finding, ...]:
    """Everything that was found, in the order it is mended in. Takes seconds: it asks servers. names: who answers for DNS."""
    with app.database.read() as session:
        letters = tuple(stored.value for stored in newsletters(session))
    patient = Patient(app, letters, names or Names(), now)
    with ThreadPoolExecutor(len(_CHECKS)) as pool:
        found = list(pool.map(lambda check: check(patient), _CHECKS))
    return tuple(finding for part in found for finding in part)


def is_ready(findings: tuple[Finding, ...]) -> bool:
    """Whether nothing stands in the way."""
    return all(finding.verdict is not Verdict.FAULT for finding in findings)


def _address(patient: Patient) -> list[Finding]:
    url = patient.app.settings.site.public_url
    name, title = "public_address", "Public address"
    if is_loopback(url):
        words = f"{url} can only be reached on this machine."
        remedy = 'Set [site] public_url in var/syndication.toml to the address readers will use, e.g. "https://news.example.org".'
        return [Finding(name, title, Verdict.FAULT, words, remedy)]
    if patient.is_public and urlsplit(url).scheme != "https":
        words = f"{url} is not https; mail providers take no one-click unsubscribe link without it."
        remedy = "Put a web server with a certificate in front (docs/going-live.md has one for Caddy and for nginx)."
        return [Finding(name, title, Verdict.FAULT, words, remedy)]
    return [Finding(name, title, Verdict.OK, f"Readers and links use {url}.")]


def _senders(patient: Patient) -> list[Finding]:
    if not patient.letters:
        remedy = "Make one in the console, or in newsletters.toml."
        return [Finding("newsletter", "Newsletter", Verdict.FAULT, "There is no newsletter yet.", remedy)]
    return [finding for letter in patient.letters for finding in (_sender(letter), _postal_address(letter))]


def _sender(letter: Newsletter) -> Finding:
    title = f"Sender of '{letter.title}'"
    domain = letter.sender_address.rpartition("@")[2].lower()
    if domain.endswith(_EXAMPLE_DOMAINS):
        words = f"{letter.sender_address} is an address of an example."
        remedy = "Give the newsletter a sender address of your own domain; it must be able to receive answers."
        return Finding("sender", title, Verdict.FAULT, words, remedy)
    return Finding("sender", title, Verdict.OK, f"Mail comes from {letter.sender_name} <{letter.sender_address}>.")


def _postal_address(letter: Newsletter) -> Finding:
    title = f"Postal address of '{letter.title}'"
    if EXAMPLE_ADDRESS in letter.postal_address or not letter.postal_address.strip():
        words = "It is still the example's." if letter.postal_address.strip() else "There is none."
        remedy = "Give the newsletter your real postal address: the law asks for it in every mail."
        return Finding("postal_address", title, Verdict.FAULT, words, remedy)
    return Finding("postal_address", title, Verdict.OK, letter.postal_address)


def _spf(patient: Patient) -> list[Finding]:
    return [_published(patient, domain, "spf", "SPF", domain, "v=spf1", _SPF_TEXT) for domain in patient.domains]


def _dkim(patient: Patient) -> list[Finding]:
    name, title = "dkim", "DKIM"
    settings = patient.app.settings
    dkim = patient.app.dkim()
    if dkim is None:
        if settings.mail.transport != "direct":
            return [Finding(name, title, Verdict.OFF, "Mail is signed by the relay ([mail] dkim_domain is empty).")]
        remedy = "Set [mail] dkim_domain, run `syndication init`, and publish what `syndication dkim` shows."
        return [Finding(name, title, Verdict.WARNING, "Nobody signs our mail; large providers refuse it.", remedy)]
    found = [_unsigned(letter, dkim.domain) for letter in patient.letters if not dkim.covers(letter.sender_address)]
    if not patient.is_public:
        return [*found, Finding(name, f"{title} of {dkim.domain}", Verdict.OFF, "Not asked on an intranet.")]
    for record, text in dkim.records.items():
        faults = key_faults({record: text}, patient.names.texts)
        found += [_key_finding(f"{title} of {dkim.domain}", fault) for fault in faults]
        if not faults:
            words = f"{record} publishes the key that we sign with."
            found.append(Finding(name, f"{title} of {dkim.domain}", Verdict.OK, words))
    return found


def _unsigned(letter: Newsletter, domain: str) -> Finding:
    words = f"{letter.sender_address} is no address of {domain}, so mail of '{letter.title}' is not signed."
    remedy = "Give the newsletter a sender at the domain we sign for, or change [mail] dkim_domain."
    return Finding("dkim_sender", f"DKIM of '{letter.title}'", Verdict.WARNING, words, remedy)


def _key_finding(title: str, fault: KeyFault) -> Finding:
    verdict = Verdict.FAULT if fault.is_known else Verdict.WARNING
    return Finding("dkim", title, verdict, fault.problem, fault.remedy, fault.record)


def _dmarc(patient: Patient) -> list[Finding]:
    found = []
    for domain in patient.domains:
        text = f"v=DMARC1; p=none; rua=mailto:postmaster@{domain}"
        found.append(_published(patient, domain, "dmarc", "DMARC", f"_dmarc.{domain}", "v=DMARC1", text))
    return found


_SPF_TEXT: Final = "v=spf1 include:THE-DOMAIN-YOUR-RELAY-NAMES ~all"


def _published(  # noqa: PLR0913, PLR0917 - a record is a name, a beginning and a text
    patient: Patient, domain: str, name: str, kind: str, record: str, begins: str, text: str
) -> Finding:
    title = f"{kind} of {domain}"
    if not patient.is_public or domain.endswith(_EXAMPLE_DOMAINS):
        why = (
            "Not asked on an intranet." if not patient.is_public else "Asked once the sender has a domain of your own."
        )
        return Finding(name, title, Verdict.OFF, why)
    seen = patient.names.texts(record)
    if seen is None:
        words = f"No name server answers for {record}, so nobody can say whether it is published."
        return Finding(name, title, Verdict.WARNING, words, "Look again when this machine reaches a name server.", text)
    found = [value for value in seen if value.lower().startswith(begins.lower())]
    if len(found) > 1:
        words = f"{record} has {len(found)} such records; providers then take none of them."
        return Finding(name, title, Verdict.FAULT, words, "Keep one of them.", "\n".join(found))
    if not found:
        remedy = f"Add this TXT record at {record}" + (
            ", with what your relay's documentation says." if name == "spf" else "."
        )
        return Finding(name, title, Verdict.FAULT, f"{record} has no such record.", remedy, text)
    return Finding(name, title, Verdict.OK, f"{record} says: {found[0]}")


def _backup(patient: Patient) -> list[Finding]:
    settings = patient.app.settings
    name, title = "backup", "Backup"
    kept = archives(settings.backup_folder)
    if not settings.backup.every_hours:
        words = "Switched off ([backup] every_hours = 0)."
        return [
            Finding(
                name,
                title,
                Verdict.WARNING,
                words,
                "Set it to 24, or make sure that another tool runs `syndication backup`.",
            )
        ]
    if not kept:
        words = "There is none yet; `serve` makes the first one within the hour."
        return [Finding(name, title, Verdict.WARNING, words, "Or run `syndication backup` now.")]
    made_at = datetime.fromtimestamp(kept[0].stat().st_mtime, tz=patient.now.tzinfo)
    words = f"The newest of {len(kept)} is of {made_at:%Y-%m-%d %H:%M} UTC, in {settings.backup_folder}."
    if patient.now - made_at > 2 * timedelta(hours=settings.backup.every_hours):
        return [
            Finding(
                name,
                title,
                Verdict.FAULT,
                words,
                "Run `syndication backup` and see what it says; the log names the cause.",
            )
        ]
    if settings.backup_folder.is_relative_to(settings.var_folder):
        remedy = "It is on the same disk as the data: set [backup] folder to another disk or a network folder."
        return [Finding(name, title, Verdict.WARNING, words, remedy)]
    return [Finding(name, title, Verdict.OK, words)]


def _clock(patient: Patient) -> list[Finding]:
    with patient.app.database.read() as session:
        newest = newest_instant(session)
    name, title = "clock", "Clock"
    if newest and newest - patient.now > _SKEW:
        words = f"It says {patient.now:%Y-%m-%d %H:%M} UTC, but something was recorded at {newest:%Y-%m-%d %H:%M} UTC."
        return [
            Finding(
                name,
                title,
                Verdict.FAULT,
                words,
                "Set the clock, and let it be kept by NTP (timedatectl set-ntp true).",
            )
        ]
    return [Finding(name, title, Verdict.OK, f"{patient.now:%Y-%m-%d %H:%M} UTC, and nothing is recorded after it.")]


def _zones(patient: Patient) -> list[Finding]:
    zone = ZoneInfo(patient.app.settings.site.zone)
    place = "the system's" if any(TZPATH) and available_timezones() else "the package's"
    words = f"{zone.key}, now {patient.now.astimezone(zone):%H:%M}; data from {place} zone files."
    return [Finding("zone", "Time zone", Verdict.OK, words)]


def _disk(patient: Patient) -> list[Finding]:
    folder = patient.app.settings.var_folder
    free = shutil.disk_usage(folder).free
    words = f"{free / (1 << 30):.1f} GB are free in {folder}."
    name, title, remedy = (
        "disk",
        "Disk",
        "Free some space, or move var/ to a larger disk; a full disk stops everything.",
    )
    if free < MINIMUM_FREE:
        return [Finding(name, title, Verdict.FAULT, words, remedy)]
    return [
        Finding(
            name, title, Verdict.WARNING if free < _LOW_FREE else Verdict.OK, words, remedy if free < _LOW_FREE else ""
        )
    ]


def _way_out(patient: Patient) -> list[Finding]:
    settings = patient.app.settings
    if settings.outbox:
        words = f"Mail stays in {settings.outbox}; nobody gets any."
        remedy = 'Set [mail] transport in var/syndication.toml, e.g. "smtp://user@relay.example.org:587".'
        return [Finding("transport", "Way out", Verdict.FAULT, words, remedy)]
    if settings.mail.transport == "direct":
        words = (
            "Mail goes to each recipient's own servers; whether they take it depends on this machine's address and DNS."
        )
        return [Finding("transport", "Way out", Verdict.OK, words)]
    server = patient.app.relay()
    senders = tuple(dict.fromkeys(letter.sender_address for letter in patient.letters))
    fault = asyncio.run(try_relay(server, senders))
    if fault:
        words = f"{server.host}:{server.port} would not take our mail. It says: {fault}"
        remedy = "Mend user, password or sender in [mail] transport of var/syndication.toml, or ask who runs the relay."
        return [Finding("transport", "Way out", Verdict.FAULT, words, remedy)]
    how = {Tls.OFF: "unencrypted", Tls.STARTTLS: "encrypted by STARTTLS", Tls.IMPLICIT: "encrypted"}[server.tls]
    log_in = f", logged in as {server.user}" if server.user else ""
    return [Finding("transport", "Way out", Verdict.OK, f"{server.host}:{server.port} takes our mail, {how}{log_in}.")]


def _caps(patient: Patient) -> list[Finding]:
    name, title = "caps", "Limits of the relay"
    if patient.app.settings.outbox:
        return [Finding(name, title, Verdict.OFF, "Asked once mail leaves by SMTP.")]
    caps = patient.app.caps()
    limits = {"second": caps.per_second, "hour": caps.per_hour, "day": caps.per_day}
    said = [f"{limit:g} per {span}" for span, limit in limits.items() if limit]
    words = f"At most {', '.join(said)}." if said else "None set ([mail] per_second, per_hour, per_day)."
    return [Finding(name, title, Verdict.OK, words)]


def _profile(patient: Patient) -> list[Finding]:
    profile = patient.app.settings.profile
    words = {
        Profile.TRIAL: "Trial: everything works, and no mail leaves this machine.",
        Profile.INTRANET: "Intranet: http and private certificates are fine.",
        Profile.INTERNET: "Internet: mail leaves only with https links and a real postal address.",
    }
    return [Finding("profile", "Profile", Verdict.OK, words[profile])]


def _alerts(patient: Patient) -> list[Finding]:
    alerts = patient.app.settings.alerts
    used = [name for name in ("webhook", "command", "smtp") if getattr(alerts, name)]
    if used:
        return [Finding("alerts", "Alerts", Verdict.OK, f"You hear of trouble by {' and '.join(used)}.")]
    words = "Nobody is told when something goes wrong; it only stands in the console and in the log."
    remedy = "Set [alerts] webhook, command or smtp in var/syndication.toml."
    return [Finding("alerts", "Alerts", Verdict.WARNING, words, remedy)]


_CHECKS: Final[tuple[Check, ...]] = (
    _profile,
    _address,
    _senders,
    _way_out,
    _caps,
    _spf,
    _dkim,
    _dmarc,
    _alerts,
    _backup,
    _clock,
    _zones,
    _disk,
)
