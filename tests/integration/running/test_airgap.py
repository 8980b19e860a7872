"""`doctor --airgap`: each thing that would need the outside has a line with its remedy, and nobody is asked."""

import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlmodel import select, update

from syndication.app import App, open_app
from syndication.doctor import airgap_contents
from syndication.doctor.airgap import examine_airgap
from syndication.doctor.examining import is_ready
from syndication.domain.findings import Finding, Verdict
from syndication.domain.source_options import SourceOptions, options_to
from syndication.domain.states import HubState, SourceKind
from syndication.install import install
from syndication.settings import Settings, load_settings
from syndication.store.database import Database
from syndication.store.tables import NewsletterRow, SourceRow, TemplateVersionRow, WebSubRow, metadata
from tests.support.rows import NOW

ROOT = Path(__file__).parents[3]
OK, WARNING, FAULT = Verdict.OK, Verdict.WARNING, Verdict.FAULT


def settings_of(folder: Path, **variables: str) -> Settings:
    named = {f"SYNDICATION_{name}": value for name, value in variables.items()}
    inside = {"SYNDICATION_VAR": str(folder), "SYNDICATION_MAIL__NAME_SERVERS": "10.0.0.53"}
    return load_settings({**inside, **named}, ROOT)


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """var/ as `init` makes it, to be copied."""
    folder = tmp_path_factory.mktemp("shipped") / "var"
    install(settings_of(folder), NOW)
    return folder


@pytest.fixture
def var(shipped: Path, tmp_path: Path) -> Path:
    """An installation as it is shipped."""
    return shutil.copytree(shipped, tmp_path / "var")


@contextmanager
def opened(folder: Path, **variables: str) -> Iterator[App]:
    with open_app(settings_of(folder, **variables)) as app:
        yield app


def look(app: App) -> dict[str, Finding]:
    return {finding.name: finding for finding in examine_airgap(app, NOW)}


def add_source(app: App, slug: str, location: str, *, internal: bool = False, full_text: bool = False) -> None:
    options = options_to(SourceOptions(full_text=full_text))
    row = SourceRow(slug=slug, title=slug, kind=SourceKind.FEED, location=location, next_poll_at=NOW, created_at=NOW)
    row.internal, row.options = internal, options
    with app.database.write() as session:
        session.add(row)


def test_a_trial_as_shipped_needs_nothing_and_nobody_is_asked(var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*_: object) -> None:
        pytest.fail("something was asked")

    with opened(var) as app:
        for name in ("connect", "connect_ex", "sendto", "sendmsg"):
            monkeypatch.setattr(socket.socket, name, nobody, raising=False)
        monkeypatch.setattr(socket, "getaddrinfo", nobody)
        found = look(app)
    assert {one.verdict for one in found.values()} == {OK}
    assert is_ready(tuple(found.values()))


def test_everything_outside_is_a_fault_with_its_remedy_and_no_password_is_shown(var: Path) -> None:
    with opened(
        var,
        SITE__PUBLIC_URL="https://8.8.8.1",
        MAIL__TRANSPORT="smtp://me:hush@8.8.8.2:587",
        MAIL__NAME_SERVERS="10.0.0.53,[2606:4700::1111]:53",
        MAIL_IN__IMAP="imaps://me:hush@8.8.8.3/INBOX",
        FEEDS__HUBS="https://8.8.8.4/",
        ALERTS__WEBHOOK="https://8.8.8.5/hush",
        ALERTS__SMTP="smtp://me:hush@8.8.8.6:587",
        ALERTS__RECIPIENT="me@example.org",
        COLLECT__ALLOWED_NETWORKS="10.0.0.0/8",
    ) as app:
        add_source(app, "radar", "https://me:hush@8.8.8.7/rss")
        found = look(app)
    outside = {"sources", "relay", "mail_in", "hubs", "alerts", "name_servers", "public_address"}
    assert {name for name, one in found.items() if one.verdict is FAULT} == outside
    assert found["profile"].verdict is WARNING
    assert all(one.remedy for one in found.values() if one.verdict is not OK)
    assert "hush" not in str(found)
    assert found["sources"].text == "radar  8.8.8.7"
    assert "2606:4700::1111" in found["name_servers"].words


