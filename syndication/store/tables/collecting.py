"""Tables of how sources are visited: pace of hosts, last answers, moves, what is sealed, subscriptions at hubs."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from syndication.domain.states import HubState
from syndication.store.tables.columns import json_column, words


class HostPaceRow(SQLModel, table=True):
    """When a host may be asked again; a host is a registrable domain or an address.

    busy_until: a request is under way, at most that long. open_at: not before. queue_at: the last place given to a
    source that had to wait for its turn. limited_url, limited_at: who was last told to come less often.
    """

    __tablename__ = "host_pace"

    host: str = Field(primary_key=True, max_length=255)
    busy_until: datetime | None = None
    open_at: datetime
    queue_at: datetime
    limited_url: str = ""
    limited_at: datetime | None = None


class SourceAnswerRow(SQLModel, table=True):
    """The last answer of a source that was no 'not modified', for diagnosis. body: its first 2 KiB."""

    __tablename__ = "source_answer"

    source_id: int = Field(primary_key=True, foreign_key="source.id")
    at: datetime
    status: int
    url: str
    headers: list[list[str]] = json_column()
    body: str = ""


class SourceMoveRow(SQLModel, table=True):
    """A source whose server says that it moved for good. original: where the admin said it was."""

    __tablename__ = "source_move"

    source_id: int = Field(primary_key=True, foreign_key="source.id")
    original: str
    target: str
    since_at: datetime
    successes: int = 0
    adopted_at: datetime | None = None


class SourceAccessRow(SQLModel, table=True):
    """How a source lets us in, sealed."""

    __tablename__ = "source_access"

    source_id: int = Field(primary_key=True, foreign_key="source.id")
    sealed: str


class WebSubRow(SQLModel, table=True):
    """A subscription at a hub. callback: the unguessable part of our address. secret: sealed. next_at: when to act again.

    topic: the address as the hub knows it. lease_until: when the hub forgets us.
    """

    __tablename__ = "websub"

    source_id: int = Field(primary_key=True, foreign_key="source.id")
    hub: str
    topic: str
    callback: str = Field(unique=True, max_length=64)
    secret: str
    state: HubState = words(HubState)
    asked_at: datetime | None = None
    lease_until: datetime | None = None
    next_at: datetime = Field(index=True)
    pushed_at: datetime | None = None
    failures: int = 0
    words: str = ""
