"""Errors of the API: `application/problem+json`, in words that say how to mend it. Source: RFC 9457."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

PREFIX = "/api/v1"
MEDIA_TYPE = "application/problem+json"


class Problem(Exception):  # noqa: N818 - it is an answer
    """Ends a request of the API with this answer. detail: what is wrong and how to mend it.

    errors: one a fault, `pointer` (RFC 6901, into the body) and `detail`.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        errors: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Keep what the answer will say."""
        super().__init__(detail)
        self.status, self.detail, self.errors, self.headers = status, detail, list(errors), headers


def problem(
    status: int, detail: str, errors: Sequence[Mapping[str, Any]] = (), headers: Mapping[str, str] | None = None
) -> Response:
    """The answer itself."""
    body: dict[str, Any] = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
    body["detail"] = detail
    if errors:
        body["errors"] = [dict(one) for one in errors]
    return JSONResponse(body, status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


def is_api(request: Request) -> bool:
    """Whether a program asks, so that errors are said as problems."""
    return request.url.path.startswith(f"{PREFIX}/")


def answer_problem(request: Request, error: Exception) -> Response:
    """The handler of `Problem`."""
    del request
    assert isinstance(error, Problem)  # noqa: S101 - registered for nothing else
    return problem(error.status, error.detail, error.errors, error.headers)


def invalid(error: RequestValidationError) -> Response:
    """The answer to a body or a parameter of the wrong shape."""
    errors = [
        {"pointer": "".join(f"/{part}" for part in fault["loc"][1:]), "detail": fault["msg"]}
        for fault in error.errors()[:20]
    ]
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "The request is not as the API describes it; see errors.", errors)