def test_names_of_ones_own_domain_are_inside_and_other_names_doubtful(var: Path) -> None:
    with opened(
        var,
        SITE__PUBLIC_URL="http://news.house.example",
        SITE__INTRANET="true",
        MAIL__TRANSPORT="smtp://relay.house.example:25",
        FEEDS__HUBS="https://hub.other.example/",
        ALERTS__WEBHOOK="https://chat.internal/",
        ALERTS__COMMAND="true",
    ) as app:
        found = look(app)
    assert (found["relay"].verdict, found["hubs"].verdict, found["alerts"].verdict) == (OK, WARNING, OK)
    assert found["hubs"].remedy.startswith("If it is a machine of yours, nothing is to be done.")
    assert "profile" not in found


def test_mail_that_is_delivered_directly_needs_the_outside(var: Path) -> None:
    with opened(var, MAIL__TRANSPORT="direct", SITE__INTRANET="true") as app:
        assert look(app)["relay"].verdict is FAULT


@pytest.mark.parametrize(
    ("location", "internal", "networks", "verdict"),
    [
        ("https://feeds.other.example/rss", False, "", FAULT),
        ("https://feeds.other.example/rss", False, "10.0.0.0/8", WARNING),
        ("https://feeds.other.example/rss", True, "", OK),
        ("https://wiki.internal/rss", False, "10.0.0.0/8", OK),
    ],
)
def test_a_source_whose_name_tells_nothing_is_judged_by_where_it_may_live(
    var: Path, location: str, *, internal: bool, networks: str, verdict: Verdict
) -> None:
    with opened(var, COLLECT__ALLOWED_NETWORKS=networks) as app:
        add_source(app, "radar", location, internal=internal)
        assert look(app)["sources"].verdict is verdict
        with app.database.write() as session:
            session.execute(update(SourceRow).where(SourceRow.slug == "radar").values(enabled=False))  # type: ignore[arg-type]
        assert look(app)["sources"].verdict is OK


def test_whole_texts_and_hubs_lead_where_others_say(var: Path) -> None:
    with opened(var) as app:
        add_source(app, "radar", "https://wiki.internal/rss", internal=True, full_text=True)
        with app.database.write() as session:
            number = session.exec(select(SourceRow.id).where(SourceRow.slug == "radar")).one() or 0
            row = WebSubRow(source_id=number, hub="https://8.8.8.8/", topic="t", callback="c", secret="", next_at=NOW)
            row.state = HubState.ACTIVE
            session.add(row)
        found = look(app)
    assert (found["full_texts"].verdict, found["source_hubs"].verdict) == (WARNING, FAULT)
    assert found["source_hubs"].title == "Hub of 'radar'"


def test_what_readers_are_shown_fetches_nothing_from_elsewhere(
    var: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "web" / "static").mkdir(parents=True)
    (tmp_path / "web" / "static" / "site.css").write_text("@import url(https://fonts.example/a.css);", "utf-8")
    with opened(var) as app:
        with app.database.write() as session:
            session.exec(select(NewsletterRow)).one().logo = "https://else.example/logo.png"
            template = session.exec(select(TemplateVersionRow).where(TemplateVersionRow.name == "digest")).one()
            template.mjml += '<mj-image src="https://else.example/a.png" />'
        monkeypatch.setattr(airgap_contents, "_WEB", tmp_path / "web")
        found = look(app)
    assert {name for name, one in found.items() if one.verdict is FAULT} == {"pages", "mail_templates", "logos"}
    assert found["pages"].text == "static/site.css  https://fonts.example/a.css"
    assert found["mail_templates"].text == "digest  https://else.example/a.png"
    assert found["logos"].text == "weekly  https://else.example/logo.png"


def test_a_database_is_looked_at_by_the_name_of_its_server(database: Database, tmp_path: Path) -> None:
    metadata.drop_all(database.engine)
    settings = settings_of(tmp_path, DATABASE__URL=database.engine.url.render_as_string(hide_password=False))
    install(settings, NOW)
    with open_app(settings) as app:
        found = look(app)["database"]
    assert found.verdict is OK
    assert ("file" in found.words) is database.is_sqlite


def test_the_name_servers_of_the_machine_count_when_none_is_set(var: Path) -> None:
    with opened(var, MAIL__NAME_SERVERS="[]") as app:
        asked = app.names.asked()
        words = look(app)["name_servers"].words
    assert ", ".join(asked) in words
    assert "this machine" in words
