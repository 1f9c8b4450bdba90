import itertools
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executions.services import timeline
from executions.services.timeline import FOLD_WIDTH, WIDTH, Axis, of_steps
from tests.executions.canned import event
from tests.executions.services.test_history_index import index

MOMENTS = st.floats(0, 1_000)


def test_without_idle_time_it_is_even() -> None:
    axis = Axis(100.0, 200.0, [(100.0, 200.0)])
    assert [axis.place(moment) for moment in (0, 100, 125, 200, 300)] == [0, 0, 250, 1000, 1000]
    assert axis.folds == []


def test_a_long_idle_time_is_folded() -> None:
    axis = Axis(0.0, 1_000.0, [(0.0, 50.0), (950.0, 1_000.0)])
    (fold,) = axis.folds
    middle = (WIDTH - FOLD_WIDTH) / 2
    assert (fold.x, fold.width, fold.seconds) == (middle, FOLD_WIDTH, 900.0)
    assert [axis.place(moment) for moment in (25, 50, 950, 975)] == [
        pytest.approx(one) for one in (middle / 2, middle, middle + FOLD_WIDTH, middle * 1.5 + FOLD_WIDTH)
    ]


@pytest.mark.parametrize(
    ("busy", "folds"),
    [
        ([(0.0, 10.0), (11.0, 20.0)], 0),
        ([(0.0, 10.0), (5.0, 6.0), (18.0, 20.0)], 1),
        # A part of the whole, but no time to speak of.
        ([(0.0, 0.5), (1.5, 2.0)], 0),
        ([], 0),
    ],
)
def test_short_ones_are_not(busy: list[tuple[float, float]], folds: int) -> None:
    last = max((end for _, end in busy), default=20.0)
    assert len(Axis(0.0, last, busy).folds) == folds


def test_only_the_longest_are_folded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline, "FOLDS", 1)
    axis = Axis(0.0, 100.0, [(0.0, 10.0), (40.0, 50.0), (90.0, 100.0)])
    assert [fold.seconds for fold in axis.folds] == [40.0]


@given(
    busy=st.lists(st.tuples(MOMENTS, MOMENTS).map(sorted).map(tuple), max_size=20),
    first=MOMENTS,
    last=MOMENTS,
    at=MOMENTS,
)
def test_it_never_goes_back_and_never_leaves_its_width(
    busy: list[tuple[float, float]], first: float, last: float, at: float
) -> None:
    axis = Axis(first, last, sorted(busy))
    places = [axis.place(moment) for moment in sorted([first, last, at, *(one for pair in busy for one in pair)])]
    assert places == sorted(places)
    assert places[0] >= 0
    assert places[-1] <= WIDTH
    bar = axis.bar(min(at, last), max(at, last))
    assert 0 <= bar.x <= bar.x + bar.width <= WIDTH + 0.01
    assert all(0 <= tick.x <= WIDTH for tick in axis.ticks)
    assert [json.loads(axis.points)[place] for place in (0, -1)] == [[0, axis.first], [WIDTH, axis.last]]


@pytest.mark.parametrize(
    ("seconds", "labels"),
    [
        (1.0, ["14:05:00.000", "14:05:00.500"]),
        (4.0, ["14:05:00", "14:05:01", "14:05:02", "14:05:03"]),
        (240.0, ["14:05", "14:06", "14:07", "14:08"]),
        (200_000.0, ["00:00", "12:00", "02-02 00:00", "12:00"]),
        (400_000.0, ["02-01", "02-02", "02-03", "02-04", "02-05"]),
    ],
)
def test_ticks_are_round_moments(seconds: float, labels: list[str]) -> None:
    begun = datetime(2026, 1, 31, 14, 5, tzinfo=UTC).timestamp()
    assert [tick.label for tick in Axis(begun, begun + seconds).ticks] == labels


def test_a_narrow_axis_leaves_out_labels_that_would_stand_too_close() -> None:
    ticks = Axis(0.0, 5.0).ticks
    assert [(tick.label, tick.spare) for tick in ticks] == [
        ("00:00:00", False),
        ("00:00:01", True),
        ("00:00:02", False),
        ("00:00:03", True),
        ("00:00:04", False),
    ]
    folded = Axis(0.0, 1_000.0, [(0.0, 50.0), (950.0, 1_000.0)]).ticks
    shown = [tick.x for tick in folded if not tick.spare]
    assert all(after - before >= 300 for before, after in itertools.pairwise(shown))


def test_bars_of_steps() -> None:
    events = [
        event(1, "WORKFLOW_EXECUTION_STARTED"),
        event(2, "ACTIVITY_TASK_SCHEDULED"),
        event(3, "WORKFLOW_EXECUTION_SIGNALED", signalName="go"),
        event(4, "ACTIVITY_TASK_COMPLETED", scheduledEventId="2"),
        event(5, "TIMER_STARTED", timerId="t"),
        event(11, "MARKER_RECORDED"),
    ]
    found = index(events)
    assert found.events
    axis = of_steps(found.steps, found.events[0].time, found.events[-1].time)
    assert axis
    bars = {row.id: axis.bar_of(row) for row in [*found.steps, found.events[0]]}
    assert {number: (bar.x, bar.width) for number, bar in bars.items() if bar} == {
        1: (0.0, timeline.LEAST),
        2: (100.0, 200.0),
        # What has no length is a mark, and what has no end goes on.
        3: (200.0, timeline.LEAST),
        5: (400.0, 600.0),
    }


def test_a_range_around_a_row_has_it_in_its_middle() -> None:
    scheduled = event(10, "ACTIVITY_TASK_SCHEDULED")
    ended = event(14, "ACTIVITY_TASK_COMPLETED", scheduledEventId="10")
    found = index([scheduled, ended, event(20, "TIMER_STARTED"), event(30, "WORKFLOW_EXECUTION_SIGNALED")])
    begun = datetime(2026, 1, 31, 14, 5, tzinfo=UTC)
    axis = Axis(begun.timestamp(), begun.timestamp() + 40)
    ranges = [axis.around(row) for row in found.steps]
    seconds = [tuple((moment - begun).total_seconds() for moment in one) for one in ranges if one]
    # A timer that has no end goes on to the axis' own; a signal has no length.
    assert seconds == [(8.0, 16.0), (10.0, 50.0), (29.95, 30.05)]


def test_without_times_there_is_none() -> None:
    (timeless,) = index([{**event(1, "TIMER_STARTED"), "eventTime": None}]).steps
    assert of_steps([timeless], None, None) is None
    assert Axis(0.0, 1.0).bar_of(timeless) is None
    assert Axis(0.0, 1.0).around(timeless) is None
