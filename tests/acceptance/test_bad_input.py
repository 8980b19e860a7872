"""What users get wrong: a clear error that says what, where and how to mend it, and nothing lost."""

import socket

import pytest
from sqlalchemy import make_url

from tests.acceptance.conftest import Service


@pytest.mark.parametrize("service", ["sqlite"], indirect=True)
def test_an_unknown_key_is_named_with_its_file_and_the_nearest_valid_one(service: Service) -> None:
    own = service.folder / "var" / "syndication.toml"
    own.write_text('[site]\ntitel = "x"\n', "utf-8")
    said = service.command("serve", status=1)
    assert str(own) in said
    assert "'site.titel'" in said
    assert "'site.title'" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("service", ["sqlite"], indirect=True)
def test_a_bad_cron_expression_in_config_says_what_is_wrong_and_inserts_nothing(service: Service) -> None:
    path = service.folder / "config" / "newsletters.toml"
    text = path.read_text("utf-8").replace('"weekly"', '"second"', 1).replace("30 7 * * FRI", "30 25 * * FRI")
    path.write_text(text, "utf-8")
    said = service.command("init", status=1)
    assert "hour" in said
    assert "25" in said
    assert service.ask("SELECT slug FROM newsletter") == [("weekly",)]


@pytest.mark.parametrize("service", ["sqlite"], indirect=True)
def test_a_broken_rule_says_where(service: Service) -> None:
    path = service.folder / "config" / "topics.toml"
    path.write_text(path.read_text("utf-8") + '\n[[topics]]\nslug = "new"\ntitle = "New"\nrule = "NOT llm"\n', "utf-8")
    said = service.command("init", status=1)
    assert "NOT" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("service", ["sqlite"], indirect=True)
def test_a_second_service_on_the_same_port_or_folder_is_refused(service: Service) -> None:
    with socket.create_server(("127.0.0.1", service.port)):
        said = service.command("serve", status=1)
    assert f"port {service.port}" in said
    assert "SYNDICATION_SERVER__PORT" in said
    service.start()
    other = Service(service.folder, service.database_url, service.smtp)
    said = other.command("serve", status=1)
    assert "Another `syndication serve`" in said


@pytest.mark.parametrize("service", ["postgresql"], indirect=True)
def test_a_database_that_may_not_be_written_is_told_in_words(service: Service) -> None:
    url = make_url(service.database_url).update_query_dict({"options": "-c default_transaction_read_only=on"})
    service.extra["SYNDICATION_DATABASE__URL"] = url.render_as_string(hide_password=False)
    said = service.command("collect", "--source", "desk", status=1)
    assert "Error: The database may only be read." in said
    assert "Traceback" not in said


def test_a_database_that_was_never_migrated_names_the_command(service: Service) -> None:
    service.execute("UPDATE alembic_version SET version_num = '0001'")
    said = service.command("serve", status=1)
    assert "syndication migrate" in said


@pytest.mark.parametrize("service", ["sqlite"], indirect=True)
def test_mail_by_smtp_without_https_is_refused_outside_an_intranet(service: Service) -> None:
    (service.folder / "var" / "syndication.toml").write_text("[site]\nintranet = false\n", "utf-8")
    service.extra["SYNDICATION_SITE__INTRANET"] = "false"
    said = service.command("serve", status=1)
    assert "must be https" in said
    assert "intranet = true" in said


@pytest.mark.parametrize("service", ["sqlite"], indirect=True)
def test_wrong_use_of_a_command_exits_with_2(service: Service) -> None:
    service.command("issues", "show", "not-a-number", status=2)
    service.command("no-such-command", status=2)


@pytest.mark.parametrize("service", ["sqlite"], indirect=True)
def test_an_unknown_source_or_issue_names_the_list(service: Service) -> None:
    assert "sources list" in service.command("collect", "--source", "nowhere", status=1)
    assert "issues list" in service.command("issues", "show", "99", status=1)


@pytest.mark.parametrize("service", ["sqlite"], indirect=True)
def test_a_refusing_mail_server_is_told_and_everything_waits(service: Service) -> None:
    service.smtp.fault = lambda stage, _: "421 4.3.2 Closed for lunch" if stage == "connect" else None
    service.start()
    service.sign_up("anna@example.org")
    service.wait_until(lambda: "Closed for lunch" in service.log())
    assert service.ask("SELECT state FROM notice") in ([("ready",)], [("deferred",)])
