"""Address of a reader: what was typed → what mail is sent to, and what it is compared by."""

from dataclasses import dataclass
from typing import Final

import email_validator
from email_validator import EmailNotValidError, validate_email

from syndication.domain.errors import AddressError

# Intranets use .local, and .test is for trying things out; the library refuses both unless told otherwise.
email_validator.SPECIAL_USE_DOMAIN_NAMES[:] = [
    name for name in email_validator.SPECIAL_USE_DOMAIN_NAMES if name not in {"local", "test"}
]

# The library lets 65 characters through (measured). Source: RFC 5321 section 4.5.3.1.1.
_LOCAL_PART_BYTES: Final = 64


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

    Raises AddressError with a sentence for the person who typed it. Display names, quoted local parts, IP addresses and
    hosts without a dot are refused.
    """
    try:
        found = validate_email(text.strip(), check_deliverability=False)
    except EmailNotValidError as error:
        raise AddressError(str(error)) from error
    if len(found.local_part.encode()) > _LOCAL_PART_BYTES:
        message = f"The part before the @-sign is longer than {_LOCAL_PART_BYTES} bytes."
        raise AddressError(message)
    address = f"{found.local_part}@{found.ascii_domain}"
    return Address(address, address.lower())
