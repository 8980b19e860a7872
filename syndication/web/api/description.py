"""The API described: OpenAPI for programs, a page for people."""

from functools import lru_cache
from typing import Any, Final

from fastapi import APIRouter
from fastapi.openapi.utils import get_openapi
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from syndication import __version__
from syndication.domain.scopes import Scope
from syndication.web.api import announcements, articles, content, subscribers
from syndication.web.api.problems import MEDIA_TYPE, PREFIX
from syndication.web.render import page

router = APIRouter(prefix=PREFIX)

PARTS: Final = (articles.router, content.router, announcements.router, subscribers.router)
"""All that a token opens."""

_PROBLEM: Final = {
    "type": "object",
    "description": "RFC 9457. errors: one a fault, with a pointer (RFC 6901) into the body.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"pointer": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}
_PROBLEMS: Final = {"401": "No valid token.", "403": "The token lacks the scope.", "422": "Not as described here."}


@lru_cache(maxsize=1)
def openapi() -> dict[str, Any]:
    """The description, in OpenAPI 3.1."""
    routes = [route for part in PARTS for route in part.routes]
    words = "Programs send a token: Authorization: Bearer …. Errors are application/problem+json."
    found = get_openapi(title="Syndication", version=__version__, description=words, routes=routes)
    schemas = found["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["Problem"] = _PROBLEM
    found["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    found["security"] = [{"token": []}]
    answer = {"content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    for operations in found["paths"].values():
        for operation in operations.values():
            for status, meaning in _PROBLEMS.items():
                operation["responses"][status] = {"description": meaning, **answer}
    return found


@router.get("/openapi.json")
def description(request: Request) -> Response:
    """The description for programs; no secret is in it."""
    del request
    return JSONResponse(openapi())


@router.get("/")
def human_page(request: Request) -> Response:
    """The description for people."""
    found = openapi()
    operations = [
        {"method": method.upper(), "path": path, **operation}
        for path, methods in found["paths"].items()
        for method, operation in methods.items()
    ]
    return page(request, "api.html", operations=operations, scopes=list(Scope))
