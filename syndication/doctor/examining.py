"""Everything that is looked at, in the order it is mended in.

Looks, asks and tries, and changes nothing. A trial sees what going live will ask of it.
"""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Final

from syndication.app import App
from syndication.doctor.letters import senders
from syndication.doctor.machine import alerts, backup, clock, database_file, disk, zones
from syndication.doctor.outside import address, front, one_click, profile
from syndication.doctor.patient import Check, patient_of
from syndication.doctor.records import dkim, dmarc, spf
from syndication.doctor.way_out import limits, way_out
from syndication.domain.findings import Finding, Verdict
from syndication.net.names import Names

_CHECKS: Final[tuple[Check, ...]] = (
    profile,
    address,
    front,
    one_click,
    senders,
    way_out,
    limits,
    spf,
    dkim,
    dmarc,
    alerts,
    backup,
    clock,
    zones,
    database_file,
    disk,
)


def examine(app: App, now: datetime, names: Names | None = None) -> tuple[Finding, ...]:
    """Everything that was found, in the order it is mended in. Takes seconds: it asks servers. names: who answers for DNS."""
    patient = patient_of(app, now, names)
    with ThreadPoolExecutor(len(_CHECKS)) as pool:
        found = list(pool.map(lambda check: check(patient), _CHECKS))
    return tuple(finding for part in found for finding in part)


def is_ready(findings: tuple[Finding, ...]) -> bool:
    """Whether nothing stands in the way."""
    return all(finding.verdict is not Verdict.FAULT for finding in findings)
