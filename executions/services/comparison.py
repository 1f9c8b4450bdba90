"""Two runs side by side, of one execution or of two: where they part, what each did, and how long that took."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from executions.services import causes, differences, parting, text
from executions.services.alignment import aligned
from executions.services.causes import Cause
from executions.services.differences import Differences, Value
from executions.services.history import EventRow
from executions.services.parting import Odd, Way
from executions.services.runs import Run
from executions.services.slices import in_slices
from executions.services.steps import Step

STEPS_COMPARED = 20_000
"""Of each run."""
_ENDED_BADLY = {"WorkflowExecutionFailed", "WorkflowExecutionTerminated", "WorkflowExecutionTimedOut"}
_parts = msgspec.json.Decoder(dict[str, msgspec.Raw])
NOTABLE_SECONDS, NOTABLE_SHARE = 0.05, 0.1
"""How much longer or shorter something took before it is said: what is less is chance."""


@dataclass(frozen=True, slots=True)
class Change:
    """How much longer the newer took."""

    seconds: float
    is_notable: bool

    @property
    def word(self) -> str:
        return "slower" if self.seconds > 0 else "faster"

    @property
    def size(self) -> float:
        return abs(self.seconds)


def change(older: float | None, newer: float | None) -> Change | None:
    """None where one of the durations is not known."""
    if older is None or newer is None:
        return None
    by = newer - older
    return Change(by, abs(by) >= NOTABLE_SECONDS and abs(by) >= NOTABLE_SHARE * min(older, newer))


class Line(msgspec.Struct, frozen=True, gc=False):
    """A step of both runs, or of one of them.

    Of many thousands the garbage collector knows nothing: to look at them all, it would stop every thread.
    """

    older: Step | None
    newer: Step | None
    differs: str
    """How, in a word; empty for what came out the same."""

    @property
    def step(self) -> Step:
        found = self.newer or self.older
        assert found
        return found

    @property
    def change(self) -> Change | None:
        return change(self.older.seconds, self.newer.seconds) if self.older and self.newer else None

    @property
    def by(self) -> float:
        """Seconds that the newer took longer, as far as they mean something."""
        found = self.change
        return found.seconds if found and found.is_notable else 0.0


@dataclass(frozen=True, slots=True)
class Row:
    """A line as a page draws it: with bars as long as its durations are, of a hundred units."""

    line: Line
    older: float
    newer: float


def rows(lines: Sequence[Line]) -> list[Row]:
    durations = [[(step.seconds or 0.0) if step else 0.0 for step in (line.older, line.newer)] for line in lines]
    longest = max((one for pair in durations for one in pair), default=0.0) or 1.0
    widths = ([round(100 * one / longest, 2) for one in pair] for pair in durations)
    return [Row(line, older, newer) for line, (older, newer) in zip(lines, widths, strict=True)]


@dataclass(frozen=True, slots=True)
class Comparison:
    way: Way
    """How far they go the same way."""
    parts: str
    """Where they part, in a word, as `parting.place` says it."""
    lines: tuple[Line, ...]
    """From where they part, if one has the other's events; otherwise all."""
    left_out: int
    """Steps on both sides that were not compared, for there are too many."""
    is_rough: bool
    """Whether they differ so much that not the best alignment was looked for."""
    causes: tuple[Cause | None, Cause | None]
    first: Odd | None
    """The first step that is not the same."""
    then: tuple[str, str]
    """What the events are about with which each goes on."""

    def shown(self, which: str) -> list[Line]:
        """all; differing: those not the same; slower, faster: those that took longer or shorter, the most first."""
        if which == "differing":
            return [line for line in self.lines if line.differs]
        if which in {"slower", "faster"}:
            sign = 1 if which == "slower" else -1
            return sorted((one for one in self.lines if one.by * sign > 0), key=lambda one: -one.by * sign)
        return list(self.lines)

    @property
    def counts(self) -> dict[str, int]:
        return {which: len(self.shown(which)) for which in ("all", "differing", "slower", "faster")}


@dataclass(frozen=True, slots=True)
class Story:
    """What a run did: its history as events and as steps."""

    events: Sequence[EventRow]
    steps: Sequence[Step]

    def about(self, event: EventRow | None) -> str:
        """What an event is about, as the steps call it: a timer's own name is a number."""
        if event is None or event.category != "timer":
            return event.name if event else ""
        return next((one.title for one in self.steps if one.id in {event.id, event.origin}), f"Timer {event.name}")


