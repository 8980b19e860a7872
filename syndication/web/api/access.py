"""Who may use the API: a bearer token whose scopes include what is asked for. Source: RFC 6750 section 3."""

from collections.abc import Callable
from typing import Annotated, Final

from fastapi import Depends
from starlette.requests import Request

from syndication.domain.scopes import Scope
from syndication.store.tokens import ApiToken, find_token
from syndication.web.api.problems import Problem
from syndication.web.deps import deps_of

_REALM: Final = 'Bearer realm="api"'


def needs(scope: Scope) -> Callable[[Request], ApiToken]:
    """A dependency: the token of the request, which must have this scope. Raises Problem 401 or 403."""

    def token(request: Request) -> ApiToken:
        deps = deps_of(request)
        kind, _, secret = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not secret.strip():
            words = "Send a token: Authorization: Bearer …. `syndication tokens create` makes one."
            raise Problem(401, words, headers={"WWW-Authenticate": _REALM})
        with deps.database.read() as session:
            found = find_token(session, secret.strip(), deps.clock())
        if found is None:
            words = "This token is unknown, revoked or expired. `syndication tokens list` shows those that are valid."
            raise Problem(401, words, headers={"WWW-Authenticate": f'{_REALM}, error="invalid_token"'})
        if scope not in found.scopes:
            words = f"This token lacks the scope {scope}. Make one that has it: `syndication tokens create --scope {scope}`."
            insufficient = f'{_REALM}, error="insufficient_scope", scope="{scope}"'
            raise Problem(403, words, headers={"WWW-Authenticate": insufficient})
        return found

    return token


ArticleWriter = Annotated[ApiToken, Depends(needs(Scope.ARTICLES_WRITE))]
