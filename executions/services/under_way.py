"""Spans of what has not ended, as the history knows it.

A worker sends a span when it is over, and the one with which a workflow starts something at once. So an activity that
is tried for the tenth time has nothing but short spans, and looks finished.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from executions.services import joined, standings, text
from executions.services.history_index import Index
from executions.services.runs import Run
from executions.services.slices import in_slices
from executions.services.spans import Node
from executions.services.steps import Step
from executions.services.traces import Trace
from executions.services.waits import Facts

MOST = 200
"""Of what has not ended, how much is looked for among the spans."""
_STARTS = {"activity": "StartActivity:", "child": "StartChildWorkflow:"}
"""How the vendor's worker names the span with which a workflow starts something."""
_RUNS = "RunWorkflow:"
_RETRYING = "retrying"


@dataclass(frozen=True, slots=True)
class UnderWay:
    words: str
    short: str
    """In place of a duration."""
    failing: bool
    """Whether somebody should look at it."""

    @property
    def is_retrying(self) -> bool:
        return self.short == _RETRYING


_RUNNING = UnderWay("still running", "running", failing=False)


def of(run: Run, trace: Trace, index: Index, facts: Facts) -> dict[int, UnderWay]:
    """What has not ended, by the place of its span. Of a run that is over nothing goes on."""
    if not run.is_running:
        return {}
    known = _Starts(trace, run.execution_id)
    found = {place: _RUNNING for place in known.runs if trace.nodes[place].run in facts.run_ids}
    opened = [step for step in index.steps if step.closed is None and step.kind in _STARTS]
    for step in opened[:MOST]:
        if (place := known.take(step)) is None:
            continue
        found[place] = _said(step, facts)
        if step.kind == "child":
            found |= {below: _RUNNING for below in known.runs if trace.nodes[below].parent == place}
    return found


def _said(step: Step, facts: Facts) -> UnderWay:
    if step.kind == "child":
        return _RUNNING
    found = standings.of(step, facts)
    if found is None:
        return UnderWay("not ended", "not ended", failing=False)
    if found.is_failing:
        return UnderWay(f"retrying, attempt {found.failures + 1:,}", _RETRYING, failing=True)
    if found.word == "running":
        return _RUNNING
    return UnderWay("no worker has picked it up", "waiting", failing=True)


class _Starts:
    """The spans of an execution with which something was started, each of which is of one step."""

    def __init__(self, trace: Trace, execution_id: str) -> None:
        self.trace = trace
        self.named: dict[str, list[int]] = {}
        self.tried: dict[str, list[int]] = {}
        """Those below which attempts are, by the activity's id."""
        self.runs: list[int] = []
        self.taken: set[int] = set()
        for place, node in enumerate(in_slices(trace.nodes)):
            if node.name.startswith(_RUNS):
                self.runs.append(place)
            elif node.name.startswith(tuple(_STARTS.values())) and node.workflow in {"", execution_id}:
                self.named.setdefault(node.name, []).append(place)
            elif node.activity and node.workflow in {"", execution_id} and node.parent >= 0:
                self.tried.setdefault(node.activity, []).append(node.parent)
        self.attempted = {place for places in self.tried.values() for place in places}

    def take(self, step: Step) -> int | None:
        """The span with which the step began: the one above its attempts, or the nearest of its name without any."""
        name = f"{_STARTS[step.kind]}{step.name}"
        tried = [place for place in self.tried.get(joined.activity_id(step), ()) if self._node(place).name == name]
        place = self._nearest(step, tried)
        if place is None:
            place = self._nearest(step, (one for one in self.named.get(name, ()) if one not in self.attempted))
        if place is not None:
            self.taken.add(place)
        return place

    def _nearest(self, step: Step, places: Iterable[int]) -> int | None:
        far = {place: self._apart(step, self._node(place)) for place in places if place not in self.taken}
        near = {place: seconds for place, seconds in far.items() if seconds <= joined.SLACK.total_seconds()}
        return min(near, key=lambda place: near[place], default=None)

    def _node(self, place: int) -> Node:
        return self.trace.nodes[place]

    @staticmethod
    def _apart(step: Step, node: Node) -> float:
        begun = text.parse_time(node.begin)
        return abs((begun - step.time).total_seconds()) if begun and step.time else float("inf")
