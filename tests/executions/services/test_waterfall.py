"""What a waterfall's page comes with: the first rows, the chosen time, the whole in small."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest

from executions.services import waterfall
from executions.services.traces import Trace
from tests.executions.services.trace_shapes import SECOND, START, failed, large, span, trace


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(START / 1e9 + seconds, UTC)


def shown(found: Trace, after: float | None = None, before: float | None = None) -> waterfall.Range:
    return waterfall.shown_range(found, None if after is None else at(after), None if before is None else at(before))


def test_bars_fit_their_time() -> None:
    found = trace(span("root", 0, 10, span("late", 6, 10), span("early", 1, 5, span("inner", 2, 3))))
    rows = waterfall.rows(found, shown(found), "")
    assert [(row.node.name, row.level, row.x, row.width, row.took, row.own, row.parent) for row in rows] == [
        ("root", 1, 0, 1_000, "10.00 s", "2.00 s", True),
        ("early", 2, 100, 400, "4.00 s", "3.00 s", True),
        ("inner", 3, 200, 100, "1.00 s", "1.00 s", False),
        ("late", 2, 600, 400, "4.00 s", "4.00 s", False),
    ]


def test_a_parent_of_what_failed_has_a_mark() -> None:
    found = trace(span("root", 0, 10, span("a", 0, 5, span("b", 1, 2, **failed()), span("c", 3, 4)), span("d", 6, 7)))
    assert [row.node.name for row in waterfall.rows(found, shown(found), "") if row.hurt] == ["root", "a"]
    assert [found.failed_inside(place) for place in range(5)] == [1, 1, 0, 0, 0]


def test_a_chosen_time_shows_what_runs_in_it() -> None:
    found = trace(span("root", 0, 10, span("late", 6, 10), span("early", 1, 5, span("inner", 2, 3))))
    rows = waterfall.rows(found, shown(found, 1, 3), "")
    assert [(row.node.name, row.x, row.width) for row in rows] == [
        ("root", 0, 1_000),
        ("early", 0, 1_000),
        ("inner", 500, 500),
    ]
    assert waterfall.window(found, shown(found, 1, 3)) == (100, 200)
    assert waterfall.ticks(found, shown(found, 1, 3)) == ["1.00 s", "1.40 s", "1.80 s", "2.20 s", "2.60 s"]


@pytest.mark.parametrize(
    ("after", "before", "zoomed"),
    [(None, None, False), (-5, 20, False), (20, 30, False), (None, -1, False), (5, 3, False), (5, None, True)],
)
def test_a_time_in_which_nothing_is_shows_the_whole(after: float | None, before: float | None, zoomed: bool) -> None:
    assert shown(trace(span("root", 0, 10)), after, before).zoomed == zoomed


def test_the_rows_around_the_selected_span() -> None:
    found = trace(large(1_000, 10))
    rows = waterfall.rows(found, shown(found), found.nodes[500].id)
    assert [row.place for row in rows] == list(range(500 - waterfall.ABOVE, 500 - waterfall.ABOVE + waterfall.ROWS))
    assert [row.place for row in rows if row.selected] == [500]
    assert [row.place for row in waterfall.rows(found, shown(found), "unknown")] == list(range(waterfall.ROWS))


def test_deep_rows_stay_in_sight() -> None:
    found = trace(large(300, 200))
    for selected in ("", found.nodes[150].id):
        indents = [row.indent for row in waterfall.rows(found, shown(found), selected)]
        assert min(indents) == 0
        assert max(indents) <= waterfall.INDENT + 1
    few = trace(span("a", 0, 1, span("b", 0, 1, span("c", 0, 1))))
    assert [row.indent for row in waterfall.rows(few, shown(few), "")] == [0, 12, 24]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 ms"),
        (0.00035, "0.35 ms"),
        (0.0099, "9.90 ms"),
        (0.0123, "12 ms"),
        (4.254, "4.25 s"),
        (187, "3m 07s"),
        (7_500, "2h 05m"),
        (90_000, "1d 01h"),
    ],
)
def test_lengths_as_a_person_reads_them(seconds: float, words: str) -> None:
    assert waterfall.length(round(seconds * SECOND)) == words


def test_the_whole_in_small() -> None:
    found = trace(span("root", 0, 10, span("a", 0, 5), span("b", 9, 10, **failed())))
    path = waterfall.in_small(found).density
    assert path.startswith("M0 24V0.0h1")
    assert (path.count("h1"), path.count("V24.0h1")) == (waterfall.BUCKETS, 95)
    assert waterfall.in_small(found).failures == "M239 0h.7v7h-.7Z"
    assert len(waterfall.in_small(trace(large(2_000, 10))).density) < 3_000


def test_no_bar_is_too_thin_to_be_seen_or_sticks_out() -> None:
    found = trace(large(2_000, 10))
    for row in waterfall.rows(found, shown(found, 3_000, 3_001), "") + waterfall.rows(found, shown(found), ""):
        assert row.width >= waterfall.THIN
        assert row.x + row.width <= waterfall.WIDTH + 0.1
    assert all(one.place < other.place for one, other in pairwise(waterfall.rows(found, shown(found), "")))
