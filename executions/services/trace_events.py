"""A trace's events as a list, with how far each has come."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from executions.services import large, statuses, text
from executions.services.slices import in_slices
from executions.upstream.types import TraceEvent, TraceEvents

MOST = 2_000
"""Rows that a page shows."""
_ENDS = ("CONTINUED_AS_NEW", "TIMED_OUT", "TERMINATED", "CANCELED")
_PROGRESS = ("progress", "percent", "percentage")
_OF = (("current", "total"), ("done", "total"), ("completed", "total"), ("step", "steps"))


@dataclass(frozen=True, slots=True)
class TraceEventRow:
    id: str
    name: str
    time: datetime | None
    status: str
    error: str
    internal: bool
    milliseconds: float | None
    """From its start to its end; None where it has none."""
    percent: float | None
    """How far it has come, 0 to 100; None where it does not say."""
    brief: str
    """Its attributes on one line."""
    json: str
    over: str = ""
    """How what it is of ended, where its status says that it runs."""

    @property
    def word(self) -> str:
        """Its status, as a row has it."""
        return self.over or self.status.lower() or "event"

    @property
    def failed(self) -> bool:
        return bool(self.error) or self.status.upper() == "FAILED"

    @property
    def words(self) -> str:
        """What the search looks in."""
        return f"{self.name} {self.id} {self.word} {self.error} {self.json}".casefold()


def event_rows(answer: TraceEvents, query: str = "") -> list[TraceEventRow]:
    """The trace's events in the API's order; with a query those that have it anywhere."""
    wanted, is_over = query.casefold(), statuses.is_over(answer.status)
    return [
        made
        for event in in_slices(answer.events or ())
        if (made := row(event, is_over=is_over)) and (not wanted or wanted in made.words)
    ]


def row(event: TraceEvent, *, is_over: bool = False) -> TraceEventRow:
    """`is_over`: whether the execution is, so that nothing of it runs."""
    attributes = large.members(event.attributes)
    return TraceEventRow(
        id=text.clean(event.id or "", 100),
        name=text.clean(event.name or "—", 200),
        time=text.parse_time(event.timestamp_unix_nano),
        status=text.clean(event.status or "", 40),
        error=text.clean(event.error or "", 500),
        internal=bool(event.internal),
        milliseconds=_took(event.start_time_unix_ms, event.end_time_unix_ms),
        percent=progress(attributes),
        brief=text.one_line(attributes) if attributes else "",
        json=text.pretty(attributes),
        over=_over(attributes.get("event_type"), is_over=is_over) if (event.status or "").upper() == "RUNNING" else "",
    )


def _over(kind: object, *, is_over: bool) -> str:
    """The API counts a run as running that went on as a new one, and what nothing was heard of any more."""
    if isinstance(kind, str):
        for end in _ENDS:
            if kind.endswith(end):
                return end.lower().replace("_", " ")
    return "not ended" if is_over else ""


def _took(start: int | None, end: int | None) -> float | None:
    return float(end - start) if start and end and 0 <= end - start < 10**13 else None


def progress(attributes: dict[str, Any]) -> float | None:
    """A share or a percentage, or so many of so many."""
    for key in _PROGRESS:
        share = _number(attributes.get(key))
        if share is not None and share <= 100:
            # A share of 1 is more likely than one percent.
            return round(share * 100 if key == "progress" and share <= 1 else share, 1)
    for key, of in _OF:
        done, total = _number(attributes.get(key)), _number(attributes.get(of))
        if done is not None and total and done <= total:
            return round(100 * done / total, 1)
    return None


def _number(value: object) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 2**53:
        return float(value)
    return None
