"""config/ and environment → frozen settings. An unknown key is an error that names the nearest valid one.

Later wins: config/syndication.toml, then var/syndication.toml, then the environment (`SYNDICATION_SECTION__KEY`, and
`SYNDICATION_SECTION__KEY_FILE` for a value that stands in a file).
"""

import difflib
import os
import tomllib
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import structlog
from pydantic import ValidationError
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from syndication.domain.errors import ConfigError
from syndication.domain.site import Profile
from syndication.setting_sections import (
    AlertSettings,
    BackupSettings,
    CollectSettings,
    DatabaseSettings,
    FeedSettings,
    KeepSettings,
    MailInSettings,
    MailSettings,
    ServerSettings,
    SiteSettings,
)

_log = structlog.get_logger()
PREFIX: Final = "SYNDICATION_"
_LISTS: Final = frozenset({"collect__allowed_networks", "feeds__hubs", "mail__name_servers", "server__proxies"})
_PACKAGE: Final = Path(__file__).parent


class _Values(BaseSettings):
    model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True)

    site: SiteSettings = SiteSettings()
    server: ServerSettings = ServerSettings()
    database: DatabaseSettings = DatabaseSettings()
    mail: MailSettings = MailSettings()
    mail_in: MailInSettings = MailInSettings()
    collect: CollectSettings = CollectSettings()
    feeds: FeedSettings = FeedSettings()
    backup: BackupSettings = BackupSettings()
    keep: KeepSettings = KeepSettings()
    alerts: AlertSettings = AlertSettings()

    @classmethod
    def settings_customise_sources(cls, *_: object, **sources: Any) -> tuple[PydanticBaseSettingsSource, ...]:  # noqa: ANN401 - whatever sources there are
        """Only what `load_settings` merged: read a second time, the environment would want lists as JSON."""
        return (sources["init_settings"],)


class Settings(_Values):
    """Everything an admin can set outside the database, with the folders it was read from. Frozen."""

    config_folder: Path
    var_folder: Path
    templates_folder: Path

    @property
    def database_url(self) -> str:
        """The database's address, the default filled in."""
        return self.database.url or f"sqlite:///{self.var_folder / 'syndication.db'}"

    @property
    def outbox(self) -> Path | None:
        """The folder mail is kept in, None when it leaves by SMTP."""
        return self.var_folder / "outbox" if self.mail.transport == "outbox" else None

    @property
    def backup_folder(self) -> Path:
        """Where backups go."""
        return self.var_folder / (self.backup.folder or "backups")

    @property
    def profile(self) -> Profile:
        """Trial, intranet or internet. Source: architecture, section 6."""
        if self.outbox and is_loopback(self.site.public_url):
            return Profile.TRIAL
        return Profile.INTRANET if self.site.intranet else Profile.INTERNET

    @property
    def is_mailbox_near(self) -> bool:
        """Whether who starts the service can surely open its mailbox: to one in a container, its own machine is a stranger."""
        return self.profile is Profile.TRIAL and _is_loopback_host(self.server.host)


def is_loopback(url: str) -> bool:
    """Whether an address can only be reached on this machine."""
    return _is_loopback_host(urlsplit(url).hostname or "")


