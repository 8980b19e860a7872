"""Logos of newsletters, for mails and pages. Their names change with their bytes, so everybody may keep them."""

from typing import Final

from fastapi import APIRouter, HTTPException
from starlette.requests import Request
from starlette.responses import Response

from syndication.store.looks import picture_named
from syndication.web.deps import deps_of

router = APIRouter()

# Mail programs on the web load it from their own sites. Whoever opens it alone gets a picture and nothing that runs.
_HEADERS: Final = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


@router.get("/pictures/{name}")
def picture(request: Request, name: str) -> Response:
    """A picture by its name."""
    with deps_of(request).database.read() as session:
        found = picture_named(session, name)
    if found is None:
        raise HTTPException(404)
    return Response(found.body, media_type=found.kind, headers=_HEADERS)
