"""A time axis for bars: where a moment stands on it, with long idle times folded."""

import json
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils.timezone import now

from executions.services import text
from executions.services.history_index import Index
from executions.services.history_rows import Row, Wanted
from executions.services.runs import Run
from executions.services.steps import Step

WIDTH = 1_000.0
"""Units across."""
LEAST = 6.0
"""Units that even the shortest bar takes, some pixels: it has to be seen, and its colour told."""
LEAST_ROOM = timedelta(milliseconds=50)
"""Left and right of a row that an axis is zoomed to."""
FOLDS = 12
FOLD_WIDTH = 16.0
IDLE_PART, IDLE_SECONDS = 0.06, 2.0
"""A time in which nothing was at work is folded when it is longer than both: a part of the whole, and seconds."""
TICKS = 6
NARROW = 0.3 * WIDTH
"""Units that a label takes of an axis on a phone."""
MINUTE, DAY = 60, 86_400
_STEPS = (*(0.001, 0.01, 0.1, 0.5), 1, 2, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600, 10_800, 43_200, 86_400)
WHOLE = Wanted()
_WAITS = ("timer", "signal", "cancel", "message")
"""Steps in which nothing works."""


def _percent(x: float) -> str:
    return f"{x / WIDTH * 100:.2f}"


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Tick:
    x: float
    time: datetime
    every: float
    """Seconds to the next one."""
    spare: bool = False
    """Whether its label stands too close to one before it for a narrow axis, which leaves it out."""
    dated: bool = False
    """Whether it is of another day than the one before it: the same time of day comes again."""

    @property
    def percent(self) -> str:
        return _percent(self.x)

    @property
    def label(self) -> str:
        if self.every >= DAY:
            return f"{self.time:%m-%d}"
        day = f"{self.time:%m-%d} " if self.dated else ""
        if self.every >= MINUTE:
            return f"{day}{self.time:%H:%M}"
        return f"{day}{self.time:%H:%M:%S}" if self.every >= 1 else f"{day}{self.time:%H:%M:%S.%f}"[:-3]


@dataclass(frozen=True, slots=True)
class Fold:
    """A time in which nothing was at work, drawn short."""

    x: float
    width: float
    seconds: float

    @property
    def percent(self) -> str:
        return _percent(self.x)

    @property
    def percent_width(self) -> str:
        return _percent(self.width)


