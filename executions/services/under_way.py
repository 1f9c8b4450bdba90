"""Spans of what has not ended, as the history knows it.

A worker sends a span when it is over, and the one with which a workflow starts something at once. So an activity that
is tried for the tenth time has nothing but short spans, and looks finished.
"""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass

from executions.services import joined, standings
from executions.services.history_index import Index
from executions.services.runs import Run
from executions.services.slices import in_slices
from executions.services.steps import Step
from executions.services.traces import Trace
from executions.services.waits import Facts

MOST = 200
"""Of what has not ended, how much is looked for among the spans."""
_STARTS = {"activity": "StartActivity:", "child": "StartChildWorkflow:"}
"""How the vendor's worker names the span with which a workflow starts something."""
_RUNS = "RunWorkflow:"
_COMPLETES = "CompleteWorkflow:"
_RETRYING = "retrying"


@dataclass(frozen=True, slots=True)
class UnderWay:
    words: str
    short: str
    """In place of a duration."""
    failing: bool
    """Whether somebody should look at it."""
    known: bool = True
    """Whether it is known here to go on."""

    @property
    def is_retrying(self) -> bool:
        return self.short == _RETRYING


_RUNNING = UnderWay("still running", "running", failing=False)
_ELSEWHERE = UnderWay("not known here: its own execution still runs", "unknown", failing=False, known=False)


def of(run: Run, trace: Trace, index: Index, facts: Facts) -> dict[int, UnderWay]:
    """What has not ended, by the place of its span. Of a run that is over nothing goes on."""
    if not run.is_running:
        return {}
    known = Starts(trace, run.execution_id)
    found = {place: _RUNNING for place in known.runs if trace.nodes[place].run in facts.run_ids}
    failing = facts.announced.failing() if facts.announced else set()
    # What fails is looked for first.
    for step in sorted(opened(index), key=lambda step: step.name not in failing)[:MOST]:
        if (place := known.take(step)) is None:
            continue
        found[place] = _said(step, facts)
        if step.kind == "child":
            found |= {below: _RUNNING for below in known.runs if trace.nodes[below].parent == place}
            found |= dict.fromkeys(_untold(trace, place), _ELSEWHERE)
    return found


def ends(trace: Trace, going: dict[int, UnderWay]) -> dict[int, int]:
    """Until when it goes on, in nanoseconds since 1970. A run's own span stands beside what the run waits for."""
    return {place: trace.last for place in going if not trace.nodes[place].name.startswith(_RUNS)}


def _untold(trace: Trace, child: int) -> list[int]:
    """What a child started of which nothing below says that it ended: only the child's own history knows."""
    nodes, last = trace.nodes, trace.nodes[child].last
    over = {
        node.parent
        for node in nodes[child + 1 : last + 1]
        if (node.activity and not node.failed) or node.name.startswith(_COMPLETES)
    }
    found, place = [], child + 1
    while place <= last:
        if place in over and nodes[place].name.startswith(_STARTS["child"]):
            place = nodes[place].last
        elif place not in over and nodes[place].name.startswith(tuple(_STARTS.values())):
            found.append(place)
        place += 1
    return found


def opened(index: Index) -> list[Step]:
    """What has not ended that a span was sent for when it was begun."""
    return [step for step in index.steps if step.closed is None and step.kind in _STARTS]


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


class Starts:
    """The spans of an execution with which something was started, each of which is of one step."""

    def __init__(self, trace: Trace, execution_id: str) -> None:
        self.runs: list[int] = []
        self._nodes = trace.nodes
        self._taken: set[int] = set()
        named: list[int] = []
        tried: dict[tuple[str, str], set[int]] = {}
        for place, node in enumerate(in_slices(trace.nodes)):
            if node.name.startswith(_RUNS):
                self.runs.append(place)
            elif node.workflow not in {"", execution_id}:
                continue
            elif node.name.startswith(tuple(_STARTS.values())):
                named.append(place)
            elif node.activity and node.parent >= 0:
                tried.setdefault((node.activity, trace.nodes[node.parent].name), set()).add(node.parent)
        attempted = set[int]().union(*tried.values())
        self._tried = {key: self._by_time(places) for key, places in tried.items()}
        """Those below which attempts are, by the activity's id and their name."""
        names: dict[str, list[int]] = {}
        for place in named:
            if place not in attempted:
                names.setdefault(trace.nodes[place].name, []).append(place)
        self._named = {name: self._by_time(places) for name, places in names.items()}

    def _by_time(self, places: Iterable[int]) -> list[int]:
        return sorted(places, key=lambda place: self._nodes[place].begin)

    def take(self, step: Step) -> int | None:
        """The span with which the step began: the one above its attempts, or the nearest of its name without any."""
        name = f"{_STARTS[step.kind]}{step.name}"
        place = self._nearest(step, self._tried.get((joined.activity_id(step), name), []))
        if place is None:
            place = self._nearest(step, self._named.get(name, []))
        if place is not None:
            self._taken.add(place)
        return place

    def _nearest(self, step: Step, places: list[int]) -> int | None:
        """Outwards from where the step stands among them, so that as good as none are looked at."""
        if step.time is None:
            return None
        moment, slack = joined.nano(step.time), joined.SLACK.total_seconds() * 1e9
        here = bisect_left(places, moment, key=lambda place: self._nodes[place].begin)
        sides = reversed(places[max(here - MOST, 0) : here]), iter(places[here : here + MOST])
        nearest = [next((place for place in side if place not in self._taken), None) for side in sides]
        far = {place: abs(self._nodes[place].begin - moment) for place in nearest if place is not None}
        near = {place: apart for place, apart in far.items() if apart <= slack}
        return min(near, key=lambda place: near[place], default=None)
