"""The relay: log-in, senders, limits."""

import asyncio

from syndication.deliver.greeting import Tls
from syndication.deliver.probe import try_relay
from syndication.doctor.patient import Patient
from syndication.domain.findings import Finding, Verdict
from syndication.domain.tokens import tagged_address


def way_out(patient: Patient) -> list[Finding]:
    """Whether the relay takes our mail, tried for real."""
    settings = patient.app.settings
    if settings.outbox:
        words = f"Mail stays in {settings.outbox}; nobody gets any."
        remedy = 'Set [mail] transport in var/syndication.toml, e.g. "smtp://user:password@relay.example.org:587".'
        return [Finding("transport", "Way out", Verdict.FAULT, words, remedy)]
    if settings.mail.transport == "direct":
        words = (
            "Mail goes to each recipient's own servers; whether they take it depends on this machine's address and DNS."
        )
        return [Finding("transport", "Way out", Verdict.OK, words)]
    server = patient.app.relay()
    fault = asyncio.run(try_relay(server, _envelope_senders(patient)))
    if fault:
        words = f"{server.host}:{server.port} would not take our mail. It says: {fault}"
        remedy = "Mend user, password or sender in [mail] transport of var/syndication.toml, or ask who runs the relay."
        return [Finding("transport", "Way out", Verdict.FAULT, words, remedy)]
    how = {Tls.OFF: "unencrypted", Tls.STARTTLS: "encrypted by STARTTLS", Tls.IMPLICIT: "encrypted"}[server.tls]
    log_in = f", logged in as {server.user}" if server.user else ""
    return [Finding("transport", "Way out", Verdict.OK, f"{server.host}:{server.port} takes our mail, {how}{log_in}.")]


def _envelope_senders(patient: Patient) -> tuple[str, ...]:
    """The addresses that our mail names to the relay. Source: `deliver.message`."""
    mail = patient.app.settings.mail
    if not mail.bounce_address:
        return tuple(dict.fromkeys(letter.sender_address for letter in patient.letters))
    return (tagged_address(mail.bounce_address, "i1-1") if mail.verp else mail.bounce_address,)


def limits(patient: Patient) -> list[Finding]:
    """What is set of the relay's limits."""
    name, title = "caps", "Limits of the relay"
    if patient.app.settings.outbox:
        return [Finding(name, title, Verdict.OFF, "Asked once mail leaves by SMTP.")]
    caps = patient.app.caps()
    spans = {"second": caps.per_second, "hour": caps.per_hour, "day": caps.per_day}
    said = [f"{limit:g} per {span}" for span, limit in spans.items() if limit]
    words = f"At most {', '.join(said)}." if said else "None set ([mail] per_second, per_hour, per_day)."
    return [Finding(name, title, Verdict.OK, words)]
