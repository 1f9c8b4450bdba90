"""The spans of one run, out of a trace that has those of all the execution's runs.

A run that goes on as new, or is reset, leaves its trace to the next one. A worker's spans name the engine's run; those
that do not belong to what they stand below. The API's id of a run may be another one: then its time tells which it is.
"""

from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from executions.services import history_index, joined, text, trace_tree, why
from executions.services.runs import Run
from executions.services.slices import in_slices
from executions.services.spans import Node
from executions.services.time_range import TimeRange
from executions.services.traces import Trace
from executions.upstream import errors


@dataclass(frozen=True, slots=True)
class RunSpans:
    trace: Trace | None
    """None where the run has no span in it."""
    others: int
    """How many spans are left out."""
    by_time: bool = False
    """Whether the spans name no run: those are left out that are not of the run's time."""


_known: WeakKeyDictionary[Trace, dict[tuple[object, ...], RunSpans]] = WeakKeyDictionary()


def of(run: Run, trace: Trace) -> RunSpans:
    known = _known.setdefault(trace, {})
    if run.shown not in known:
        known[run.shown] = _of(run, trace)
    return known[run.shown]


def _of(run: Run, trace: Trace) -> RunSpans:
    owners = _owners(trace, run.execution_id)
    named = set(owners) - {""}
    its = _ids(run, trace, owners) if named else set()
    if run.started is None or (named and its >= named):
        return RunSpans(trace, 0)
    wide = joined.widened(TimeRange(run.started, run.ended))
    kept = [
        owner in its if owner else _meets(wide, node)
        for node, owner in zip(in_slices(trace.nodes), owners, strict=True)
    ]
    others = len(kept) - sum(kept)
    if not others:
        return RunSpans(trace, 0)
    has_own = any(keep and owner in its for keep, owner in zip(kept, owners, strict=True)) if named else any(kept)
    return RunSpans(_part(run, trace, kept, owners) if has_own else None, others, by_time=not named)


def _meets(during: TimeRange, node: Node) -> bool:
    begun, ended = text.parse_time(node.begin), text.parse_time(node.until)
    if not (begun and ended):
        return False
    return not ((during.after and ended < during.after) or (during.before and begun > during.before))


def _owners(trace: Trace, execution_id: str) -> list[str]:
    """The engine's run that each span is of: its own, where it is of this execution, or that of the one above."""
    found: list[str] = []
    for node in in_slices(trace.nodes):
        above = found[node.parent] if node.parent >= 0 else ""
        found.append(node.run if node.run and node.workflow in {"", execution_id} else above)
    return found


def _ids(run: Run, trace: Trace, owners: list[str]) -> set[str]:
    """The engine's ids of the run, among those that the spans name."""
    begins: dict[str, int] = {}
    for node, owner in zip(trace.nodes, owners, strict=True):
        if owner:
            begins[owner] = min(begins.get(owner, node.begin), node.begin)
    if run.run_id in begins:
        return {run.run_id}
    during = joined.widened(TimeRange(run.started, run.ended))
    near = [owner for owner, begun in begins.items() if during.has(text.parse_time(begun))]
    if len(near) == 1 or run.started is None:
        return set(near)
    # Runs that follow each other soon are told apart by the history; and where no span is of the run's time, it says
    # whether that is so or the clocks differ.
    if known := _by_history(run):
        return known & set(begins)
    started = joined.nano(run.started)
    return {min(near, key=lambda owner: abs(begins[owner] - started))} if near else set(begins)


def _by_history(run: Run) -> set[str]:
    """The engine's ids of the run; nothing where the history does not tell."""
    try:
        return set(why.run_ids(run, history_index.of(run).events or [])) - {run.run_id}
    except errors.UpstreamError:
        return set()


def _part(run: Run, trace: Trace, kept: Iterable[bool], owners: list[str]) -> Trace:
    """The kept spans as a trace of their own. What stands above several runs is cut to this one's time."""
    nodes: list[Node] = []
    places: list[int] = []
    """Of each span, where it or the nearest kept one above it stands now; -1 for none."""
    for node, keep, owner in zip(in_slices(trace.nodes), kept, owners, strict=True):
        parent = places[node.parent] if node.parent >= 0 else -1
        if not keep:
            places.append(parent)
            continue
        made = copy(node)
        made.parent, made.depth = parent, nodes[parent].depth + 1 if parent >= 0 else 0
        made.own = made.last = made.attempts = 0
        made.critical = -1
        if node.is_moment:
            made.end = node.start
        if not owner:
            made.start, made.end = _cut(run, made)
        places.append(len(nodes))
        nodes.append(made)
    ended = joined.nano(run.ended) if run.ended else trace.last
    return Trace(nodes, *trace_tree.arrange(nodes, ended), trace.source)


def _cut(run: Run, node: Node) -> tuple[int | None, int | None]:
    start, end = node.start, node.end
    if run.started and start:
        start = max(start, joined.nano(run.started))
    if run.ended:
        end = min(end or joined.nano(run.ended), joined.nano(run.ended))
    return start, end
