"""Roles: what somebody may do in the console."""

from enum import StrEnum


class Role(StrEnum):
    """A viewer sees, an editor also changes content and sends, an owner also manages people, tokens and readers' data."""

    VIEWER = "viewer"
    EDITOR = "editor"
    OWNER = "owner"

    def includes(self, other: "Role") -> bool:
        """Whether who has this role may do what the other one may."""
        order = list(Role)
        return order.index(self) >= order.index(other)
