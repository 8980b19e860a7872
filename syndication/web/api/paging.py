"""Pages of a list: `after` is the cursor that the page before gave as `next`, null on the last page."""

from collections.abc import Callable, Sequence
from typing import Annotated, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel

After = Annotated[int | None, Query(ge=0, le=2**62, description="The cursor `next` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=100, description="How many at most.")]

_Item = TypeVar("_Item", bound=BaseModel)


class Page(BaseModel, Generic[_Item]):
    """One page. next: the cursor of the next page, null when this is the last one."""

    items: list[_Item]
    next: int | None


def paged(found: Sequence[_Item], limit: int, cursor: Callable[[_Item], int]) -> Page[_Item]:
    """A page of up to `limit`, when one more was asked for to know whether there is another page."""
    shown = list(found[:limit])
    return Page(items=shown, next=cursor(shown[-1]) if len(found) > limit else None)
