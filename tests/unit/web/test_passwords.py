"""Passwords are kept so that guessing them from a stolen database is dear."""

from argon2 import extract_parameters
from argon2.profiles import RFC_9106_LOW_MEMORY

from syndication.web.admin.access import hash_password


def test_a_password_is_kept_with_the_parameters_of_rfc_9106() -> None:
    assert extract_parameters(hash_password("a long sentence")) == RFC_9106_LOW_MEMORY
