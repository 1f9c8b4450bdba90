"""Spans of activities of which the history knows that they failed, and the spans do not.

An attempt that times out goes on in its worker, which may never notice: its span is a long one, of something that ended
well.
"""

from dataclasses import dataclass, field

from executions.services import joined, temporal, timers
from executions.services.history_index import Index
from executions.services.runs import Run
from executions.services.slices import in_slices
from executions.services.spans import Node
from executions.services.steps import Step
from executions.services.traces import Trace
from executions.services.under_way import MOST, Starts

_TIMED_OUT = "timed out"


@dataclass(frozen=True, slots=True)
class Outcome:
    words: str
    over: bool = True
    """Unlike what is under way."""


@dataclass(frozen=True, slots=True)
class Outcomes:
    words: dict[int, Outcome] = field(default_factory=dict)
    """By the place of the span."""
    ends: dict[int, int] = field(default_factory=dict)
    """When nobody waited for the span any more, in nanoseconds since 1970."""


def of(run: Run, trace: Trace, index: Index) -> Outcomes:
    """What the spans do not say themselves, of at most `MOST` activities."""
    steps = [step for step in index.steps if step.kind == "activity" and step.failed][:MOST]
    starts, found = Starts(trace, run.execution_id) if steps else None, Outcomes()
    for step in steps:
        place = starts.take(step) if starts else None
        if place is not None:
            _tell(step, place, trace, found)
    return found


def _tell(step: Step, place: int, trace: Trace, found: Outcomes) -> None:
    tries = [
        below
        for below in in_slices(range(place + 1, trace.nodes[place].last + 1))
        if trace.nodes[below].parent == place and trace.nodes[below].activity
    ]
    if step.outcome != _TIMED_OUT:
        if not any(trace.nodes[below].failed for below in tries):
            found.words[place] = Outcome(step.outcome)
        return
    count, closed = step.attempt, joined.nano(step.closed.time) if step.closed and step.closed.time else 0
    found.words[place] = Outcome(f"{_TIMED_OUT}, {count:,} attempts" if count > 1 else _TIMED_OUT)
    if closed:
        found.ends[place] = closed
    longest = timers.seconds(temporal.attributes(step.opened.body).get("startToCloseTimeout")) or 0.0
    for number, below in enumerate(tries, 1):
        following = trace.nodes[tries[number]].begin if number < len(tries) else closed
        if end := _given_up(trace.nodes[below], longest, following, is_last=number == len(tries)):
            known = trace.nodes[below].attempt or (number if len(tries) == count > 1 else 0)
            found.words[below] = Outcome(f"{_TIMED_OUT}, attempt {known:,}" if known else _TIMED_OUT)
            found.ends[below] = end


def _given_up(node: Node, longest: float, following: int, *, is_last: bool) -> int:
    """When the engine gave the attempt up; 0 where it did not, or the span says itself that it failed.

    `following`: when the next one began, or all of it was over.
    """
    if node.failed:
        return 0
    due = node.begin + int(longest * 1e9) if longest else 0
    if due and node.until > due:
        return min(due, following or due)
    return following if is_last or node.until > following else 0
