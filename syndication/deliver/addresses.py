"""Address of a reader: what was typed → what mail is sent to, and what it is compared by."""

from dataclasses import dataclass
from typing import Final

import email_validator
from email_validator import EmailNotValidError, validate_email

from syndication.domain.errors import AddressError
from syndication.lang.sentences import sentence

# Intranets use .local, and .test is for trying things out; the library refuses both unless told otherwise.
email_validator.SPECIAL_USE_DOMAIN_NAMES[:] = [
    name for name in email_validator.SPECIAL_USE_DOMAIN_NAMES if name not in {"local", "test"}
]

# The library lets 65 characters through (measured). Source: RFC 5321 section 4.5.3.1.1.
_LOCAL_PART_BYTES: Final = 64
_CHARACTERS: Final = 254
_SEPARATORS: Final = frozenset("<>,;")

_NOTHING: Final = sentence("Please type an e-mail address, such as name@example.org.")
_NO_SIGN: Final = sentence("An e-mail address has an @-sign, as in name@example.org.")
_NOT_ALONE: Final = sentence("Please type one e-mail address and nothing else, such as name@example.org.")
_NO_NAME: Final = sentence("A name stands before the @-sign, as in name@example.org.")
_NO_DOMAIN: Final = sentence("A domain stands after the @-sign, as in name@example.org.")
_SPACE: Final = sentence("An e-mail address has no spaces.")
_TWO_DOTS: Final = sentence("An e-mail address never has two dots in a row.")
_DOT_AT_AN_END: Final = sentence("A dot stands neither first nor last in an e-mail address, nor beside the @-sign.")
_TOO_LONG: Final = sentence("The e-mail address is too long.")
_NO_ENDING: Final = sentence("The domain after the @-sign lacks its ending, such as .org in name@example.org.")
_BAD_DOMAIN: Final = sentence("What stands after the @-sign is no domain that mail can be sent to.")
_BAD_NAME: Final = sentence("There is a character before the @-sign that an e-mail address cannot have.")


@dataclass(frozen=True, slots=True)
class Address:
    """address: what mail is sent to, its domain in ASCII. key: lower case, what makes two addresses the same reader."""

    address: str
    key: str

    @property
    def is_ascii(self) -> bool:
        """Whether any server can be given it; else only one that offers SMTPUTF8. Source: RFC 6531."""
        return self.address.isascii()


def parse_address(text: str) -> Address:
    """The address written by `text`, surrounding spaces ignored; asks no server.

    Raises AddressError with a marked sentence for the person who typed it. Display names, quoted local parts, IP addresses and
    hosts without a dot are refused.
    """
    typed = text.strip()
    try:
        found = validate_email(typed, check_deliverability=False)
    except EmailNotValidError as error:
        raise AddressError(_fault(typed)) from error
    if len(found.local_part.encode()) > _LOCAL_PART_BYTES:
        raise AddressError(_TOO_LONG)
    address = f"{found.local_part}@{found.ascii_domain}"
    return Address(address, address.lower())


def _fault(text: str) -> str:
    """What is wrong with an address that the library refused: it says so in English alone, and in words of its own."""
    name, sign, domain = text.rpartition("@")
    checks = (
        (not text, _NOTHING),
        (not sign, _NO_SIGN),
        (_SEPARATORS & set(text) or "@" in name, _NOT_ALONE),
        (not name, _NO_NAME),
        (not domain, _NO_DOMAIN),
        (any(map(str.isspace, text)), _SPACE),
        (".." in text, _TWO_DOTS),
        (any(part[0] == "." or part[-1] == "." for part in (name, domain) if part), _DOT_AT_AN_END),
        (len(name.encode(errors="replace")) > _LOCAL_PART_BYTES or len(text) > _CHARACTERS, _TOO_LONG),
        ("." not in domain, _NO_ENDING),
        (not _is_domain(domain), _BAD_DOMAIN),
    )
    return next((said for is_wrong, said in checks if is_wrong), _BAD_NAME)


def _is_domain(text: str) -> bool:
    try:
        validate_email(f"name@{text}", check_deliverability=False)
    except EmailNotValidError:
        return False
    return True
