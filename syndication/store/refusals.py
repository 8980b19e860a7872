"""What an admin can mend when the database does not do what it is asked → words. Anything else is our own fault."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionLeft

from syndication.store.database import DatabaseError

_FULL: Final = (
    "The disk that holds the database is full. Free some space; nothing is lost, and the service goes on by itself."
)
_READ_ONLY: Final = (
    "The database may only be read. Give the user of this process the right to write to it and to its folder."
)
_BROKEN: Final = "The database's file is damaged. Stop the service and bring a backup back: `syndication restore`."
_AWAY: Final = "The database cannot be reached. Check that its server runs and what [database] url says."
_BUSY: Final = (
    "Others have kept the database busy for too long. Try again; end what holds a transaction open if it stays so."
)

# Source: sqlite.org/rescode.html. An extended code begins with the name of its primary code.
_SQLITE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "SQLITE_FULL": _FULL,
        "SQLITE_IOERR_WRITE": _FULL,
        "SQLITE_READONLY": _READ_ONLY,
        "SQLITE_CANTOPEN": "The database's file cannot be opened. Check that its folder exists and who may write to it.",
        "SQLITE_CORRUPT": _BROKEN,
        "SQLITE_NOTADB": _BROKEN,
        "SQLITE_BUSY": _BUSY,
        "SQLITE_IOERR": "The disk that holds the database does not answer as it should. Look at the system's log.",
    }
)
# Source: PostgreSQL, appendix A. A class is the first two characters of its codes.
_POSTGRESQL: Final[Mapping[str, str]] = MappingProxyType(
    {
        "53100": _FULL,
        "53": "The database's server has no more connections or memory to give. Raise its limits, or end other clients.",
        "25006": _READ_ONLY,
        "08": _AWAY,
        "57P": _AWAY,
        "55P03": _BUSY,
        "40P01": _BUSY,
    }
)


def in_words(error: DatabaseError) -> str | None:
    """What is wrong and how to mend it; None when the statement itself is at fault."""
    if isinstance(error, NoConnectionLeft):
        return _BUSY
    if not isinstance(error, DBAPIError) or error.orig is None:
        return None
    if name := getattr(error.orig, "sqlite_errorname", None):
        return _longest(_SQLITE, name)
    code = getattr(error.orig, "sqlstate", None) or ""
    return _longest(_POSTGRESQL, code) or (_AWAY if error.connection_invalidated or not code else None)


def _longest(known: Mapping[str, str], code: str) -> str | None:
    fitting = [name for name in known if code.startswith(name)]
    return known[max(fitting, key=len)] if fitting else None
