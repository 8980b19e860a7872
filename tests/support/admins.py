"""Somebody logged in to the console."""

from typing import Final

from syndication.store.admins import hash_of, offer_setup
from tests.support.website import Website

SECRET: Final = "a-secret-that-serve-printed"
PASSWORD: Final = "a long sentence"


def log_in(website: Website) -> str:
    """The cookie of a first admin called Anna."""
    with website.database.write() as session:
        offer_setup(session, hash_of(SECRET), website.now)
    answer = website.visitor().post(f"/admin/setup/{SECRET}", data={"name": "Anna", "password": PASSWORD})
    return str(answer.headers["set-cookie"]).split(";")[0]
