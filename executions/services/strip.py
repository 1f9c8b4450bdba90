"""The strip above an execution's tabs: history, spans, events, log lines and operators' actions on one time axis.

What cannot be had, and what was not read, is said and hatched. Of the log there are the lines that the console has
fetched so far, and always the newest ones; of the events the first ones: the API has no totals.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from django.conf import settings

from executions.services import api, audit, events, fetched_lines, history_index, log_pages, timeline, trace_reads
from executions.services.history_index import Index
from executions.services.runs import Run
from executions.services.shared import Shared
from executions.services.slices import in_slices
from executions.services.strip_lanes import Lane, Span, hatched, lane
from executions.services.time_range import TimeRange
from executions.services.timeline import WIDTH, Axis, Tick
from executions.upstream import errors
from executions.upstream.client import Client

LANES = ("steps", "spans", "events", "lines")
RUNNING_AGE, OVER_AGE = 10.0, 120.0
"""Seconds that a strip may be old."""
EVENTS_READ = 500
NEAR_AN_END = 110.0
"""Units from an end within which no tick is written: there stands the end's own time."""
FINE = 10.0
"""Of a chosen time that is shorter, the milliseconds are told."""
DRAWN = 100
"""Lanes of log lines that are kept as drawn."""
_strips = Shared()
_drawn: "OrderedDict[tuple[Client, object], tuple[int, Axis, Lane]]" = OrderedDict()


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that an operator did."""

    x: float
    action: audit.Entry


@dataclass(frozen=True, slots=True)
class Chosen:
    """The chosen range on the axis."""

    percent: str
    percent_width: str
    seconds: float | None
    """None where one end is open."""

    @property
    def style(self) -> str:
        """How its ends are written."""
        return "time" if self.seconds is not None and self.seconds < FINE else "clock"


@dataclass(frozen=True, slots=True)
class Strip:
    axis: Axis
    lanes: tuple[Lane, ...]
    missing: tuple[str, ...]
    """The lanes that could not be had."""

    @property
    def first(self) -> datetime:
        return datetime.fromtimestamp(self.axis.first, UTC)

    @property
    def last(self) -> datetime:
        return datetime.fromtimestamp(self.axis.last, UTC)

    @property
    def ticks(self) -> list[Tick]:
        return [tick for tick in self.axis.ticks if NEAR_AN_END <= tick.x <= WIDTH - NEAR_AN_END]


def of(run: Run) -> Strip | None:
    """The run's strip; None without any time. Raises UpstreamError."""
    found = _read(run, OVER_AGE if run.status.over else RUNNING_AGE)
    # What lacks a part is soon made again.
    found = _read(run, RUNNING_AGE) if found and found.missing else found
    if found is None:
        return None
    lines = _lines(run, found.axis, unknown="lines" in found.missing)
    return replace(found, lanes=(*found.lanes, lines))


def _read(run: Run, age: float) -> Strip | None:
    key, timeout = (api.client(), run.shown), settings.UPSTREAM_TIMEOUT_SECONDS
    return _strips.read(key, lambda: _made(run), age=age, size=lambda _: 20_000, timeout=timeout, patient=True).value


def marks(axis: Axis, run: Run) -> list[Mark]:
    """What operators did to the run, where it stands on the axis."""
    found = audit.entries(audit.of_run(run).defer("input")[: audit.RUN_LIMIT], answers=False)
    return [Mark(round(axis.place(one.action.at.timestamp()), 2), one) for one in found]


def _made(run: Run) -> Strip | None:
    """All but the log lines: those come from what was fetched, also in the meantime."""
    index = history_index.of(run)
    axis = timeline.of_run(run, index)
    if axis is None:
        return None
    sources: list[Callable[[], Lane | None]] = [
        lambda: _steps(axis, index),
        lambda: _spans(axis, run),
        lambda: _events(axis, run),
        lambda: _newest_lines(run),
    ]
    lanes, missing = [], []
    for name, source in zip(LANES, sources, strict=True):
        try:
            found = source()
        except errors.UpstreamError:
            missing.append(name)
            found = Lane(name, "not known now", unread=hatched(axis, [(axis.first, axis.last)]))
        if found and name != "lines":
            lanes.append(found)
    return Strip(axis, tuple(lanes), tuple(missing))


