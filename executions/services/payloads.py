"""An input or a result, as a page shows it on its own."""

from dataclasses import dataclass
from typing import Any

from executions.services import causes, temporal, text
from executions.services.causes import Cause
from executions.services.history import EventRow

FOLDED_LINES, FOLDED_CHARACTERS = 14, 1_500
"""Above either, a page shows its beginning first."""


@dataclass(frozen=True, slots=True)
class Payload:
    words: str
    """As JSON; empty where none of it can be read."""
    note: str = ""
    """What has to be said of it."""

    @property
    def is_long(self) -> bool:
        return self.words.count("\n") >= FOLDED_LINES or len(self.words) > FOLDED_CHARACTERS

    @property
    def is_cut(self) -> bool:
        return len(self.words) > text.PAYLOAD_LIMIT

    @property
    def lines(self) -> int:
        return self.words.count("\n") + 1


def payload(value: Any) -> Payload | None:
    """Of a value, or of a payload or several as Temporal has them; None where there is none."""
    found = temporal.payload(value)
    if value is None or found == []:
        return None
    closed = temporal.unreadable(value)
    words = "" if isinstance(found, str) and closed and found == f"({closed[0]})" else text.pretty(found)
    return Payload(words, _note(closed))


def _note(encodings: list[str]) -> str:
    if not encodings:
        return ""
    named = ", ".join(encodings[:3])
    if any("encrypt" in one for one in encodings):
        return f"It is encrypted ({named}): only workers that have the key can read it."
    return f"It is encoded as {named}, which the console cannot read."


def given(events: list[EventRow]) -> Payload | None:
    """What the run was started with."""
    return payload(temporal.attributes(events[0].body).get("input")) if events else None


def fails(status: str) -> bool:
    """Whether a run with this status has a failure in place of a result."""
    return status in {"FAILED", "TIMED_OUT", "TERMINATED"}


def failure(events: list[EventRow], status: str) -> Cause | None:
    """Why the run ended badly; None of one that did not, or where its history does not tell."""
    return causes.cause(events) if fails(status) else None
