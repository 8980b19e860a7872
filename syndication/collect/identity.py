"""What an item is called within its source, and when two addresses are the same page."""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from syndication.domain.articles import Item
from syndication.domain.source_options import Identity
from syndication.html.text import clean_line
from syndication.html.tree import word_set

_LONGEST_KEY: Final = 200
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_PREFIXES: Final = ("utm_", "mtm_", "pk_", "piwik_", "matomo_", "hsa_", "oly_", "vero_", "at_", "_hs")
_TRACKERS: Final = word_set(
    """
    fbclid gclid gclsrc dclid gbraid wbraid msclkid yclid ysclid twclid ttclid li_fat_id igshid igsh mc_cid mc_eid mkt_tok
    ml_subscriber ml_subscriber_hash ncid cmpid cmp campaign_id _openstat _ga _gl rb_clickid s_cid sc_cid s_kwcid srsltid
    wickedid epik ef_id trk trkcampaign spm scm xtor wt_mc wt.mc_id __s __hsfp __hssc __hstc fb_action_ids fb_action_types
    fb_source action_object_map action_type_map ga_source ga_medium ga_term ga_content ga_campaign gad_source
    """
)
# Most addresses: a name in lower case, no port, no query, no fragment.
_PLAIN: Final = re.compile(r"https?://(?:www\.)?((?:[a-z0-9-]{1,63}\.)*[a-z0-9-]{1,63})((?:/[^?#\s\x00-\x1f]*)?)")
_CODES: Final = ("en", "it")
_LANGUAGES: Final = frozenset({"lang", "language", "locale", "hl", "lng"})


@dataclass(frozen=True, slots=True)
class Named:
    """What an item offers to be recognised by.

    native_id: guid, atom:id, JSON id or file path. url: canonical. words: title and content without markup. headline:
    title and date, "" without a title. Both are asked for only where nothing else names the item.
    """

    native_id: str
    url: str
    words: Callable[[], str]
    headline: Callable[[], str] = str


def native_keys(items: Sequence[Named], identity: Identity = Identity.AUTO) -> list[str | None]:
    """The key of each item of one document, None for one that repeats an earlier item.

    The id, if no other item of the document has it; else id and address; else the address, if it names one page; else
    a hash of the words. Repetitions are looked for first: some feeds give one id to everything. Where the admin chose
    something else than the id, or the ids are distrusted, that comes first.
    """
    counted = Counter(native_id for native_id, _ in {(_id_key(item.native_id), item.url) for item in items})
    plain = [_chosen(item, identity) or _key(item, counted) for item in items]
    repeated = _told_apart(items, plain)
    keys: list[str | None] = []
    seen: set[str] = set()
    for item, key in zip(items, plain, strict=True):
        full = f"{key}|{_digest(item.words())}" if key in repeated else key
        keys.append(None if full in seen else _bounded(full))
        seen.add(full)
    return keys


def _told_apart(items: Sequence[Named], keys: Sequence[str]) -> set[str]:
    """The keys that several items with different words share."""
    counted = Counter(keys)
    shared = [(key, item.words()) for item, key in zip(items, keys, strict=True) if counted[key] > 1]
    distinct = Counter(key for key, _ in set(shared))
    return {key for key, number in distinct.items() if number > 1}


def _chosen(item: Named, identity: Identity) -> str:
    """The key by the admin's choice, "" where that choice names nothing."""
    if identity is Identity.URL and is_page(item.url):
        return item.url
    if identity is Identity.URL_PATH and is_page(item.url):
        return item.url.partition("?")[0]
    headline = item.headline() if identity is Identity.TITLE_DATE else ""
    return f"title:{_digest(headline)}" if headline else ""


def canonical_url(url: str) -> str:
    """The key under which two addresses are one page, "" for no address; never shown, links keep the original.

    Scheme, 'www.', default port, fragment, trailing slash and tracking parameters make no difference; the case and the
    order of what remains do.
    """
    plain = _PLAIN.fullmatch(url)
    if plain:
        return _bounded(f"https://{plain[1]}{plain[2].rstrip('/')}")
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").removeprefix("www.").encode("idna").decode("ascii")
        port = parts.port
    except (ValueError, UnicodeError):
        return ""
    if not host:
        return ""
    place = host if port is None or port == _DEFAULT_PORTS.get(parts.scheme) else f"{host}:{port}"
    fragment = parts.fragment if parts.fragment.startswith("!") else ""
    query = _query(parts.query, host)
    return _bounded(urlunsplit(("https", place, parts.path.rstrip("/"), query, fragment)))


def without_language(canonical: str) -> str:
    """A canonical URL without the parameter that chooses a language: all languages of an article share it."""
    head, mark, query = canonical.partition("?")
    if not mark:
        return canonical
    kept = [part for part in query.split("&") if part.partition("=")[0].lower() not in _LANGUAGES]
    return f"{head}?{'&'.join(kept)}" if kept else head


def siblings(item: Item) -> tuple[str, ...]:
    """Keys of the addresses where the same article may stand in other languages."""
    own = item.canonical_url
    guessed = [f"{own}?lang={code}" for code in _CODES] if own and "?" not in own else []
    return tuple(dict.fromkeys(key for key in (*item.variants, *guessed) if key != own))


def is_page(canonical: str) -> bool:
    """Whether a canonical URL names one page: a site's front page is shared by all its articles."""
    place = canonical.removeprefix("https://")
    return bool(canonical) and (place == canonical or any(mark in place for mark in "/?#"))


def _key(item: Named, counted: Counter[str]) -> str:
    native_id = _id_key(item.native_id)
    if native_id:
        return native_id if counted[native_id] == 1 else f"{native_id}|{item.url}"
    return item.url if is_page(item.url) else f"words:{_digest(item.words())}"


def _id_key(native_id: str) -> str:
    """Sites that move to https change the scheme of every guid."""
    return re.sub(r"^http://", "https://", clean_line(native_id))


def _query(query: str, host: str) -> str:
    kept = [
        (name, value)
        for name, value in parse_qsl(query, keep_blank_values=True, max_num_fields=None)
        if not name.lower().startswith(_PREFIXES)
        and name.lower() not in _TRACKERS
        and not (name.lower() == "ref" and value.removeprefix("www.") == host)
    ]
    return urlencode(kept)


def _digest(words: str) -> str:
    return hashlib.sha256(words.encode()).hexdigest()[:32]


def _bounded(key: str) -> str:
    """Keys stand in an index, whose entries are limited."""
    return key if len(key) <= _LONGEST_KEY else f"sha256:{hashlib.sha256(key.encode()).hexdigest()}"
