"""Templates of one's own from files: checked, installed, listed."""

import shutil

import pytest

from tests.acceptance.conftest import ROOT, Service


@pytest.mark.parametrize("service", ["sqlite"], indirect=True)
def test_templates_are_checked_and_installed_by_command(service: Service) -> None:
    folder = service.folder / "own"
    shutil.copytree(ROOT / "templates" / "email", folder)
    body = folder / "digest" / "body.mjml.j2"
    body.write_text(body.read_text("utf-8").replace("{{ date }}", "{{ dat }}", 1), "utf-8")

    said = service.command("templates", "check", "own", "--mail", "digest", status=1)
    assert f"{'own/digest/body.mjml.j2'}, line " in said
    assert "'dat' is not known here" in said
    assert "'dat'" in service.command("templates", "install", "weekly", "own", "--mail", "digest", status=1)
    assert service.ask("SELECT count(*) FROM template_version WHERE newsletter_id IS NOT NULL") == [(0,)]

    body.write_text(body.read_text("utf-8").replace("{{ dat }}", "On {{ date }}"), "utf-8")
    assert "In use for weekly: digest." in service.command("templates", "install", "weekly", "own", "--mail", "digest")
    assert '"newsletter": "weekly"' in service.command("templates", "list", "--json")
    assert "the one of the product" in service.command("templates", "use", "weekly", "digest", "0")
    assert "no version 99" in service.command("templates", "use", "weekly", "digest", "99", status=1)
    own = service.ask("SELECT max(id) FROM template_version")[0][0]
    assert f"version {own}" in service.command("templates", "use", "weekly", "digest", str(own))
    assert "no newsletter" in service.command("templates", "install", "none", "own", "--mail", "link", status=1)
