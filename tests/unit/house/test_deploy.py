"""The files in deploy/ fit the service: what they copy exists, what they promise of safety is there, limits agree."""

import json
import re
from typing import Any

import yaml

from syndication.settings import load_settings
from syndication.web.security import MOST_LIST_BYTES
from tests.support.tracked import ROOT, text_of

CONTAINER = text_of(ROOT / "deploy/Containerfile")
COMPOSE: dict[str, Any] = yaml.safe_load(text_of(ROOT / "deploy/compose.yaml"))
UNIT = text_of(ROOT / "deploy/syndication.service")


def test_the_image_copies_what_is_there_and_holds_packages_to_their_hashes() -> None:
    copied = re.findall(r"^COPY (?!--from)(.*) \S+$", CONTAINER, re.MULTILINE)
    names = [name for line in copied for name in line.split() if "[" not in name]
    assert len(names) >= 7
    assert [name for name in names if not (ROOT / name).exists()] == []
    installs = re.findall(r"pip install .*", CONTAINER)
    assert len(installs) == 3
    assert all("--require-hashes" in line or "--no-index --no-deps" in line for line in installs)


def test_a_builder_is_handed_what_the_image_copies_and_nothing_of_anybody() -> None:
    lines = text_of(ROOT / ".dockerignore").splitlines()
    assert lines[1] == "*"
    let_in = {line[1:].rstrip("/") for line in lines if line.startswith("!")}
    copied = re.findall(r"^COPY (?!--from)(.*) \S+$", CONTAINER, re.MULTILINE)
    needed = {name.replace("wheel[s]", "wheels").split("/")[0] for line in copied for name in line.split()}
    assert let_in == needed
    assert not let_in & {"var", "deploy", ".git", ".venv"}


def test_git_leaves_alone_what_the_compose_file_lets_you_put_beside_it() -> None:
    ignored = text_of(ROOT / ".gitignore").splitlines()
    written = text_of(ROOT / "deploy/compose.yaml")
    assert "deploy/.env" in written
    assert set(re.findall(r"\./([a-z]+\.[a-z]+)", written)) == {"syndication.toml", "relay.txt"}
    assert {f"/deploy/{name}" for name in (".env", "syndication.toml", "relay.txt")} <= set(ignored)


def test_the_compose_file_asks_for_health_as_the_image_does() -> None:
    health = COMPOSE["services"]["syndication"]["healthcheck"]
    asked = re.search(r"^HEALTHCHECK (.*) CMD \\\n *(\[.*\])$", CONTAINER, re.MULTILINE)
    assert asked is not None
    assert ["CMD", *json.loads(asked[2])] == health["test"]
    options = {"interval": health["interval"], "timeout": health["timeout"], "start-period": health["start_period"]}
    assert asked[1] == " ".join(f"--{name}={value}" for name, value in options.items())


def test_the_image_runs_without_root_and_keeps_everything_in_its_volume() -> None:
    final = CONTAINER.rpartition("\nFROM ")[2]
    assert re.search(r"^USER [1-9]\d*:[1-9]\d*$", final, re.MULTILINE)
    volume = re.search(r"^VOLUME (\S+)$", final, re.MULTILINE)
    assert volume is not None
    assert f"SYNDICATION_VAR={volume[1]}" in final
    service = COMPOSE["services"]["syndication"]
    assert service["volumes"] == [f"var:{volume[1]}"]
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])


def test_the_service_believes_the_proxy_of_the_compose_file() -> None:
    environment = {
        name: value
        for name, value in COMPOSE["services"]["syndication"]["environment"].items()
        if name == "SYNDICATION_SERVER__PROXIES"
    }
    (subnet,) = (one["subnet"] for one in COMPOSE["networks"]["inside"]["ipam"]["config"])
    assert load_settings(environment, ROOT).server.proxies == (subnet,)


def test_a_stop_has_time_to_finish_the_mails_in_flight() -> None:
    assert "TimeoutStopSec=60" in UNIT
    assert COMPOSE["services"]["syndication"]["stop_grace_period"] == "60s"


def test_the_unit_lets_the_service_write_to_its_own_folder_alone() -> None:
    folder = re.search(r"^WorkingDirectory=(\S+)$", UNIT, re.MULTILINE)
    assert folder is not None
    assert f"\nReadWritePaths={folder[1]}/var\n" in UNIT
    assert "\nProtectSystem=strict\n" in UNIT


def test_nginx_lets_lists_of_readers_through_and_turns_no_post_into_a_get() -> None:
    recipe = text_of(ROOT / "deploy/nginx.conf")
    most = re.search(r"client_max_body_size (\d+)m;", recipe)
    assert most is not None
    assert int(most[1]) << 20 >= MOST_LIST_BYTES
    assert re.findall(r"return (\d+) ", recipe) == ["308"]