def _is_loopback_host(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def bundled(name: str) -> Path:
    """A folder that travels with the product ('config', 'templates'): in a checkout beside the package, else inside it."""
    beside = _PACKAGE.parent / name
    return beside if (_PACKAGE.parent / "pyproject.toml").exists() and beside.exists() else _PACKAGE / f"_{name}"


def load_settings(environ: Mapping[str, str] | None = None, folder: Path | None = None) -> Settings:
    """The settings in force. folder: where config/ and var/ are looked for, by default the working directory.

    `SYNDICATION_CONFIG` and `SYNDICATION_VAR` name other folders. Raises ConfigError naming place, key and remedy.
    """
    environ = os.environ if environ is None else environ
    folder = folder or Path.cwd()
    own_config = Path(environ.get(f"{PREFIX}CONFIG", folder / "config"))
    config = own_config if own_config.exists() else bundled("config")
    var = Path(environ.get(f"{PREFIX}VAR", folder / "var")).absolute()
    origins: dict[tuple[str, str], str] = {}
    merged: dict[str, dict[str, Any]] = {}
    for place, values in _layers(config, var, environ):
        for section, keys in values.items():
            _check_section(place, section, keys)
            for key, value in keys.items():
                _check_key(place, section, key)
                merged.setdefault(section, {})[key] = value
                origins[section, key] = place
    site = merged.setdefault("site", {})
    site["public_url"] = site.get("public_url") or _own_address(merged.get("server", {}))
    try:
        folders = {
            "config_folder": config.absolute(),
            "var_folder": var,
            "templates_folder": bundled("templates") / "email",
        }
        return Settings.model_validate({**merged, **folders})
    except ValidationError as error:
        raise _readable(error, origins) from error


class Reloading:
    """Settings that follow their files: a new password of the mail server needs no restart."""

    def __init__(self, settings: Settings, environ: Mapping[str, str] | None = None) -> None:
        self._settings = settings
        environ = os.environ if environ is None else environ
        folders = {"CONFIG": settings.config_folder, "VAR": settings.var_folder}
        self._environ = {**environ, **{f"{PREFIX}{name}": str(path) for name, path in folders.items()}}
        self._files = [path / "syndication.toml" for path in folders.values()]
        self._files += [Path(value) for name, value in environ.items() if _names_file(name)]
        self._seen = self._stamp()

    def settings(self) -> Settings:
        """The settings as their files are now; those of before while a file cannot be meant, which is logged once."""
        stamp = self._stamp()
        if stamp != self._seen:
            self._seen = stamp
            try:
                self._settings = load_settings(self._environ)
            except ConfigError as error:
                _log.error("settings_not_reloaded", reason=str(error))
        return self._settings

    def _stamp(self) -> list[tuple[int, int]]:
        found = [path.stat() if path.exists() else None for path in self._files]
        return [(one.st_mtime_ns, one.st_size) if one else (0, 0) for one in found]


def _own_address(server: Mapping[str, Any]) -> str:
    """Where this machine finds the service."""
    return f"http://127.0.0.1:{server.get('port', ServerSettings().port)}"


def _names_file(variable: str) -> bool:
    return variable.startswith(PREFIX) and variable.endswith("_FILE")


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file's content. Raises ConfigError with file and line."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        message = f"{path}: {error}. Mend the file and run the command again."
        raise ConfigError(message) from error
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path}: cannot be read: {error}"
        raise ConfigError(message) from error


def _layers(config: Path, var: Path, environ: Mapping[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in (config / "syndication.toml", var / "syndication.toml"):
        if path.exists():
            yield str(path), read_toml(path)
    for place, name, value in _variables(environ):
        section, _, key = name.lower().partition("__")
        _check_section(place, section, {key: value})
        _check_key(place, section, key)
        yield place, _parse_variable(f"{PREFIX}{name}", value)


def _variables(environ: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Place, name without prefix, value; a `…_FILE` is read."""
    for variable in sorted(environ):
        name = variable.removeprefix(PREFIX)
        if name == variable or name in {"CONFIG", "VAR"}:
            continue
        if not name.endswith("_FILE"):
            yield f"environment variable {variable}", name, environ[variable]
            continue
        try:
            value = Path(environ[variable]).read_text("utf-8").strip()
        except OSError as error:
            message = f"environment variable {variable}: the file it names cannot be read: {error}"
            raise ConfigError(message) from error
        yield f"{environ[variable]} (named by {variable})", name.removesuffix("_FILE"), value


def _parse_variable(variable: str, value: str) -> dict[str, Any]:
    """One variable as nested values, lists as JSON or with commas."""
    source = EnvSettingsSource(_Values, env_prefix=PREFIX, env_nested_delimiter="__")
    name = variable.lower().removeprefix(PREFIX.lower())
    if name in _LISTS and not value.startswith("["):
        section, _, key = name.partition("__")
        return {section: {key: [part.strip() for part in value.split(",") if part.strip()]}}
    source.env_vars = {variable.lower(): value}
    return source()


def _check_section(place: str, section: str, keys: object) -> None:
    if section not in _Values.model_fields:
        raise _unknown(place, section, list(_Values.model_fields))
    if not isinstance(keys, dict):
        message = f"{place}: '{section}' must be a section: write [{section}] and the keys below it."
        raise ConfigError(message)


def _check_key(place: str, section: str, key: str) -> None:
    valid = list(type(_Values.model_fields[section].get_default()).model_fields)
    if key not in valid:
        raise _unknown(place, f"{section}.{key}", [f"{section}.{name}" for name in valid])


def _unknown(place: str, key: str, valid: list[str]) -> ConfigError:
    near = difflib.get_close_matches(key, valid, 1, 0.0)
    return ConfigError(f"{place}: unknown key '{key}'. The nearest valid key is '{near[0]}'.")


def _readable(error: ValidationError, origins: Mapping[tuple[str, str], str]) -> ConfigError:
    lines = []
    for fault in error.errors():
        section, key = (*map(str, fault["loc"][:2]), "")[:2]
        place = origins.get((section, key), "the defaults")
        lines.append(f"{place}: '{section}.{key}' {fault['msg'].removeprefix('Value error, ')}")
    return ConfigError("\n".join(lines))
