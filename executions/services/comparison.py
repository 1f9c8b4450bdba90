"""Two runs of an execution side by side: where they part, and what each did from there on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from executions.services import causes, steps, temporal, text
from executions.services.causes import Cause
from executions.services.history import EventRow
from executions.services.runs import Run
from executions.services.steps import Step

LINES_SHOWN = 300
STEPS_COMPARED = 400
"""Of each run: aligning many more would take long."""
DIFFERENCES_SHOWN = 20
DEPTH = 6
"""Levels of a result that are compared by parts; below, as a whole."""


@dataclass(frozen=True, slots=True)
class Line:
    """A step of both runs, or of one of them."""

    older: Step | None
    newer: Step | None

    @property
    def step(self) -> Step:
        found = self.newer or self.older
        assert found
        return found

    @property
    def differs(self) -> str:
        """How, in a word; empty for what came out the same."""
        if not self.older or not self.newer:
            return "only here"
        if self.older.outcome != self.newer.outcome:
            return "outcome"
        return "result" if self.older.result != self.newer.result else ""


@dataclass(frozen=True, slots=True)
class Difference:
    """A part of the results that is not the same."""

    path: str
    older: str
    newer: str


@dataclass(frozen=True, slots=True)
class Comparison:
    shared: EventRow | None
    """The last event that both have; None if they differ from their first."""
    is_copied: bool
    """Whether one run has the other's own events, as after a reset; otherwise they only went alike."""
    marker: EventRow | None
    """Where the newer was reset to."""
    reason: str
    lines: tuple[Line, ...]
    line_count: int
    step_count: int
    """Steps after the parting that were left out on both sides, for there are too many."""
    causes: tuple[Cause | None, Cause | None]

    @property
    def difference_count(self) -> int:
        return sum(bool(line.differs) for line in self.lines)


def compare(older: Sequence[EventRow], newer: Sequence[EventRow]) -> Comparison:
    """Two histories. They go together as long as their events are of the same kinds and names."""
    alike = _alike(older, newer)
    last = older[alike - 1].id if alike else 0
    marker = next((one for one in (*newer[alike : alike + 1], *older[alike : alike + 1]) if _is_reset(one)), None)
    ours, theirs = (_after(last, events) for events in (older, newer))
    lines = tuple(_aligned(ours[:STEPS_COMPARED], theirs[:STEPS_COMPARED]))
    return Comparison(
        shared=older[alike - 1] if alike else None,
        is_copied=alike > 0 and older[0].time == newer[0].time and older[alike - 1].time == newer[alike - 1].time,
        marker=marker,
        reason=_reason(marker) if marker else "",
        lines=lines[:LINES_SHOWN],
        line_count=len(lines),
        step_count=max(len(ours) - STEPS_COMPARED, 0) + max(len(theirs) - STEPS_COMPARED, 0),
        causes=(causes.cause(list(older)) if older else None, causes.cause(list(newer)) if newer else None),
    )


def _alike(older: Sequence[EventRow], newer: Sequence[EventRow]) -> int:
    """How many events the two have in common from the start."""
    for place, (one, other) in enumerate(zip(older, newer, strict=False)):
        if (one.kind, one.name) != (other.kind, other.name):
            return place
    return min(len(older), len(newer))


def _is_reset(event: EventRow) -> bool:
    cause = temporal.attributes(event.body).get("cause")
    return event.kind == "WorkflowTaskFailed" and isinstance(cause, str) and cause.endswith("RESET_WORKFLOW")


def _reason(marker: EventRow) -> str:
    failure = temporal.attributes(marker.body).get("failure")
    return temporal.message(failure) if isinstance(failure, dict) else ""


def _after(event_id: int, events: Sequence[EventRow]) -> list[Step]:
    """The steps that began or ended after this event."""
    done = steps.steps(events)
    return [one for one in done if one.id > event_id or one.closed is None or one.closed.id > event_id]


def _aligned(older: Sequence[Step], newer: Sequence[Step]) -> Iterator[Line]:
    """Step beside step, where both are the same thing."""
    matcher = SequenceMatcher(None, [one.key for one in older], [one.key for one in newer], autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            yield from (Line(one, other) for one, other in zip(older[a:b], newer[c:d], strict=True))
            continue
        yield from (Line(one, None) for one in older[a:b])
        yield from (Line(None, other) for other in newer[c:d])


def results(older: Run, newer: Run) -> list[Difference]:
    """Where the runs' results are not the same."""
    found = _differences(text.decode(older.execution.result), text.decode(newer.execution.result), "", DEPTH)
    return [one for one, _ in zip(found, range(DIFFERENCES_SHOWN), strict=False)]


_MISSING = object()


def _differences(older: Any, newer: Any, path: str, depth: int) -> Iterator[Difference]:
    if isinstance(older, dict) and isinstance(newer, dict) and depth:
        for key in dict.fromkeys([*older, *newer]):
            place = f"{path}.{key}" if path else key
            yield from _differences(older.get(key, _MISSING), newer.get(key, _MISSING), place, depth - 1)
    elif isinstance(older, list) and isinstance(newer, list) and depth:
        for place in range(max(len(older), len(newer))):
            one, other = (values[place] if place < len(values) else _MISSING for values in (older, newer))
            yield from _differences(one, other, f"{path}[{place}]", depth - 1)
    elif not _same(older, newer):
        yield Difference(text.clean(path or "the whole", 200), _shown(older), _shown(newer))


def _same(older: Any, newer: Any) -> bool:
    if older is _MISSING or newer is _MISSING:
        return older is newer
    # As JSON: `1` and `true` are equal in Python.
    return text.encode(older) == text.encode(newer)


def _shown(value: Any) -> str:
    if value is _MISSING:
        return "—"
    return "null" if value is None else text.one_line(value)
