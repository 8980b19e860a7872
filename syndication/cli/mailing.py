"""The commands `deliver` and `dkim`."""

import typer

from syndication.app import now, open_app
from syndication.cli.output import Json, errors_in_words, out, print_facts, print_json
from syndication.domain.errors import ConfigError
from syndication.jobs.deliver import deliver_ready
from syndication.keys import DKIM_ED25519, DKIM_SELECTORS, load_dkim
from syndication.setting_sections import MailSettings
from syndication.settings import load_settings

commands = typer.Typer()


@commands.command(epilog="Example: syndication dkim")
def dkim(*, as_json: Json = False) -> None:
    """What to publish in DNS, so that signatures of this installation's mails hold: one TXT record for each key."""
    with errors_in_words():
        settings = load_settings()
        domain = settings.mail.dkim_domain
        if not domain:
            message = "[mail] dkim_domain is not set: the relay signs, or nobody does."
            raise ConfigError(message)
        keys = load_dkim(settings.var_folder / "secrets", domain, (*DKIM_SELECTORS, DKIM_ED25519)).keys
    rows = [
        {
            "signs": _signs(key.selector, settings.mail),
            "name": f"{key.selector}._domainkey.{domain}",
            "type": "TXT",
            "text": key.record,
        }
        for key in keys
    ]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        print_facts(row)
        out.print()


def _signs(selector: str, mail: MailSettings) -> str:
    is_used = selector == mail.dkim_selector or (selector == DKIM_ED25519 and mail.dkim_ed25519)
    return "now" if is_used else "not yet"


@commands.command(epilog="Example: syndication deliver")
def deliver(*, as_json: Json = False) -> None:
    """Send everything that waits, once. A running `serve` does this by itself."""
    with errors_in_words(), open_app(load_settings()) as app:
        app.preflight().open_gates(now())
        done = deliver_ready(app.database, app.transport(), app.post_office(), now, lambda: False)
    facts: dict[str, object] = {
        "accepted": done.accepted,
        "deferred": done.deferred,
        "failed": done.failed,
        "unknown": done.unknown,
    }
    if as_json:
        print_json(facts)
    else:
        print_facts(facts)
