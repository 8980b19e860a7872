"""The API for programs, below /api/v1: bearer tokens with scopes, errors as problem+json."""
