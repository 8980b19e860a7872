"""What would need the outside, for a machine that has none: looked up in settings and database, nobody is asked.

A name that no rule places is told as doubtful: only a name server could say, and asking it is a connection.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from syndication.app import App
from syndication.doctor.airgap_contents import logos, mail_templates, pages
from syndication.doctor.patient import Check, Patient, patient_of
from syndication.domain.findings import Finding, Verdict
from syndication.domain.plural import plural
from syndication.domain.site import Profile
from syndication.domain.sources import Source
from syndication.domain.states import SourceKind
from syndication.net.guard import Network, networks
from syndication.net.places import Place, place_of
from syndication.settings import is_loopback
from syndication.store.configured import stored_entries
from syndication.store.hubs import hubs_in_use

_VERDICTS: Final = {Place.INSIDE: Verdict.OK, Place.UNKNOWN: Verdict.WARNING, Place.OUTSIDE: Verdict.FAULT}
_IF_OURS: Final = "If it is a machine of yours, nothing is to be done. Else: "
_WEB: Final = frozenset({SourceKind.FEED, SourceKind.SITEMAP, SourceKind.PAGE, SourceKind.API})


def examine_airgap(app: App, now: datetime) -> tuple[Finding, ...]:
    """Everything that was found. Makes no connection but to the database."""
    patient = patient_of(app, now)
    return tuple(finding for check in _CHECKS for finding in check(patient))


def sources(patient: Patient) -> list[Finding]:
    """Whether all that is read is inside. One that is not marked internal is only let to public addresses."""
    with patient.app.database.read() as session:
        entries = stored_entries(session)
    visited = [source for source in entries.sources if f"source/{source.slug}" not in entries.off]
    placed = [(_place_of_source(patient, source), source) for source in visited]
    ours = "mark it as living on a private network (in the console, or internal = true), or name its range in [collect] allowed_networks"
    found = []
    for place, words in (
        (Place.OUTSIDE, "only be read from outside"),
        (Place.UNKNOWN, "be outside: a name alone does not tell, and no name server was asked"),
    ):
        there = [source for at, source in placed if at is place]
        if there:
            said = f"{len(there)} of {plural(len(visited), 'source')} {'can' if place is Place.OUTSIDE else 'may'} {words}."
            remedy = f"Pause what is outside in the console; for a machine of yours, {ours}."
            found.append(Finding("sources", "Sources", _VERDICTS[place], said, remedy, _lines(there)))
    if not found:
        words = f"{plural(len(visited), 'source')}, all pushed, in folders or on networks of yours."
        found.append(Finding("sources", "Sources", Verdict.OK, words))
    return found + _full_texts(visited)


def _place_of_source(patient: Patient, source: Source) -> Place:
    if source.kind not in _WEB or source.internal:
        return Place.INSIDE
    place = _place(patient, source.location)
    # Whoever is not let into private networks finds what has a public address, or nothing.
    return Place.OUTSIDE if place is Place.UNKNOWN and not patient.app.settings.collect.allowed_networks else place


def _full_texts(visited: Iterable[Source]) -> list[Finding]:
    following = [source for source in visited if source.options.full_text]
    if not following:
        return []
    words = f"{plural(len(following), 'source')} read each new article's own page, wherever its link leads."
    remedy = (
        "Switch options.full_text off where links lead outside; the articles then have what the source itself gives."
    )
    return [Finding("full_texts", "Whole texts", Verdict.WARNING, words, remedy, _lines(following))]


def hubs(patient: Patient) -> list[Finding]:
    """Hubs that tell others of our feeds, and hubs that tell us of news."""
    remedy = "Take it out of [feeds] hubs; programs that read feeds then come by themselves."
    ours = [_finding(patient, "hubs", "Hub", address, remedy) for address in patient.app.settings.feeds.hubs]
    with patient.app.database.read() as session:
        theirs = hubs_in_use(session)
    remedy = "Pause the source that names it, or read that source from a copy inside."
    ours += [_finding(patient, "source_hubs", f"Hub of '{slug}'", hub, remedy) for slug, hub in theirs.items()]
    return ours or [Finding("hubs", "Hubs", Verdict.OK, "None are used.")]


def relay(patient: Patient) -> list[Finding]:
    """Where mail goes."""
    name, title, transport = "relay", "Way out of mail", patient.app.settings.mail.transport
    if patient.app.settings.outbox:
        return [Finding(name, title, Verdict.OK, "Mail stays on this machine.")]
    remedy = "Set [mail] transport to a relay inside, e.g. smtp://relay.internal:25."
    if transport == "direct":
        words = "Mail is delivered to each recipient's own servers, found by DNS."
        return [Finding(name, title, Verdict.FAULT, words, remedy)]
    return [_finding(patient, name, title, transport, remedy)]


def mail_in(patient: Patient) -> list[Finding]:
    """Where bounces come from."""
    imap = patient.app.settings.mail_in.imap
    if not imap:
        return [Finding("mail_in", "Mail that comes back", Verdict.OK, "No mailbox elsewhere is looked into.")]
    remedy = "Set [mail_in] imap to a mailbox inside, or use [mail_in] listen."
    return [_finding(patient, "mail_in", "Mail that comes back", imap, remedy)]


def alerts(patient: Patient) -> list[Finding]:
    """Whom troubles are told."""
    set_up = patient.app.settings.alerts
    found = [
        _finding(patient, "alerts", f"Alerts by {kind}", address, f"Set [alerts] {kind} to one inside, or use command.")
        for kind, address in (("webhook", set_up.webhook), ("smtp", set_up.smtp))
        if address
    ]
    if set_up.command:
        words = "Runs a program of yours; what that does is not looked at."
        found.append(Finding("alerts", "Alerts by command", Verdict.OK, words))
    return found or [Finding("alerts", "Alerts", Verdict.OK, "None leave this machine.")]


def name_servers(patient: Patient) -> list[Finding]:
    """Who is asked for names. Where that is outside, every look-up waits for nothing."""
    name, title = "name_servers", "Name servers"
    asked = patient.names.asked()
    if not asked:
        return [Finding(name, title, Verdict.OK, "None is set; names come from this machine's own list.")]
    where = "[mail] name_servers" if patient.names.servers else "this machine"
    outside = [address for address in asked if _place(patient, f"//{_bracketed(address)}") is Place.OUTSIDE]
    if outside:
        words = f"{', '.join(outside)} (set for {where}) is outside; every look-up waits for it in vain."
        remedy = f"Set a name server inside for {where}, or none."
        return [Finding(name, title, Verdict.FAULT, words, remedy)]
    return [Finding(name, title, Verdict.OK, f"{', '.join(asked)} (set for {where}).")]


def address(patient: Patient) -> list[Finding]:
    """Whether links can be followed inside, and nobody asks as if on the internet."""
    url = patient.app.settings.site.public_url
    name, title, host = "public_address", "Public address", urlsplit(url).hostname or ""
    if is_loopback(url):
        found = Finding(name, title, Verdict.OK, f"{url} is this machine alone.")
    elif place_of(host, allowed=_allowed(patient)) is Place.OUTSIDE:
        remedy = "Set [site] public_url to an address that readers inside can reach."
        found = Finding(name, title, Verdict.FAULT, f"{host} is an address outside.", remedy)
    else:
        words = (
            f"Links lead to {host}; names below the same domain count as yours. Your own name server has to know them."
        )
        found = Finding(name, title, Verdict.OK, words)
    if patient.app.settings.profile is not Profile.INTERNET:
        return [found]
    words = "It is the one of the internet: the check before each issue asks DNS what the world sees of your domain."
    return [found, Finding("profile", "Profile", Verdict.WARNING, words, "Set [site] intranet = true.")]


def database(patient: Patient) -> list[Finding]:
    """Where everything is kept."""
    if patient.app.database.is_sqlite:
        return [Finding("database", "Database", Verdict.OK, "A file of this machine.")]
    remedy = "Set [database] url to a server inside."
    return [_finding(patient, "database", "Database", patient.app.settings.database_url, remedy)]


_CHECKS: Final[tuple[Check, ...]] = (
    sources,
    hubs,
    relay,
    mail_in,
    alerts,
    name_servers,
    address,
    database,
    pages,
    mail_templates,
    logos,
)


def _finding(patient: Patient, name: str, title: str, url: str, remedy: str) -> Finding:
    """Where a host that is spoken to is. Of the address no more than the host is told: it can hold a password."""
    host, place = urlsplit(url).hostname, _place(patient, url)
    words = {
        Place.INSIDE: f"{host} is inside." if host else "It is on this machine.",
        Place.UNKNOWN: f"{host} may be outside: its name does not tell, and no name server was asked.",
        Place.OUTSIDE: f"{host} is an address outside.",
    }
    mend = {Place.INSIDE: "", Place.UNKNOWN: _IF_OURS + remedy, Place.OUTSIDE: remedy}
    return Finding(name, title, _VERDICTS[place], words[place], mend[place])


def _place(patient: Patient, url: str) -> Place:
    home = urlsplit(patient.app.settings.site.public_url).hostname or ""
    return place_of(urlsplit(url).hostname or "", home, _allowed(patient))


def _allowed(patient: Patient) -> tuple[Network, ...]:
    return networks(patient.app.settings.collect.allowed_networks)


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _lines(sources: Iterable[Source]) -> str:
    return "\n".join(f"{source.slug}  {urlsplit(source.location).hostname or source.location}" for source in sources)
