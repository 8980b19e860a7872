"""The public address: what is set, and what answers there."""

from typing import Final
from urllib.parse import urlsplit

from syndication.doctor.patient import Patient
from syndication.domain.findings import Finding, Verdict
from syndication.domain.site import Front, Profile
from syndication.jobs.own_address import Fault
from syndication.settings import is_loopback

_FRONT: Final = "Web server in front"
_ONE_CLICK: Final = "Unsubscribe address"


def profile(patient: Patient) -> list[Finding]:
    """How careful the service must be."""
    profile = patient.app.settings.profile
    words = {
        Profile.TRIAL: "Trial: everything works, and no mail leaves this machine.",
        Profile.INTRANET: "Intranet: http and private certificates are fine.",
        Profile.INTERNET: "Internet: mail leaves only with https links and a real postal address.",
    }
    return [Finding("profile", "Profile", Verdict.OK, words[profile])]


def address(patient: Patient) -> list[Finding]:
    """Whether links lead to an address that readers can reach."""
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
    if url != patient.app.site.public_url:
        words = f"The running service still writes {patient.app.site.public_url} into links and mails."
        return [Finding(name, title, Verdict.FAULT, words, "Restart it: another address counts from the start on.")]
    return [Finding(name, title, Verdict.OK, f"Readers and links use {url}.")]


def _not_yet(patient: Patient) -> bool:
    return is_loopback(patient.app.settings.site.public_url)


def front(patient: Patient) -> list[Finding]:
    """Whether the public address leads to this service, and who visits is told to it."""
    if _not_yet(patient):
        return [Finding("front", _FRONT, Verdict.OFF, "Asked once the public address is not this machine's own.")]
    url, found = patient.app.settings.site.public_url, patient.app.own_address(patient.names).front()
    if isinstance(found, Fault):
        return [Finding("front", _FRONT, Verdict.FAULT, *found)]
    if found is Front.BELIEVED:
        words = f"{url} leads here, and the web server in front says who visits."
        return [Finding("front", _FRONT, Verdict.OK, words)]
    if found is Front.NOT_BELIEVED:
        words = "It says who visits, but is not believed, so all visitors count as one and lock each other out."
        remedy = 'Name its network in var/syndication.toml, e.g. [server] proxies = ["10.89.7.0/24"], and restart the service. Its log has the address: front_not_believed.'
        return [Finding("front", _FRONT, Verdict.FAULT, words, remedy)]
    if urlsplit(url).scheme == "https":
        words = "It does not say who visits, so all visitors count as one and lock each other out."
        remedy = "Let it send X-Forwarded-For (deploy/ has recipes for Caddy and nginx)."
        return [Finding("front", _FRONT, Verdict.FAULT, words, remedy)]
    return [Finding("front", _FRONT, Verdict.OK, f"There is none: {url} leads here.")]


def one_click(patient: Patient) -> list[Finding]:
    """Whether readers can leave with one click, as mail providers do it for them."""
    name = "unsubscribe"
    if _not_yet(patient):
        return [Finding(name, _ONE_CLICK, Verdict.OFF, "Asked once the public address is not this machine's own.")]
    faults = list(patient.app.own_address(patient.names).one_click())
    if faults:
        return [Finding(name, _ONE_CLICK, Verdict.FAULT, *fault) for fault in faults]
    return [Finding(name, _ONE_CLICK, Verdict.OK, "It answers a POST and a GET, without a redirect.")]
