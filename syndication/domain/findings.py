"""Finding: one thing that was looked at, how it is, and what mends it."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How it is. off: does not apply to this installation as it is set up."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Finding:
    """name: stable, for programs. words: what was seen. remedy: what to do, "" when nothing. text: to be copied as it is."""

    name: str
    title: str
    verdict: Verdict
    words: str
    remedy: str = ""
    text: str = ""
