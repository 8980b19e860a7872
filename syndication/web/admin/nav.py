"""The console's navigation. A page adds its line here and its router in `web.app`."""

from types import MappingProxyType
from typing import Final

ENTRIES: Final = (
    ("Main", "/admin/"),
    ("Topics", "/admin/topics/"),
    ("Newsletters", "/admin/newsletters/"),
    ("Subscribers", "/admin/subscribers/"),
    ("Issues", "/admin/issues/"),
    ("Sources", "/admin/sources/"),
    ("Feeds", "/admin/feeds/"),
    ("Settings", "/admin/settings/"),
)

UNDER_SETTINGS: Final = MappingProxyType(
    {
        "People": "/admin/people/",
        "Tokens": "/admin/tokens/",
        "Go live": "/admin/live/",
        "Log": "/admin/log/",
    }
)


def is_current(path: str, entry: str) -> bool:
    """Whether a page belongs to an entry."""
    if entry == "/admin/":
        return path == entry
    if entry == "/admin/newsletters/":
        return path.startswith((entry, "/admin/schedules/"))
    if entry == "/admin/subscribers/":
        return path.startswith((entry, "/admin/suppressions/"))
    if entry == "/admin/sources/":
        return path.startswith((entry, "/admin/articles/"))
    if entry == "/admin/settings/":
        return path.startswith((entry, *UNDER_SETTINGS.values()))
    return path.startswith(entry)
