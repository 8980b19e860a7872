"""The part of a host that somebody registered: what belongs to one publisher."""

from functools import cache
from urllib.parse import urlsplit

from publicsuffixlist import PublicSuffixList


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def registrable_domain(url: str) -> str:
    """'example.co.uk' of any host below it; the host itself where nobody can register. "" for no address."""
    try:
        host = (urlsplit(url).hostname or "").rstrip(".").lower()
    except ValueError:
        return ""
    return _suffixes().privatesuffix(host) or host
