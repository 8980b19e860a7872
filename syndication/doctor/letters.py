"""Newsletters: who writes, and from where."""

from syndication.app import EXAMPLE_ADDRESS
from syndication.doctor.patient import EXAMPLE_DOMAINS, Patient
from syndication.domain.findings import Finding, Verdict
from syndication.domain.newsletters import Newsletter


def senders(patient: Patient) -> list[Finding]:
    """Whether each newsletter has a sender and a postal address of ours."""
    if not patient.letters:
        remedy = "Make one in the console, or in newsletters.toml."
        return [Finding("newsletter", "Newsletter", Verdict.FAULT, "There is no newsletter yet.", remedy)]
    return [finding for letter in patient.letters for finding in (_sender(letter), _postal_address(letter))]


def _sender(letter: Newsletter) -> Finding:
    title = f"Sender of '{letter.title}'"
    domain = letter.sender_address.rpartition("@")[2].lower()
    if domain.endswith(EXAMPLE_DOMAINS):
        words = f"{letter.sender_address} is an address of an example."
        remedy = "In the console, Newsletters, give it a sender's address of your own domain that can receive answers."
        return Finding("sender", title, Verdict.FAULT, words, remedy)
    return Finding("sender", title, Verdict.OK, f"Mail comes from {letter.sender_name} <{letter.sender_address}>.")


def _postal_address(letter: Newsletter) -> Finding:
    title = f"Postal address of '{letter.title}'"
    if EXAMPLE_ADDRESS in letter.postal_address or not letter.postal_address.strip():
        words = "It is still the example's." if letter.postal_address.strip() else "There is none."
        remedy = "In the console, Newsletters, give it your real postal address: the law asks for it in every mail."
        return Finding("postal_address", title, Verdict.FAULT, words, remedy)
    return Finding("postal_address", title, Verdict.OK, letter.postal_address)