def compare(older: Story, newer: Story, given: Differences, results: Differences) -> Comparison:
    """Two histories, with what the runs were given and what came of them, as `inputs` and `results` tell."""
    way = parting.way(older.events, newer.events)
    ours, theirs = (_after(way.shared.id if way.shared and way.is_copied else 0, one.steps) for one in (older, newer))
    lines, is_rough = _aligned(ours[:STEPS_COMPARED], theirs[:STEPS_COMPARED])
    first = parting.first(lines)
    found = _cause(older.events), _cause(newer.events)
    ends = [one and (one.type, one.message) for one in found]
    return Comparison(
        way=way,
        parts=parting.place(way, first, same_inputs=given.is_same, same_ends=results.is_same and ends[0] == ends[1]),
        lines=tuple(lines),
        left_out=sum(max(len(side) - STEPS_COMPARED, 0) for side in (ours, theirs)),
        is_rough=is_rough,
        causes=found,
        first=first,
        then=(older.about(way.then[0]), newer.about(way.then[1])),
    )


def _cause(events: Sequence[EventRow]) -> Cause | None:
    # From the event that ended it: looking for one means to decode them all.
    end = next((place for place in range(len(events), 0, -1) if events[place - 1].kind in _ENDED_BADLY), 0)
    return causes.cause(list(events[:end])) if end else None


def _after(event_id: int, steps: Sequence[Step]) -> list[Step]:
    """The steps that began or ended after this event."""
    return [one for one in steps if one.id > event_id or one.closed is None or one.closed.id > event_id]


def _aligned(older: Sequence[Step], newer: Sequence[Step]) -> tuple[list[Line], bool]:
    """Step beside step, where both are the same thing; those with the same input first, if most have one."""
    inputs = [[_part(one.opened, "input") for one in in_slices(side)] for side in (older, newer)]
    names = [[one.key for one in side] for side in (older, newer)]
    exact = [list(zip(*side, strict=True)) for side in zip(names, inputs, strict=True)]
    found = aligned(names[0], names[1], (exact[0], exact[1]))
    lines = []
    for i, j in in_slices(found.rows(len(older), len(newer))):
        if i is None or j is None:
            lines.append(Line(None if i is None else older[i], None if j is None else newer[j], "only here"))
        else:
            differs = next(_differing(older[i], newer[j], inputs[0][i] == inputs[1][j]), "")
            lines.append(Line(older[i], newer[j], differs))
    return lines, found.is_rough


def _differing(older: Step, newer: Step, same_input: bool) -> Iterator[str]:
    """What is not the same, the most important first. As JSON: what is the same needs no decoding."""
    if older.outcome != newer.outcome:
        yield "outcome"
    one, other = (_part(step.closed, "result", "failure", "outcome") for step in (older, newer))
    # Failures that say the same have stack traces and ids of their own, and so have updates.
    told = older.failed or newer.failed or older.kind == "update"
    if one != other and (not told or older.result != newer.result):
        yield "result"
    if not same_input or (older.kind == "update" and older.whole_input != newer.whole_input):
        yield "input"


def _part(event: EventRow | None, *names: str) -> bytes:
    """The JSON of the first of these attributes that the event has."""
    if event is None:
        return b""
    try:
        body = _parts.decode(event.raw)
        found = next((value for key, value in body.items() if key.endswith("EventAttributes")), None)
        attributes = _parts.decode(found) if found is not None else {}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return b""
    return next((bytes(attributes[name]) for name in names if name in attributes), b"")


def results(older: Run, newer: Run) -> Differences:
    """Where the runs' results are not the same."""
    return differences.between(*(Value(b"" if raw == b"null" else raw) for raw in _results(older, newer)))


def _results(*runs: Run) -> Iterator[bytes]:
    return (bytes(run.execution.result) for run in runs)


def inputs(older: Sequence[EventRow], newer: Sequence[EventRow]) -> Differences:
    """Where the runs' inputs are not the same."""
    return differences.between(*(_given(events) for events in (older, newer)))


def _given(events: Sequence[EventRow]) -> Value:
    raw = _part(events[0], "input") if events and events[0].kind == "WorkflowExecutionStarted" else b""
    return Value(raw) if len(raw) > text.RAW_LIMIT else differences.payload(text.decode(raw))
