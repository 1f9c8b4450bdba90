"""A trace's lengths with what the history knows of its spans: until when one goes on, or when it was given up.

A worker's spans say too little of both: what goes on has sent nothing yet, and an attempt that timed out works on.
"""

from copy import copy

from executions.services import trace_tree
from executions.services.slices import in_slices
from executions.services.traces import Trace

Lengths = tuple[int, int, int]
"""How long it took, the time of its own, and its part of the critical path, -1 for none; in microseconds."""


def changed(trace: Trace, ends: dict[int, int]) -> dict[int, Lengths]:
    """Of the spans whose lengths are others than in the trace, by place. `ends`: nanoseconds since 1970, by place."""
    if not ends:
        return {}
    nodes = [copy(node) for node in in_slices(trace.nodes)]
    for place, node in enumerate(in_slices(nodes)):
        node.last = node.own = node.attempts = 0
        node.critical = -1
        if node.is_moment:
            node.end, node.is_moment = node.start, False
        if place in ends:
            node.end = max(ends[place], node.begin)
    trace_tree.arrange(nodes, trace.ended or trace.last)
    found = {}
    for place, (was, now) in enumerate(zip(in_slices(trace.nodes), nodes, strict=True)):
        took, own = now.until - now.begin, now.own
        if not was.is_moment and now.until < was.until:
            # Given up, but its worker worked on: that is what its bar shows.
            took, own = was.until - was.begin, was.own
        made = _lengths(took, own, now.critical)
        if made != _lengths(was.until - was.begin, was.own, was.critical):
            found[place] = made
    return found


def _lengths(took: int, own: int, critical: int) -> Lengths:
    return took // 1_000, own // 1_000, critical // 1_000 if critical >= 0 else -1
