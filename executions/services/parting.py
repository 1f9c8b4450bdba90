"""Where two runs part: the first of what is not the same, in their inputs, their steps, their events or their ends.

Two histories go the same way as long as their events are of the same kinds and names. What those carry may differ long
before the way does: another input, another result of a step.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from executions.services import temporal
from executions.services.history import EventRow
from executions.services.steps import Step


class Pair(Protocol):
    """A step of both runs, or of one of them, and how it differs: empty for what came out the same."""

    @property
    def older(self) -> Step | None: ...
    @property
    def newer(self) -> Step | None: ...
    @property
    def step(self) -> Step: ...
    @property
    def differs(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Way:
    """How far two histories go the same way."""

    shared: EventRow | None
    """The last event that both have; None if they differ from their first."""
    then: tuple[EventRow | None, EventRow | None]
    """What each goes on with; None for one that ends there."""
    is_copied: bool
    """Whether one run has the other's own events, as after a reset; otherwise they only went alike."""
    marker: EventRow | None
    """Where the newer was reset to."""

    @property
    def is_whole(self) -> bool:
        """Whether they go the same way to their last events."""
        return self.shared is not None and self.then == (None, None)

    @property
    def reason(self) -> str:
        """Why it was reset."""
        failure = temporal.attributes(self.marker.body).get("failure") if self.marker else None
        return temporal.message(failure) if isinstance(failure, dict) else ""


def way(older: Sequence[EventRow], newer: Sequence[EventRow]) -> Way:
    alike = _alike(older, newer)
    then = tuple(next(iter(events[alike : alike + 1]), None) for events in (older, newer))
    marker = next((one for one in reversed(then) if one and _is_reset(one)), None)
    shared = older[alike - 1] if alike else None
    return Way(shared, (then[0], then[1]), shared is not None and _is_one(older, newer, alike), marker)


def _alike(older: Sequence[EventRow], newer: Sequence[EventRow]) -> int:
    """How many events the two have in common from the start."""
    for place, (one, other) in enumerate(zip(older, newer, strict=False)):
        if (one.kind, one.name) != (other.kind, other.name):
            return place
    return min(len(older), len(newer))


def _is_one(older: Sequence[EventRow], newer: Sequence[EventRow], alike: int) -> bool:
    """Whether the events that both have are the same ones, not only alike."""
    ends = [(older[place].time, newer[place].time) for place in (0, alike - 1)]
    # Of events without a time nobody can tell.
    return all(one is not None and one == other for one, other in ends)


def _is_reset(event: EventRow) -> bool:
    cause = temporal.attributes(event.body).get("cause") if event.kind == "WorkflowTaskFailed" else None
    return isinstance(cause, str) and cause.endswith("RESET_WORKFLOW")


@dataclass(frozen=True, slots=True)
class Odd:
    """A step that is not the same in both, and the event at which that shows, in one of them."""

    line: Pair
    event: EventRow
    is_newer: bool
    """Whether the event is one of the newer's."""


def first(lines: Sequence[Pair]) -> Odd | None:
    """The step whose difference shows earliest: one that began first may differ only at its end."""
    return min((_odd(line) for line in lines if line.differs), key=lambda one: one.event.id, default=None)


def _odd(line: Pair) -> Odd:
    sides = [side for side in (line.older, line.newer) if side]
    shown: list[tuple[EventRow | None, Step]] = [(side.opened, side) for side in sides]
    if line.differs in {"outcome", "result"}:
        # Of two that have not ended, one may have been started.
        ends = [(side.closed, side) for side in sides], [(side.started, side) for side in sides]
        shown = next((some for some in ends if any(event for event, _ in some)), shown)
    return min((Odd(line, event, side is line.newer) for event, side in shown if event), key=lambda one: one.event.id)


def is_before(odd: Odd, it: Way) -> bool:
    """Whether this step differs while both still go the same way."""
    then = it.then[odd.is_newer]
    return then is None or odd.event.id < then.id


def place(it: Way, odd: Odd | None, *, same_inputs: bool, same_ends: bool) -> str:
    """Where they part, in a word: copied; event, the way from an event on; input; step; end; nowhere."""
    if it.is_copied:
        return "copied"
    if it.shared is None:
        return "event"
    if not same_inputs:
        return "input"
    if odd and is_before(odd, it):
        return "step"
    if not it.is_whole:
        return "event"
    return "nowhere" if same_ends else "end"
