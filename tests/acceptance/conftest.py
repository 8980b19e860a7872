"""The whole product in its own process: real `syndication serve`, real database, real SMTP server, real browser."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import httpx
import psycopg
import pytest
from playwright.sync_api import Browser, expect, sync_playwright
from sqlalchemy import make_url, text
from typer.testing import CliRunner

from syndication.cli import app
from syndication.store.database import Database, open_database
from syndication.store.tables import metadata
from tests.support.forking import Forked, fork_command, run_command
from tests.support.smtp import SmtpServer
from tests.support.website import Website

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
# Chromium without these asks hosts of its maker at every start.
QUIET = (
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
)
PATIENCE_S = 120
"""How long something may take on a machine with other work; a test is as quick as what it waits for."""
# The far side has a mail before its sender writes down the answer, and an issue is closed after its last answer.
UNDER_WAY = """
SELECT 1 FROM notice WHERE state IN ('ready', 'in_flight') UNION ALL
SELECT 1 FROM delivery WHERE state IN ('ready', 'in_flight') UNION ALL
SELECT 1 FROM issue WHERE state IN ('due', 'composing', 'sending')
"""

expect.set_options(timeout=PATIENCE_S * 1000)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Service:
    """An installation in a folder of its own. `articles` is the folder its one source reads."""

    folder: Path
    database_url: str
    smtp: SmtpServer
    port: int = field(default_factory=free_port)
    extra: dict[str, str] = field(default_factory=dict)
    process: "Forked | subprocess.Popen[str] | None" = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def articles(self) -> Path:
        return self.folder / "config" / "articles"

    @property
    def environ(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SYNDICATION_")}
        return {
            **kept,
            "SYNDICATION_VAR": str(self.folder / "var"),
            "SYNDICATION_CONFIG": str(self.folder / "config"),
            "SYNDICATION_SERVER__PORT": str(self.port),
            "SYNDICATION_SITE__PUBLIC_URL": self.url,
            "SYNDICATION_SITE__INTRANET": "true",
            "SYNDICATION_DATABASE__URL": self.database_url,
            "SYNDICATION_MAIL__TRANSPORT": self.smtp.url,
            "PYTHONWARNINGS": "error",
            **self.extra,
        }

    def prepare(self) -> None:
        """The shipped configuration, with one empty folder of articles as its only source."""
        shutil.copytree(ROOT / "config", self.folder / "config", ignore=shutil.ignore_patterns("samples"))
        self.articles.mkdir()
        (self.folder / "config" / "sources.toml").write_text(
            '[[sources]]\nslug = "desk"\ntitle = "The desk"\nkind = "folder"\nlocation = "articles"\n', "utf-8"
        )
        self.command("init")

    def command(self, *arguments: str, status: int = 0) -> str:
        """Run `syndication …` and give what it printed."""
        code, output, errors = run_command(*arguments, environ=self.environ, folder=self.folder)
        assert code == status, output + errors
        return output + errors

    def here(self, *arguments: str, status: int = 0) -> str:
        """The same in this process."""
        done = CliRunner(env=self.environ).invoke(app, arguments, prog_name="syndication")
        assert done.exit_code == status, done.output
        return done.output

    def start(self, *options: str) -> None:
        """Start `serve` and wait for its first answer."""
        self.process = self.launch("serve", *options)
        self.wait_until(self.answers)

    def launch(self, *arguments: str) -> "Forked | subprocess.Popen[str]":
        """Start `syndication …`; what it says goes to the log."""
        return fork_command(*arguments, environ=self.environ, folder=self.folder, output=self.folder / "serve.log")

    def answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log()
        try:
            return self.get("/readyz").status_code == 200
        except httpx.TransportError:
            return False

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End the process and give its exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)

    def end(self) -> None:
        """Kill it if it runs."""
        if self.process and self.process.poll() is None:
            self.stop(signal.SIGKILL)

    def log(self) -> str:
        return (self.folder / "serve.log").read_text("utf-8")

    def sign_up(self, address: str, *topics: str) -> None:
        """Send the form of the home page."""
        form = {"newsletter": "weekly", "email": address, "topics": list(topics or ("ai-agents", "on-prem-llms"))}
        assert self.post("/subscribe", form).status_code in {200, 303}

    def get(self, path: str, method: str = "GET") -> httpx.Response:
        """Open a page, by its path or its whole address."""
        return httpx.request(method, f"{self.url}{path.removeprefix(self.url)}", timeout=PATIENCE_S)

    def post(self, path: str, form: Mapping[str, object] | None = None) -> httpx.Response:
        """Send a form."""
        return httpx.post(f"{self.url}{path.removeprefix(self.url)}", data=form, timeout=PATIENCE_S)

    @cached_property
    def database(self) -> Database:
        """Its own database, opened by us; closed after each use, since it may be put in the place of another."""
        return open_database(self.database_url or f"sqlite:///{self.folder / 'var' / 'syndication.db'}")

    def execute(self, statement: str, **values: object) -> None:
        """Change a row beside the running service, as an admin's own tool would."""
        with self.database.write() as session:
            session.execute(text(statement), values)
        self.database.close()

    def ask(self, statement: str, **values: object) -> list[tuple[object, ...]]:
        with self.database.read() as session:
            rows = [tuple(row) for row in session.execute(text(statement), values)]
        self.database.close()
        return rows

    @staticmethod
    def wait_until(happened: Callable[[], object]) -> None:
        """Wait for something the service does by itself; fails when it does not."""
        deadline = time.monotonic() + PATIENCE_S
        while not happened():
            assert time.monotonic() < deadline, f"did not happen within {PATIENCE_S} s"
            time.sleep(0.05)

    def wait_for_mails(self, number: int) -> None:
        """Wait until so many have come and nothing is under way: rows about mails no longer change by themselves."""
        self.wait_until(lambda: len(self.smtp.messages) == number)
        self.wait_until(lambda: not self.ask(UNDER_WAY))