def _steps(axis: Axis, index: Index) -> Lane:
    under_way: list[Span] = []
    failed: list[Span] = []
    for step in in_slices(index.steps):
        if step.time is None:
            continue
        begun = step.time.timestamp()
        closed = step.closed.time if step.closed else None
        ended = closed.timestamp() if closed else axis.last if step.lasts else begun
        (failed if step.failed else under_way).append((begun, ended))
    return lane(axis, "steps", _counting(len(index.steps), "step"), {"ok": under_way, "bad": failed})


def _spans(axis: Axis, run: Run) -> Lane:
    trace = trace_reads.part(run)
    if trace is None:
        return Lane("spans", "no spans")
    tones: dict[str, list[Span]] = {"ok": [], "bad": []}
    # The first one is the whole, and would hide the rest.
    for node in in_slices(trace.nodes[1:] or trace.nodes):
        tones["bad" if node.failed else "ok"].append((node.begin / 1e9, node.until / 1e9))
    return lane(axis, "spans", _counting(trace.total, "span"), tones)


def _events(axis: Axis, run: Run) -> Lane:
    answer = api.client().get_workflow_events(workflow_exec_id=run.execution_id, limit=EVENTS_READ)
    # They are the execution's: those of other runs are beyond the axis.
    every = [events.row(event) for event in in_slices(answer.events)]
    rows = [row for row in every if row.time and axis.first <= row.time.timestamp() <= axis.last]
    tones = {"ok": _moments(row.time for row in rows if not row.failed)}
    tones["bad"] = _moments(row.time for row in rows if row.failed)
    says, unread = _counting(len(rows), "event"), []
    if answer.next_cursor:
        reached = max((row.time.timestamp() for row in every if row.time), default=axis.first)
        says, unread = f"first {len(every):,} read", [(max(reached, axis.first), axis.last)]
    return lane(axis, "events", says, tones, unread)


def _newest_lines(run: Run) -> None:
    """They are among what was fetched then."""
    log_pages.read(log_pages.Scope(execution_id=run.execution_id, run_id=run.run_id), "desc")


def _lines(run: Run, axis: Axis, *, unknown: bool) -> Lane:
    """Of the lines that were fetched so far: by this strip, and by everybody's pages of lines."""
    key, known = (api.client(), run.shown), fetched_lines.of(run.execution_id, run.run_id)
    before = _drawn.get(key)
    if before and before[:2] == (known.version, axis) and not unknown:
        return before[2]
    tones: dict[str, list[Span]] = {"ok": [], "warn": [], "bad": []}
    for moment, tone in known.times:
        if axis.first <= moment <= axis.last:
            tones[{"warning": "warn", "error": "bad"}.get(tone, "ok")].append((moment, moment))
    count = sum(len(some) for some in tones.values())
    unread = fetched_lines.missing(known.read, axis.first, axis.last)
    gaps = bool(hatched(axis, unread))
    says = _counting(count, "line") + (" fetched so far" if gaps else "")
    made = lane(axis, "lines", "not known now" if unknown and not count else says, tones, unread)
    _drawn[key] = (known.version, axis, made)
    while len(_drawn) > DRAWN:
        _drawn.popitem(last=False)
    return made


def _counting(count: int, one: str) -> str:
    return f"{count:,} {one if count == 1 else f'{one}s'}" if count else f"no {one}s"


def _moments(times: Iterable[datetime | None]) -> list[Span]:
    return [(time.timestamp(), time.timestamp()) for time in times if time]


def chosen(axis: Axis, wanted: TimeRange) -> Chosen | None:
    """Where the chosen range begins, and how wide it is; None if none is chosen."""
    if not wanted:
        return None
    begun = axis.place(wanted.after.timestamp()) if wanted.after else 0.0
    ended = axis.place(wanted.before.timestamp()) if wanted.before else WIDTH
    both = wanted.after and wanted.before
    seconds = max((wanted.before - wanted.after).total_seconds(), 0.0) if both else None  # type: ignore[operator]
    return Chosen(f"{begun / WIDTH * 100:.2f}", f"{max(ended - begun, 1.0) / WIDTH * 100:.2f}", seconds)
