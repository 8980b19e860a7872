"""Scopes: what a token of the API allows."""

from enum import StrEnum


class Scope(StrEnum):
    """One permission each; a token has one or more."""

    ARTICLES_WRITE = "articles:write"