@pytest.fixture(params=["sqlite", "postgresql"])
def service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Service]:
    """A prepared installation whose mail goes to `service.smtp`, not started yet; once on each kind of database."""
    origin: Service = request.getfixturevalue(f"installed_on_{request.param}")
    with SmtpServer() as smtp, _copy_of(request, origin) as url:
        shutil.copytree(origin.folder, tmp_path, dirs_exist_ok=True)
        service = Service(tmp_path, url, smtp)
        service.execute("UPDATE source SET location = :folder", folder=str(service.articles))
        yield service
        service.end()


class Newcomer(Service):
    """What `make run` makes of the shipped configuration: a trial; settings may stand in var/syndication.toml."""

    @property
    def environ(self) -> dict[str, str]:
        mine = {"SYNDICATION_VAR", "SYNDICATION_SERVER__PORT"}
        kept = {name: value for name, value in super().environ.items() if name in mine or "SYNDICATION_" not in name}
        return {**kept, "SYNDICATION_CONFIG": str(ROOT / "config")}

    def launch(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start it as users do, with all that it imports; the others are forked."""
        with (self.folder / "serve.log").open("a") as log:
            command = [sys.executable, "-m", "syndication", *arguments]
            return subprocess.Popen(  # noqa: S603 - our own command
                command, env=self.environ, cwd=self.folder, stdout=log, stderr=subprocess.STDOUT, text=True
            )

    def configure(self, **sections: Mapping[str, object]) -> None:
        """Write var/syndication.toml."""
        lines = [
            line
            for section, values in sections.items()
            for line in (f"[{section}]", *(f"{key} = {json.dumps(value)}" for key, value in values.items()))
        ]
        (self.folder / "var" / "syndication.toml").write_text("\n".join(lines), "utf-8")


@pytest.fixture
def newcomer(tmp_path: Path, installed_as_shipped: Path) -> Iterator[Newcomer]:
    """A trial on SQLite whose mail stays on the machine, not started yet."""
    shutil.copytree(installed_as_shipped, tmp_path, dirs_exist_ok=True)
    service = Newcomer(tmp_path, "", SmtpServer())
    yield service
    service.end()


@pytest.fixture(scope="session")
def installed_as_shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the var/ that `init` made, to be copied."""
    folder = tmp_path_factory.mktemp("shipped")
    Newcomer(folder, "", SmtpServer()).command("init")
    return folder


@pytest.fixture(scope="session")
def installed_on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Service:
    """What `init` made, to be copied: a command takes a second of processor time to start."""
    with SmtpServer() as smtp:
        service = Service(tmp_path_factory.mktemp("installed"), "", smtp)
        service.prepare()
    return service


@pytest.fixture(scope="session")
def installed_on_postgresql(tmp_path_factory: pytest.TempPathFactory, postgres_url: str) -> Iterator[Service]:
    """What `init` made, to be copied."""
    with SmtpServer() as smtp, _new_database(postgres_url, "template0") as url:
        service = Service(tmp_path_factory.mktemp("installed"), url, smtp)
        service.prepare()
        yield service


@contextmanager
def _copy_of(request: pytest.FixtureRequest, origin: Service) -> Iterator[str]:
    """The address of a copy of its database; a file is copied with its folder."""
    if not origin.database_url:
        yield ""
        return
    like = make_url(origin.database_url).database
    assert like
    with _new_database(request.getfixturevalue("postgres_url"), like) as url:
        yield url


@contextmanager
def _new_database(address: str, like: str) -> Iterator[str]:
    name = f"a{uuid.uuid4().hex}"
    admin = address.format(name="postgres").replace("+psycopg", "")
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {like}")
    yield address.format(name=name)
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def website(tmp_path: Path) -> Iterator[Website]:
    """The site of a newsletter that nobody reads yet, to be served in this process."""
    database = open_database(f"sqlite:///{tmp_path / 'site.db'}")
    metadata.create_all(database.engine)
    website = Website(database, tmp_path / "outbox")
    website.outbox.mkdir()
    website.newsletter()
    yield website
    database.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, "--no-sandbox"])
        yield browser
        browser.close()
