"""The strip's lanes of what comes by the page: streamed events and log lines, as far as they were fetched so far."""

import threading
from collections import OrderedDict

from executions.services import api, fetched, fetched_events, fetched_lines
from executions.services.fetched import Fetched, Store
from executions.services.runs import Run
from executions.services.strip_lanes import Lane, Span, counting, hatched, lane
from executions.services.timeline import Axis
from executions.upstream.client import Client

DRAWN = 200
"""Lanes that are kept as drawn: those that were looked at longest ago go."""
_TONES = {"warning": "warn", "error": "bad"}
_drawn: "OrderedDict[tuple[Client, object, str], tuple[int, Axis, Lane]]" = OrderedDict()
_lock = threading.Lock()


def events(run: Run, axis: Axis, *, unknown: bool) -> Lane:
    """Of all the execution's events: those of other runs are beyond the axis."""
    return _lane(run, axis, "events", fetched_events.store, unknown=unknown)


def lines(run: Run, axis: Axis, *, unknown: bool) -> Lane:
    return _lane(run, axis, "lines", fetched_lines.store, run.run_id, unknown=unknown)


def forget() -> None:
    with _lock:
        _drawn.clear()


def _lane(run: Run, axis: Axis, name: str, store: Store, run_id: str = "", *, unknown: bool) -> Lane:
    """`unknown`: the API does not tell now. As drawn before, unless more was fetched or the axis has gone on."""
    key, version = (api.client(), run.shown, name), store.version(run.execution_id)
    with _lock:
        before = _drawn.get(key)
        if before and before[:2] == (version, axis) and not unknown:
            _drawn.move_to_end(key)
            return before[2]
    known = store.of(run.execution_id, run_id)
    # Two who come at once may both draw it: it takes milliseconds, and nobody waits for another.
    made = _made(axis, name, known, unknown=unknown)
    with _lock:
        _drawn[key] = (known.version, axis, made)
        _drawn.move_to_end(key)
        while len(_drawn) > DRAWN:
            _drawn.popitem(last=False)
    return made


def _made(axis: Axis, name: str, known: Fetched, *, unknown: bool) -> Lane:
    tones: dict[str, list[Span]] = {"ok": [], "warn": [], "bad": []}
    for moment, tone in known.times:
        if axis.first <= moment <= axis.last:
            tones[_TONES.get(tone, "ok")].append((moment, moment))
    count = sum(len(some) for some in tones.values())
    unread = fetched.missing(known.read, axis.first, axis.last)
    says = counting(count, name.removesuffix("s")) + (" fetched so far" if hatched(axis, unread) else "")
    return lane(axis, name, "not known now" if unknown and not count else says, tones, unread)