class Axis:
    """From `first` to `last`, in seconds since 1970; `busy` are the times in which something was at work, in order."""

    def __init__(self, first: float, last: float, busy: Iterable[tuple[float, float]] = ()) -> None:
        self.first, self.last = first, max(last, first + 0.001)
        folded = _folded(self.first, self.last, busy)
        rest = self.last - self.first - sum(end - start for start, end in folded)
        self._scale = (WIDTH - FOLD_WIDTH * len(folded)) / max(rest, 0.001)
        self._moments: list[float] = [self.first]
        self._places: list[float] = [0.0]
        self.folds: list[Fold] = []
        for start, end in folded:
            place = self._places[-1] + (start - self._moments[-1]) * self._scale
            self.folds.append(Fold(round(place, 2), FOLD_WIDTH, end - start))
            self._moments += [start, end]
            self._places += [place, place + FOLD_WIDTH]
        self._moments.append(self.last)
        self._places.append(WIDTH)

    def place(self, moment: float) -> float:
        """Where it is; at an end, if it is beyond it."""
        moment = min(max(moment, self.first), self.last)
        after = min(bisect_right(self._moments, moment), len(self._moments) - 1)
        begun, ended = self._moments[after - 1], self._moments[after]
        part = (moment - begun) / (ended - begun) if ended > begun else 0.0
        return min(self._places[after - 1] + part * (self._places[after] - self._places[after - 1]), WIDTH)

    def bar(self, begun: float, ended: float | None) -> Bar:
        """Without an end it goes on to the last moment."""
        start = self.place(begun)
        width = max(self.place(self.last if ended is None else ended) - start, LEAST)
        return Bar(round(min(start, WIDTH - width), 2), round(width, 2))

    def bar_of(self, row: Row) -> Bar | None:
        """From a step's start to its end; for what has no length, a mark."""
        if row.time is None:
            return None
        ended = row.time
        if isinstance(row, Step) and row.lasts:
            if row.closed is None:
                return self.bar(row.time.timestamp(), None)
            ended = row.closed.time or row.time
        return self.bar(row.time.timestamp(), ended.timestamp())

    @property
    def points(self) -> str:
        """As JSON: the places between which it is even, each with its moment."""
        return json.dumps(
            [[round(place, 2), moment] for place, moment in zip(self._places, self._moments, strict=True)]
        )

    def around(self, row: Row) -> tuple[datetime, datetime] | None:
        """A range in which the row's bar is wide, with what came before and after; None for one without times."""
        begun = row.time
        if begun is None:
            return None
        ended: datetime | None = begun
        if isinstance(row, Step) and row.lasts:
            ended = row.closed.time if row.closed else datetime.fromtimestamp(self.last, UTC)
        room = max(((ended or begun) - begun) / 2, LEAST_ROOM)
        return text.moved(begun, -room), text.moved(ended or begun, room)

    @property
    def ticks(self) -> list[Tick]:
        """Round moments, none of them in a fold."""
        span = (WIDTH - FOLD_WIDTH * len(self.folds)) / self._scale
        every = next((step for step in _STEPS if span / step <= TICKS), _STEPS[-1] * (span // _STEPS[-1] // TICKS + 1))
        found: list[Tick] = []
        kept = -WIDTH
        for place in range(0, len(self._moments) - 1, 2):
            begun, ended = self._moments[place], self._moments[place + 1]
            moment = -(-begun // every) * every
            while moment < ended and len(found) < 4 * TICKS:
                x = self.place(moment)
                if not found or x - found[-1].x > WIDTH / TICKS / 2:
                    spare = x - kept < NARROW
                    kept = kept if spare else x
                    time = datetime.fromtimestamp(moment, UTC)
                    dated = bool(found) and found[-1].time.date() != time.date()
                    found.append(Tick(round(x, 2), time, every, spare, dated))
                moment += every
        return found


def _folded(first: float, last: float, busy: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """The longest times between the busy ones, in order."""
    idle: list[tuple[float, float]] = []
    reached: float | None = None
    for start, end in busy:
        if reached is not None and start > reached:
            idle.append((max(reached, first), min(start, last)))
        reached = end if reached is None else max(reached, end)
    least = max((last - first) * IDLE_PART, IDLE_SECONDS)
    longest = sorted((one for one in idle if one[1] - one[0] > least), key=lambda one: one[0] - one[1])[:FOLDS]
    return sorted(longest)


def of_steps(steps: Iterable[Step], first: datetime | None, last: datetime | None) -> Axis | None:
    """The axis of a run's steps between two moments; None without times."""
    if first is None or last is None:
        return None
    busy: list[tuple[float, float]] = []
    end = last.timestamp()
    for step in steps:
        if step.time and step.kind not in _WAITS:
            closed = step.closed.time if step.closed else None
            busy.append((step.time.timestamp(), closed.timestamp() if closed else end))
    return Axis(first.timestamp(), end, sorted(busy))


def of_run(run: Run, index: Index, wanted: Wanted = WHOLE) -> Axis | None:
    """The axis of the whole run, up to now while it goes on, or of the range that is chosen; None without times."""
    whole = _of_the_whole(run, index)
    if whole is None or not (wanted.after or wanted.before):
        return whole
    first = wanted.after.timestamp() if wanted.after else whole.first
    return Axis(first, wanted.before.timestamp() if wanted.before else whole.last)


def _of_the_whole(run: Run, index: Index) -> Axis | None:
    events = index.events or []
    begun, ended = (next((one.time for one in some if one.time), None) for some in (events, reversed(events)))
    last = now() if run.is_running else max(filter(None, (ended, run.ended)), default=None)
    return of_steps(index.steps, begun or run.started, last)
