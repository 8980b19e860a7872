"""The doctor names what stands between an installation and its readers, with the remedy."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlmodel import select
from structlog.testing import capture_logs

from syndication.app import App, open_app
from syndication.backup import make_backup
from syndication.doctor.examining import examine, is_ready
from syndication.domain.findings import Finding, Verdict
from syndication.domain.roles import Role
from syndication.keys import make_dkim_keys, make_keys
from syndication.net.names import Names
from syndication.settings import load_settings
from syndication.store.database import open_database
from syndication.store.installing import seed
from syndication.store.tables import NewsletterRow
from syndication.upkeep import Upkeep
from syndication.web.app import create_app
from tests.support import rows
from tests.support.certificates import make_certificate
from tests.support.console import Colleague, colleague
from tests.support.name_server import NameServer
from tests.support.rows import NOW
from tests.support.smtp import SmtpServer
from tests.support.web_server import Reply, web_server
from tests.support.website import Website

PUBLISHED = {"ours.test": ["v=spf1 mx ~all", "something else"], "_dmarc.ours.test": ["v=DMARC1; p=none"]}
NOBODY = Names(("127.0.0.1:9",), patience_s=0.1)


@pytest.fixture
def folder(migrated_sqlite_file: Path, tmp_path: Path) -> Path:
    """var/ of an installation with a newsletter, as it was made."""
    (tmp_path / "var").mkdir()
    shutil.copy(migrated_sqlite_file, tmp_path / "var" / "syndication.db")
    make_keys(tmp_path / "var" / "secrets")
    database = open_database(f"sqlite:///{tmp_path}/var/syndication.db")
    with database.write() as session:
        seed(session, "tag:example.org,2026:x")
        rows.add_topic(session, "agents")
        rows.add_newsletter(session, "weekly", ["agents"])
    database.close()
    return tmp_path / "var"


def installation(folder: Path, **variables: str) -> Iterator[App]:
    environ = {"SYNDICATION_VAR": str(folder), **{f"SYNDICATION_{name}": value for name, value in variables.items()}}
    with open_app(load_settings(environ, Path(__file__).parents[3])) as app:
        yield app


def by_name(findings: tuple[Finding, ...]) -> dict[str, Finding]:
    return {finding.name: finding for finding in findings}


def say(app: App, names: Names = NOBODY) -> dict[str, Finding]:
    return by_name(examine(app, NOW, names))


@pytest.fixture
def trial(folder: Path) -> Iterator[App]:
    yield from installation(folder)


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[SmtpServer]:
    """A relay with a certificate of its own authority that wants a log-in and takes one sender only."""

    def only_ours(stage: str, argument: str) -> str | None:
        return "550 5.7.1 Not your address" if stage == "mail" and "digest@ours.test" not in argument else None

    certificate = make_certificate(tmp_path)
    with SmtpServer(tls=certificate.server_context(), password="AG1lAHNlY3JldA==", fault=only_ours) as server:
        shutil.copy(certificate.certificate, tmp_path / "ca.pem")
        yield server


@pytest.fixture
def live(folder: Path, relay: SmtpServer, tmp_path: Path) -> Iterator[App]:
    """Everything set up as the documentation says."""
    database = open_database(f"sqlite:///{folder}/syndication.db")
    with database.write() as session:
        letter = session.exec(select(NewsletterRow)).one()
        letter.sender_address = "digest@ours.test"
    database.close()
    url = f"smtp://me:secret@localhost:{relay.port}?ca={tmp_path / 'ca.pem'}"
    yield from installation(
        folder,
        SITE__PUBLIC_URL="https://news.ours.test",
        MAIL__TRANSPORT=url,
        ALERTS__COMMAND="true",
        BACKUP__FOLDER=str(tmp_path / "elsewhere"),
    )


def test_a_trial_is_told_all_that_going_live_asks(trial: App) -> None:
    found = say(trial)
    faults = {name for name, finding in found.items() if finding.verdict is Verdict.FAULT}
    assert faults == {"public_address", "sender", "transport"}
    assert all(finding.remedy for finding in found.values() if finding.verdict in {Verdict.FAULT, Verdict.WARNING})
    assert not is_ready(tuple(found.values()))


def test_a_database_that_other_users_can_read_is_named_with_the_remedy(trial: App, folder: Path) -> None:
    path = folder / "syndication.db"
    assert say(trial)["database"].verdict is Verdict.OK
    path.chmod(0o644)
    found = say(trial)["database"]
    assert (found.verdict, found.remedy) == (Verdict.WARNING, f"chmod go= {path}*")
    folder.chmod(0o700)
    assert say(trial)["database"].verdict is Verdict.OK


def test_an_installation_that_is_set_up_only_waits_to_be_reached(live: App) -> None:
    """tests/acceptance/test_going_live.py goes on until all is green."""
    make_backup(live.settings, NOW)
    with NameServer(PUBLISHED) as server:
        found = say(live, server.names)
    assert {name for name, one in found.items() if one.verdict is not Verdict.OK} == {"dkim", "front", "unsubscribe"}
    assert "signed by the relay" in found["dkim"].words
    assert "logged in as me" in found["transport"].words
    assert "STARTTLS" in found["transport"].words


def test_a_wrong_password_is_named_without_being_shown(live: App) -> None:
    wrong = live.settings.mail.transport.replace("secret", "guess")
    settings = live.settings.model_copy(update={"mail": live.settings.mail.model_copy(update={"transport": wrong})})
    found = say(replace(live, settings=settings))["transport"]
    assert found.verdict is Verdict.FAULT
    assert "535" in found.words
    assert "guess" not in found.words + found.remedy


def test_a_sender_the_relay_refuses_is_named(live: App) -> None:
    with live.database.write() as session:
        session.exec(select(NewsletterRow)).one().sender_address = "other@ours.test"
    found = say(live)["transport"]
    assert "other@ours.test is refused: 550" in found.words


@pytest.mark.parametrize(
    ("verp", "sender"), [(False, "bounces@ours.test"), (True, "bounces+i1-1@ours.test")], ids=["fixed", "tagged"]
)
def test_the_relay_is_asked_about_the_sender_that_mail_really_names(live: App, *, verp: bool, sender: str) -> None:
    mail = live.settings.mail.model_copy(update={"bounce_address": "bounces@ours.test", "verp": verp})
    found = say(replace(live, settings=live.settings.model_copy(update={"mail": mail})))["transport"]
    assert f"{sender} is refused: 550" in found.words


def test_a_relay_that_is_away_is_named(live: App, relay: SmtpServer) -> None:
    wrong = live.settings.mail.transport.replace(str(relay.port), "9")
    settings = live.settings.model_copy(update={"mail": live.settings.mail.model_copy(update={"transport": wrong})})
    assert "localhost:9" in say(replace(live, settings=settings))["transport"].words


def test_a_public_address_that_was_changed_asks_for_a_restart(live: App) -> None:
    site = live.settings.site.model_copy(update={"public_url": "https://digest.ours.test"})
    found = say(replace(live, settings=live.settings.model_copy(update={"site": site})))
    assert found["public_address"].verdict is Verdict.FAULT
    assert "still writes https://news.ours.test" in found["public_address"].words
    assert "https://digest.ours.test" in found["front"].words


def test_a_missing_record_is_given_to_be_copied(live: App) -> None:
    with NameServer({"_dmarc.ours.test": ["v=DMARC1; p=none", "v=DMARC1; p=reject"]}) as server:
        found = say(live, server.names)
    assert (found["spf"].verdict, found["spf"].text[:15]) == (Verdict.FAULT, "v=spf1 include:")
    assert "2 such records" in found["dmarc"].words


@pytest.fixture
def signing(folder: Path, live: App) -> App:
    """The same, with mail signed by us."""
    make_dkim_keys(folder / "secrets")
    mail = live.settings.mail.model_copy(update={"dkim_domain": "ours.test"})
    return replace(live, settings=live.settings.model_copy(update={"mail": mail}))


def test_the_key_in_dns_is_compared_with_ours(signing: App) -> None:
    dkim = signing.dkim()
    assert dkim
    ours = {name: [record] for name, record in dkim.records.items()}
    with NameServer({**PUBLISHED, **ours}) as server:
        found = say(signing, server.names)["dkim"]
        assert (found.verdict, found.title) == (Verdict.OK, "DKIM of ours.test")
        assert signing.warn_of_keys(server.names) == []
    with NameServer({**PUBLISHED, "s1._domainkey.ours.test": ["v=DKIM1; p=QUJD"]}) as server:
        found = say(signing, server.names)["dkim"]
        (fault,) = signing.warn_of_keys(server.names)
    assert (found.verdict, found.text) == (Verdict.FAULT, dkim.keys[0].record)
    assert found.words == fault.problem == "s1._domainkey.ours.test publishes another key than the one we sign with."
    assert say(signing, NOBODY)["dkim"].verdict is Verdict.WARNING


def test_at_the_start_the_log_says_what_is_wrong_with_a_key(signing: App) -> None:
    with NameServer(PUBLISHED) as server, capture_logs() as entries:
        signing.warn_of_keys(server.names)
    assert [(one["event"], one["log_level"]) for one in entries] == [("dkim_key_not_published", "error")]
    with capture_logs() as entries:
        signing.warn_of_keys(NOBODY)
    assert [one["log_level"] for one in entries] == ["warning"]


def test_a_sender_we_do_not_sign_for_is_told(signing: App) -> None:
    with signing.database.write() as session:
        session.exec(select(NewsletterRow)).one().sender_address = "digest@elsewhere.test"
    found = say(signing)["dkim_sender"]
    assert found.verdict is Verdict.WARNING
    assert "digest@elsewhere.test is no address of ours.test" in found.words


def test_mail_to_the_world_that_nobody_signs_is_told(live: App) -> None:
    mail = live.settings.mail.model_copy(update={"transport": "direct"})
    direct = replace(live, settings=live.settings.model_copy(update={"mail": mail}))
    assert say(direct)["dkim"].verdict is Verdict.WARNING


def test_names_that_nobody_can_be_asked_about_are_no_fault(live: App) -> None:
    found = say(live, NOBODY)
    assert (found["spf"].verdict, found["dmarc"].verdict) == (Verdict.WARNING, Verdict.WARNING)


def test_on_an_intranet_no_name_is_asked(folder: Path, relay: SmtpServer) -> None:
    variables = {"SITE__INTRANET": "true", "SITE__PUBLIC_URL": "http://news.lan", "MAIL__TRANSPORT": relay.url}
    for app in installation(folder, **variables):
        found = say(app)
        assert {found[name].verdict for name in ("spf", "dmarc")} == {Verdict.OFF}
        assert found["public_address"].verdict is Verdict.OK


@pytest.mark.parametrize(
    ("header", "verdict", "words"),
    [
        ({"syndication-front": "believed"}, Verdict.OK, "says who visits"),
        ({"syndication-front": "silent"}, Verdict.OK, "There is none"),
        ({"syndication-front": "not-believed"}, Verdict.FAULT, "is not believed"),
        ({}, Verdict.FAULT, "Something else answers at"),
    ],
)
def test_what_stands_in_front_is_asked(folder: Path, header: dict[str, str], verdict: Verdict, words: str) -> None:
    with web_server(lambda _: Reply(200, header)) as front:
        for app in installation(folder, SITE__INTRANET="true", SITE__PUBLIC_URL=front.url("", "news.lan")):
            with NameServer({}, ["news.lan"]) as server:
                found = say(app, server.names)
            assert (found["front"].verdict, found["unsubscribe"].verdict) == (verdict, Verdict.OK)
            assert words in found["front"].words
            assert bool(found["front"].remedy) is (verdict is Verdict.FAULT)


def test_an_unsubscribe_address_that_redirects_is_told(folder: Path) -> None:
    with web_server(lambda _: Reply(301, {"Location": "/"})) as front, NameServer({}, ["news.lan"]) as server:
        for app in installation(folder, SITE__INTRANET="true", SITE__PUBLIC_URL=front.url("", "news.lan")):
            found = say(app, server.names)["unsubscribe"]
    assert found.verdict is Verdict.FAULT
    assert "is redirected (301)" in found.words


def test_a_backup_that_failed_is_told_with_its_cause(trial: App) -> None:
    trial.settings.backup_folder.write_text("in the way")
    Upkeep(lambda: trial.settings, trial.database)(NOW)
    found = say(trial)["backup"]
    assert found.verdict is Verdict.FAULT
    assert str(trial.settings.backup_folder) in found.words
    assert "Mend the cause." in found.remedy
    trial.settings.backup_folder.unlink()
    Upkeep(lambda: trial.settings, trial.database)(NOW)
    assert say(trial)["backup"].verdict is Verdict.WARNING  # made, on the disk of the data


def test_a_clock_that_went_back_is_noticed(trial: App) -> None:
    with trial.database.write() as session:
        rows.add_article(session, rows.add_source(session), at=NOW.replace(year=2027))
    assert say(trial)["clock"].verdict is Verdict.FAULT


def console_of(app: App, names: Names) -> Colleague:
    """Somebody in the console of an installation."""
    website = Website(app.database, app.settings.var_folder / "outbox")
    website.app = create_app(website.deps(examine=lambda: examine(app, NOW, names)))
    return colleague(website)


def verdicts(page: str) -> set[str]:
    return set(re.findall(r'data-verdict="(\w+)"', page))


def test_the_page_gives_the_remedy_and_the_record_to_copy(live: App) -> None:
    with NameServer({}) as server:
        page = console_of(live, server.names).post("/admin/live/").text
    assert "4 things stand between you and your readers." in page
    assert "Add this TXT record at _dmarc.ours.test" in page
    assert "v=DMARC1; p=none; rua=mailto:postmaster@ours.test" in page


def test_opening_the_page_looks_at_nothing_and_a_viewer_cannot_make_it_look(trial: App) -> None:
    looked: list[str] = []

    def look() -> tuple[Finding, ...]:
        looked.append("once")
        return examine(trial, NOW, NOBODY)

    website = Website(trial.database, trial.settings.var_folder / "outbox")
    website.app = create_app(website.deps(examine=look))
    owner, viewer = colleague(website), colleague(website, "victor", Role.VIEWER)
    assert '<button type="submit">Look</button>' in owner.words("/admin/live/")
    assert "Only an owner may look" in viewer.words("/admin/live/")
    assert viewer.post("/admin/live/").status_code == 403
    assert not looked
    assert verdicts(owner.post("/admin/live/").text) >= {"fault", "warning", "off"}
    assert looked == ["once"]


def test_limits_that_are_set_are_said(live: App) -> None:
    mail = live.settings.mail.model_copy(update={"per_hour": 500})
    limited = replace(live, settings=live.settings.model_copy(update={"mail": mail}))
    assert say(limited)["caps"].words == "At most 500 per hour."
