"""Permanent ids: of articles, feeds and messages. None depends on the public address, a slug of ours or a title."""

import base64
import hashlib
from datetime import date

_UID_BYTES = 10


def article_uid(source: str, native_key: str) -> str:
    """The public id of an article: 16 lower-case letters and digits, the same on every database and after every move.

    source: the slug the source had when the article was first seen.
    """
    digest = hashlib.sha256(f"{source}\0{native_key}".encode()).digest()
    return base64.b32encode(digest[:_UID_BYTES]).decode("ascii").lower()


def tag_prefix(host: str, day: date, salt: str) -> str:
    """What all tag URIs of an installation begin with; made once by `init` and kept for good.

    host: of the public address on that day. salt: tells apart two installations on 'localhost'.
    Source: RFC 4151 section 2.1.
    """
    return f"tag:{host},{day.isoformat()}:{salt}"


def article_id(prefix: str, uid: str) -> str:
    """The tag URI of an article, the same in every feed and format."""
    return f"{prefix}/articles/{uid}"


def feed_id(prefix: str, kind: str, key: int | str) -> str:
    """The tag URI of a feed. key: the row's id, so that a renamed topic keeps its feed."""
    return f"{prefix}/feeds/{kind}/{key}"
