"""The strip's lanes of events and lines, kept as drawn."""

import pytest

from executions.services import fetched_lines, runs, strip_fetched
from executions.services.timeline import Axis
from executions.upstream.types import Execution
from tests.executions.services.test_strip import START
from tests.faulty import Faulty


def test_lanes_of_lines_are_kept_as_drawn_within_a_bound(upstream: Faulty, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strip_fetched, "DRAWN", 2)
    axis = Axis(START, START + 10)
    one, other = (runs.run(Execution(execution_id=name)) for name in ("one", "other"))
    kept = [strip_fetched.events(one, axis, unknown=False), strip_fetched.lines(one, axis, unknown=False)]
    assert strip_fetched.events(one, axis, unknown=False) is kept[0]
    strip_fetched.lines(other, axis, unknown=False)
    # The one that was looked at longest ago has gone.
    assert strip_fetched.events(one, axis, unknown=False) is kept[0]
    assert strip_fetched.lines(one, axis, unknown=False) is not kept[1]


def test_what_is_drawn_already_costs_no_copy_of_its_rows(upstream: Faulty, monkeypatch: pytest.MonkeyPatch) -> None:
    one, axis = runs.run(Execution(execution_id="drawn")), Axis(START, START + 10)
    kept = strip_fetched.lines(one, axis, unknown=False)
    monkeypatch.setattr(fetched_lines.store, "of", None)
    assert strip_fetched.lines(one, axis, unknown=False) is kept
