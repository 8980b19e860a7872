"""Table of what the operator is told about."""

from datetime import datetime

from sqlmodel import Field, SQLModel


class AlertRow(SQLModel, table=True):
    """A cause of trouble, from when it began until it ended. told_at: None until a channel took it; once per cause."""

    __tablename__ = "alert"

    cause: str = Field(primary_key=True, max_length=64)
    words: str
    remedy: str
    begun_at: datetime
    told_at: datetime | None = None
    tries: int = 0
    next_try_at: datetime
    last_error: str = ""
