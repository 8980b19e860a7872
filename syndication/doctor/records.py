"""DNS records of the domains that mail is sent from: SPF, DKIM, DMARC."""

from typing import Final

from syndication.deliver.dkim_published import KeyFault, key_faults
from syndication.doctor.patient import EXAMPLE_DOMAINS, Patient
from syndication.domain.findings import Finding, Verdict
from syndication.domain.newsletters import Newsletter

_SPF_TEXT: Final = "v=spf1 include:THE-DOMAIN-YOUR-RELAY-NAMES ~all"


def spf(patient: Patient) -> list[Finding]:
    """Who may send for our domains."""
    return [_published(patient, domain, "spf", "SPF", domain, "v=spf1", _SPF_TEXT) for domain in patient.domains]


def dkim(patient: Patient) -> list[Finding]:
    """Whether the keys we sign with are published."""
    name, title = "dkim", "DKIM"
    settings = patient.app.settings
    ours = patient.app.dkim()
    if settings.outbox:
        return [Finding(name, title, Verdict.OFF, "Asked once mail leaves.")]
    if ours is None:
        if settings.mail.transport != "direct":
            return [Finding(name, title, Verdict.OFF, "Mail is signed by the relay ([mail] dkim_domain is empty).")]
        remedy = "Set [mail] dkim_domain, run `syndication init`, and publish what `syndication dkim` shows."
        return [Finding(name, title, Verdict.WARNING, "Nobody signs our mail; large providers refuse it.", remedy)]
    found = [_unsigned(letter, ours.domain) for letter in patient.letters if not ours.covers(letter.sender_address)]
    if not patient.is_public:
        return [*found, Finding(name, f"{title} of {ours.domain}", Verdict.OFF, "Not asked on an intranet.")]
    for record, text in ours.records.items():
        faults = key_faults({record: text}, patient.names.texts)
        found += [_key_finding(f"{title} of {ours.domain}", fault) for fault in faults]
        if not faults:
            words = f"{record} publishes the key that we sign with."
            found.append(Finding(name, f"{title} of {ours.domain}", Verdict.OK, words))
    return found


def _unsigned(letter: Newsletter, domain: str) -> Finding:
    words = f"{letter.sender_address} is no address of {domain}, so mail of '{letter.title}' is not signed."
    remedy = "Give the newsletter a sender at the domain we sign for, or change [mail] dkim_domain."
    return Finding("dkim_sender", f"DKIM of '{letter.title}'", Verdict.WARNING, words, remedy)


def _key_finding(title: str, fault: KeyFault) -> Finding:
    verdict = Verdict.FAULT if fault.is_known else Verdict.WARNING
    return Finding("dkim", title, verdict, fault.problem, fault.remedy, fault.record)


def dmarc(patient: Patient) -> list[Finding]:
    """What receivers are to do with mail that is not ours."""
    found = []
    for domain in patient.domains:
        text = f"v=DMARC1; p=none; rua=mailto:postmaster@{domain}"
        found.append(_published(patient, domain, "dmarc", "DMARC", f"_dmarc.{domain}", "v=DMARC1", text))
    return found


def _published(  # noqa: PLR0913, PLR0917 - a record is a name, a beginning and a text
    patient: Patient, domain: str, name: str, kind: str, record: str, begins: str, text: str
) -> Finding:
    title = f"{kind} of {domain}"
    if not patient.is_public or domain.endswith(EXAMPLE_DOMAINS):
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
