"""The spans of one run, out of a trace that has those of all the execution's runs.

A run that goes on as new, or is reset, leaves its trace to the next one. A worker's spans name the engine's run; those
that do not belong to what they stand below. The API's id of a run may be another one: then its time tells which it is.
"""

from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass
from datetime import timedelta
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
    others: int = 0
    """How many spans are left out."""
    by_time: bool = False
    """Whether the spans name no run: those are left out that are not of the run's time."""
    cut_at: int = 0
    """After how many spans the execution's trace was cut, of all runs; 0 where it is whole."""


MOST_RUNS = 8
"""Of a trace, for how many runs their parts are kept."""
AT_ONCE = timedelta(milliseconds=50)
"""By how much the clocks of a worker and the engine may differ without a doubt whose spans these are."""
# Without the whole itself: a value that held its key would never go.
_known: WeakKeyDictionary[Trace, dict[tuple[object, ...], RunSpans | None]] = WeakKeyDictionary()


def whole(trace: Trace) -> RunSpans:
    """The spans of all runs."""
    return RunSpans(trace, cut_at=trace.total if trace.is_cut else 0)


def of(run: Run, trace: Trace) -> RunSpans:
    known = _known.setdefault(trace, {})
    if run.shown in known:
        found = known[run.shown]
    else:
        found = known[run.shown] = _of(run, trace)
        for oldest in list(known)[:-MOST_RUNS]:
            known.pop(oldest, None)
    return found or whole(trace)


def _of(run: Run, trace: Trace) -> RunSpans | None:
    """None for all of it."""
    owners = _owners(trace, run.execution_id)
    named = set(owners) - {""}
    its = _ids(run, trace, owners) if named else set()
    if run.started is None or (named and its >= named):
        return None
    wide = joined.widened(TimeRange(run.started, run.ended))
    kept = [
        owner in its if owner else _meets(wide, node)
        for node, owner in zip(in_slices(trace.nodes), owners, strict=True)
    ]
    others = len(kept) - sum(kept)
    if not others:
        return None
    has_own = any(keep and owner in its for keep, owner in zip(kept, owners, strict=True)) if named else any(kept)
    part = _part(run, trace, kept, owners) if has_own else None
    return RunSpans(part, others, by_time=not named, cut_at=whole(trace).cut_at)


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
    if run.started is None or (len(begins) == len(near) == 1 and begins[near[0]] >= joined.nano(run.started - AT_ONCE)):
        return set(near)
    # Of several runs, or where the spans began before the run did, the history tells which are its own; clocks differ.
    if known := _by_history(run):
        return known & set(begins)
    if len(near) == 1:
        return set(near)
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
    ended = joined.nano(run.ended) if run.ended else None
    return Trace(nodes, *trace_tree.arrange(nodes, ended or trace.last), trace.source, ended=ended)


def _cut(run: Run, node: Node) -> tuple[int | None, int | None]:
    start, end = node.start, node.end
    if run.started and start:
        start = max(start, joined.nano(run.started))
    if run.ended:
        end = min(end or joined.nano(run.ended), joined.nano(run.ended))
    return start, end
