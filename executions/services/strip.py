"""The strip above an execution's tabs: history, spans, events, log lines and operators' actions on one time axis.

What cannot be had is left out, and said. Of the log the newest lines stand for all, of the events the first ones: the
API has no totals.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from executions.services import api, audit, events, history_index, log_pages, logs, text, timeline, trace_reads
from executions.services.history_index import Index
from executions.services.runs import Run
from executions.services.shared import Shared
from executions.services.slices import in_slices
from executions.services.timeline import WIDTH, Axis
from executions.upstream import errors

BINS = 250
RUNNING_AGE, OVER_AGE = 10.0, 120.0
"""Seconds that a strip may be old."""
_strips = Shared()
Span = tuple[float, float]
"""From when to when, in seconds since 1970."""


@dataclass(frozen=True, slots=True)
class Lane:
    name: str
    """`steps`, `spans`, `events`, `lines`: which of the operations it comes from."""
    says: str
    """How much of what it shows."""
    paths: tuple[tuple[str, str], ...]
    """Of each tone, the bars as an SVG path, in a lane of height 1."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that an operator did."""

    x: float
    action: audit.Entry


@dataclass(frozen=True, slots=True)
class Strip:
    axis: Axis
    lanes: tuple[Lane, ...]
    missing: tuple[str, ...]
    """The lanes that could not be had."""


def of(run: Run) -> Strip | None:
    """The run's strip; None without any time. Raises UpstreamError."""
    found = _read(run, OVER_AGE if run.status.over else RUNNING_AGE)
    # What lacks a part is soon made again.
    return _read(run, RUNNING_AGE) if found and found.missing else found


def _read(run: Run, age: float) -> Strip | None:
    key, timeout = (api.client(), run.shown), settings.UPSTREAM_TIMEOUT_SECONDS
    return _strips.read(key, lambda: _made(run), age=age, size=lambda _: 20_000, timeout=timeout, patient=True).value


def marks(axis: Axis, run: Run) -> list[Mark]:
    """What operators did to the run, where it stands on the axis."""
    found = audit.entries(audit.of_run(run).defer("input")[: audit.RUN_LIMIT], answers=False)
    return [Mark(round(axis.place(one.action.at.timestamp()), 2), one) for one in found]


def _made(run: Run) -> Strip | None:
    index = history_index.of(run)
    axis = timeline.of_run(run, index)
    if axis is None:
        return None
    sources: list[Callable[[], Lane | None]] = [
        lambda: _steps(axis, index),
        lambda: _spans(axis, run),
        lambda: _events(axis, run),
        lambda: _lines(axis, run),
    ]
    names = ("steps", "spans", "events", "lines")
    lanes, missing = [], []
    for name, source in zip(names, sources, strict=True):
        try:
            lane = source()
        except errors.UpstreamError:
            missing.append(name)
            continue
        if lane:
            lanes.append(lane)
    return Strip(axis, tuple(lanes), tuple(missing))


def _steps(axis: Axis, index: Index) -> Lane | None:
    under_way: list[Span] = []
    failed: list[Span] = []
    for step in in_slices(index.steps):
        if step.time is None:
            continue
        begun = step.time.timestamp()
        closed = step.closed.time if step.closed else None
        ended = closed.timestamp() if closed else axis.last if step.lasts else begun
        (failed if step.failed else under_way).append((begun, ended))
    tones = {"ok": under_way, "bad": failed}
    return _lane(axis, "steps", _counting(len(index.steps), "step"), tones) if index.steps else None


def _spans(axis: Axis, run: Run) -> Lane | None:
    trace = trace_reads.part(run)
    if trace is None:
        return None
    tones: dict[str, list[Span]] = {"ok": [], "bad": []}
    # The first one is the whole, and would hide the rest.
    for node in in_slices(trace.nodes[1:] or trace.nodes):
        tones["bad" if node.failed else "ok"].append((node.begin / 1e9, node.until / 1e9))
    return _lane(axis, "spans", _counting(trace.total, "span"), tones)


def _events(axis: Axis, run: Run) -> Lane | None:
    answer = api.client().get_workflow_events(workflow_exec_id=run.execution_id, limit=events.PAGE_SIZE)
    # They are the execution's: those of other runs are beyond the axis.
    every = [events.row(event) for event in answer.events]
    rows = [row for row in every if row.time and axis.first <= row.time.timestamp() <= axis.last]
    tones = {"ok": _moments(row.time for row in rows if not row.failed)}
    tones["bad"] = _moments(row.time for row in rows if row.failed)
    first = "the first " if answer.next_cursor else ""
    return _lane(axis, "events", first + _counting(len(rows), "announced event"), tones) if rows else None


def _lines(axis: Axis, run: Run) -> Lane | None:
    answer = log_pages.read(log_pages.Scope(execution_id=run.execution_id, run_id=run.run_id), "desc")
    lines = [(logs.tone(record.severity_text or ""), text.parse_time(record.timestamp)) for record in answer.results]
    tones = {
        "ok": _moments(time for tone, time in lines if tone in {"debug", "info"}),
        "warn": _moments(time for tone, time in lines if tone == "warning"),
        "bad": _moments(time for tone, time in lines if tone == "error"),
    }
    newest = "the newest " if answer.next_cursor else ""
    return _lane(axis, "lines", newest + _counting(len(lines), "log line"), tones) if lines else None


def _counting(count: int, one: str) -> str:
    return f"{count:,} {one if count == 1 else f'{one}s'}"


def _moments(times: Iterable[datetime | None]) -> list[Span]:
    return [(time.timestamp(), time.timestamp()) for time in times if time]


def _lane(axis: Axis, name: str, says: str, tones: dict[str, list[Span]]) -> Lane:
    counts = {tone: _counted(axis, spans) for tone, spans in tones.items()}
    most = max((one for found in counts.values() for one in found), default=0)
    return Lane(name, says, tuple((tone, _path(found, most)) for tone, found in counts.items() if any(found)))


def _counted(axis: Axis, spans: list[Span]) -> list[int]:
    """How many there are in each part of the axis; those that are beyond it are not."""
    changes = [0] * (BINS + 1)
    for begun, ended in spans:
        if ended < axis.first or begun > axis.last:
            continue
        first, last = (min(int(axis.place(moment) * BINS / WIDTH), BINS - 1) for moment in (begun, max(begun, ended)))
        changes[first] += 1
        changes[last + 1] -= 1
    found, under_way = [], 0
    for change in changes[:-1]:
        under_way += change
        found.append(under_way)
    return found


def _path(counts: list[int], most: int) -> str:
    """Bars from the ground of the lane up; a few and many are told apart, by the logarithm."""
    width = WIDTH / BINS
    bars: list[str] = []
    place = 0
    while place < len(counts):
        end = place
        while end < len(counts) and counts[end] == counts[place]:
            end += 1
        if counts[place]:
            height = max(math.log1p(counts[place]) / math.log1p(most), 0.25)
            bars.append(f"M{place * width:g} 1v-{height:.2f}h{(end - place) * width:g}v{height:.2f}z")
        place = end
    return "".join(bars)


def chosen(axis: Axis, after: datetime | None, before: datetime | None) -> tuple[float, float] | None:
    """Where the chosen range begins, and how wide it is; None if none is chosen."""
    if not (after or before):
        return None
    begun = axis.place(after.timestamp()) if after else 0.0
    ended = axis.place(before.timestamp()) if before else WIDTH
    return round(begun, 2), round(max(ended - begun, 1.0), 2)
