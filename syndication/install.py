"""`syndication init`: whatever an installation lacks → an installation that can serve. Harmless to repeat."""

import secrets
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from syndication.domain.ids import tag_prefix
from syndication.entries import load_entries
from syndication.jobs.insert_entries import insert_entries
from syndication.jobs.templates import install_templates
from syndication.keys import make_dkim_keys, make_keys
from syndication.settings import Settings
from syndication.store.database import Database, open_database
from syndication.store.installing import seed
from syndication.store.migrate import current, head, upgrade

_SALT_BYTES = 4


def install(settings: Settings, now: datetime, *, with_sources: bool = True) -> list[str]:
    """Back up and migrate, make keys, insert entries of config/ whose slug is absent; says in words what it did.

    with_sources: whether the sources are among the entries. Raises ConfigError, StoreError or TemplateError before anything is half done.
    """
    entries = load_entries(settings.config_folder)
    if not with_sources:
        entries = replace(entries, sources=())
    settings.var_folder.mkdir(parents=True, exist_ok=True)
    database = open_database(settings.database_url)
    try:
        done = [_bring_up_to_date(database, settings.var_folder / "backups", now)]
        made = make_keys(settings.var_folder / "secrets")
        if settings.mail.dkim_domain:
            made |= make_dkim_keys(settings.var_folder / "secrets")
        done.append(f"Keys: {'made' if made else 'kept'} in {settings.var_folder / 'secrets'}.")
        with database.write() as session:
            host = urlsplit(settings.site.public_url).hostname or "localhost"
            seed(session, tag_prefix(host, now.date(), secrets.token_hex(_SALT_BYTES)))
        inserted = insert_entries(database, entries, now)
        done.append(f"Entries of {settings.config_folder}: {inserted.words}.")
        templates = install_templates(database, settings.templates_folder, now)
        done.append(f"E-mail templates: {templates.words}.")
    finally:
        database.close()
    return done


def _bring_up_to_date(database: Database, backups: Path, now: datetime) -> str:
    found = current(database)
    if found == head():
        return "Database: up to date."
    copy = upgrade(database, backups, now)
    return f"Database: {'migrated' if found else 'made'}.{f' The old one is kept as {copy}.' if copy else ''}"
