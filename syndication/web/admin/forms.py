"""Forms that two people may have open at once: a mark of what was shown, and what differs when it is no longer so."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sqlmodel import Session

from syndication.store.people import audit_log

Values = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Filled:
    """A form as it is shown. faults: field → words, "" for the whole form. differences: field, saved now, typed here."""

    values: Values
    mark: str
    faults: Mapping[str, str] = field(default_factory=dict)
    differences: tuple[tuple[str, str, str], ...] = ()
    saved_by: str = ""

    @property
    def status(self) -> int:
        """The status to answer with."""
        if self.differences:
            return 409
        return 422 if self.faults else 200


def mark_of(values: Values) -> str:
    """What a form carries along to tell whether somebody saved meanwhile: equal values have equal marks."""
    written = json.dumps(values, sort_keys=True, default=str)
    return hashlib.sha256(written.encode()).hexdigest()[:16]


def overtaken(session: Session, form: Filled, saved: Values, labels: Mapping[str, str], target: str) -> Filled:
    """The form of somebody who opened it before another saved: with what differs now, and who that was.

    labels: the fields that are compared, with their words. target: the entry's name in the log.
    """
    differing = tuple(
        (label, _word(saved[name]), _word(form.values[name]))
        for name, label in labels.items()
        if _word(saved[name]) != _word(form.values[name])
    )
    saved_by = next((entry.actor for entry in audit_log(session, target=target, limit=1)), "")
    # Both may have typed the same: it is told all the same that somebody saved.
    return replace(form, mark=mark_of(saved), differences=differing or (("", "", ""),), saved_by=saved_by)


def changes(before: Values, after: Values) -> tuple[dict[str, object], dict[str, object]]:
    """What a save changed, for the log."""
    names = [name for name in after if before.get(name) != after[name]]
    return {name: before.get(name) for name in names}, {name: after[name] for name in names}


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(str(one) for one in value)
    return str(value)
