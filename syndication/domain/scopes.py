"""Scopes: what a token of the API allows."""

from enum import StrEnum


class Scope(StrEnum):
    """One permission each; a token has one or more."""

    ARTICLES_WRITE = "articles:write"
    CONTENT_READ = "content:read"
    SUBSCRIBERS_READ = "subscribers:read"
    SUBSCRIBERS_WRITE = "subscribers:write"
    ISSUES_READ = "issues:read"
    ISSUES_SEND = "issues:send"
