"""The strip above an execution's tabs: history, spans, events, log lines and operators' actions on one time axis.

What cannot be had, and what was not read, is said and hatched. Of the log there are the lines that the console has
fetched so far, and always the newest ones; of the events those from the first on, some more at each look: the API has
no totals.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from django.conf import settings

from executions.services import (
    api,
    audit,
    beside,
    fetched_events,
    history_index,
    log_pages,
    run_spans,
    span_outcomes,
    standings,
    strip_fetched,
    timeline,
    trace_reads,
    under_way,
)
from executions.services.history_index import Index
from executions.services.runs import Run
from executions.services.shared import Shared
from executions.services.slices import in_slices
from executions.services.steps import Step
from executions.services.strip_lanes import Lane, Span, counting, hatched, lane
from executions.services.time_range import TimeRange
from executions.services.timeline import WIDTH, Axis, Tick
from executions.services.waits import Facts
from executions.upstream import errors

LANES = ("steps", "spans", "events", "lines")
RUNNING_AGE, OVER_AGE = 10.0, 120.0
"""Seconds that a strip may be old. For a while after a run's end spans and lines still come."""
SHORT_SECONDS = 10.0
"""The end of a shorter strip is told to the millisecond: to the second it may be written as the start is."""
MARK_WIDTH = 2.0
NEAR_AN_END = 110.0
"""Units from an end within which no tick is written: there stands the end's own time."""
_strips = Shared()


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


@dataclass(frozen=True, slots=True)
class Strip:
    axis: Axis
    lanes: tuple[Lane, ...]
    missing: tuple[str, ...]
    """The lanes that could not be had."""
    goes_on: bool = False
    """Whether more is read at the next look."""

    @property
    def first(self) -> datetime:
        return datetime.fromtimestamp(self.axis.first, UTC)

    @property
    def last(self) -> datetime:
        return datetime.fromtimestamp(self.axis.last, UTC)

    @property
    def style_of_end(self) -> str:
        """How its end is written, for `when`."""
        return "time" if self.axis.last - self.axis.first < SHORT_SECONDS else "clock"

    @property
    def ticks(self) -> list[Tick]:
        return [tick for tick in self.axis.ticks if NEAR_AN_END <= tick.x <= WIDTH - NEAR_AN_END]


def of(run: Run) -> Strip | None:
    """The run's strip; None without any time. Raises UpstreamError."""
    found = _read(run, OVER_AGE if trace_reads.is_settled(run) else RUNNING_AGE)
    # What lacks a part is soon made again.
    found = _read(run, RUNNING_AGE) if found and (found.missing or _goes_on(run, found)) else found
    if found is None:
        return None
    events = strip_fetched.events(run, found.axis, unknown="events" in found.missing)
    lines = strip_fetched.lines(run, found.axis, unknown="lines" in found.missing)
    return replace(found, lanes=(*found.lanes, events, lines), goes_on=_goes_on(run, found))


def _goes_on(run: Run, found: Strip) -> bool:
    return fetched_events.goes_on(run.execution_id, found.axis.last)


def _read(run: Run, age: float) -> Strip | None:
    key, timeout = (api.client(), run.shown), settings.UPSTREAM_TIMEOUT_SECONDS
    return _strips.read(key, lambda: _made(run), age=age, size=lambda _: 20_000, timeout=timeout, patient=True).value


def marks(axis: Axis, run: Run) -> list[Mark]:
    """What operators did to the run, where it stands on the axis."""
    found = audit.entries(audit.of_run(run).defer("input")[: audit.RUN_LIMIT], answers=False)
    # One at the end stands within it.
    places = [min(axis.place(one.action.at.timestamp()), WIDTH - MARK_WIDTH) for one in found]
    return [Mark(round(x, 2), one) for x, one in zip(places, found, strict=True)]


def _made(run: Run) -> Strip | None:
    """All but the events and log lines: those come from what was fetched, also in the meantime."""
    index = history_index.of(run)
    axis = timeline.of_run(run, index)
    if axis is None:
        return None
    facts = beside.facts(run, index, only_attempts=True)
    sources: list[Callable[[], Lane | None]] = [
        lambda: _steps(axis, index, facts),
        lambda: _spans(axis, run, index, facts),
        lambda: fetched_events.go_on(run.execution_id),
        lambda: _newest_lines(run),
    ]
    lanes, missing = [], []
    for name, source in zip(LANES, sources, strict=True):
        try:
            found = source()
        except errors.UpstreamError:
            missing.append(name)
            found = Lane(name, "not known now", unread=hatched(axis, [(axis.first, axis.last)]))
        if found and name not in ("events", "lines"):
            lanes.append(found)
    return Strip(axis, tuple(lanes), tuple(missing))


def _steps(axis: Axis, index: Index, facts: Facts) -> Lane:
    retrying = standings.by_step(index, facts, failing=True)
    tones: dict[str, list[Span]] = {"ok": [], "warn": [], "bad": []}
    also_failed = 0
    # Counted as the History tab counts them. The start and the end of the run itself are not drawn: the axis has them.
    for row in in_slices(index.compact):
        if row.time is None or row.category == "workflow":
            also_failed += row.failed
            continue
        ended = begun = row.time.timestamp()
        if isinstance(row, Step):
            closed = row.closed.time if row.closed else None
            ended = closed.timestamp() if closed else axis.last if row.lasts else begun
        tones["bad" if row.failed else "warn" if row.id in retrying else "ok"].append((begun, ended))
    return lane(axis, "steps", counting(len(index.compact), "step"), tones, also_bad=also_failed)


def _spans(axis: Axis, run: Run, index: Index, facts: Facts) -> Lane:
    whole = trace_reads.part(run)
    # As the Trace tab shows it.
    trace = run_spans.of(run, whole).trace if whole else None
    if trace is None:
        return Lane("spans", "no spans")
    # What the history knows of them, as the Trace tab has it.
    going, failed = under_way.of(run, trace, index, facts), span_outcomes.of(run, trace, index).words
    tones: dict[str, list[Span]] = {"ok": [], "warn": [], "bad": []}
    for place, node in enumerate(in_slices(trace.nodes)):
        if place == 0 and trace.nodes[1:]:
            # It is the whole, and would hide the rest.
            continue
        goes_on = going.get(place)
        tone = "bad" if node.failed or place in failed else "warn" if goes_on and goes_on.is_retrying else "ok"
        tones[tone].append((node.begin / 1e9, axis.last if goes_on else node.until / 1e9))
    return lane(axis, "spans", counting(trace.total, "span"), tones)


def _newest_lines(run: Run) -> None:
    """They are among what was fetched then."""
    log_pages.read(log_pages.Scope(execution_id=run.execution_id, run_id=run.run_id), "desc")


def chosen(axis: Axis, wanted: TimeRange) -> Chosen | None:
    """Where the chosen range begins, and how wide it is; None if none is chosen."""
    if not wanted:
        return None
    begun = axis.place(wanted.after.timestamp()) if wanted.after else 0.0
    ended = axis.place(wanted.before.timestamp()) if wanted.before else WIDTH
    return Chosen(f"{begun / WIDTH * 100:.2f}", f"{max(ended - begun, 1.0) / WIDTH * 100:.2f}")
