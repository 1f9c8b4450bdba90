import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executions.services import strip_lanes
from executions.services.strip_lanes import BINS, Unread
from executions.services.timeline import WIDTH, Axis


@given(
    spans=st.lists(
        st.tuples(st.floats(-50, 150), st.floats(0, 100)).map(lambda one: (one[0], one[0] + one[1])), max_size=30
    )
)
def test_bars_stay_within_the_lane(spans: list[tuple[float, float]]) -> None:
    counts = strip_lanes.counted(Axis(0.0, 100.0), spans)
    assert len(counts) == BINS
    assert (sum(counts) > 0) == any(ended >= 0 and begun <= 100 for begun, ended in spans)
    path = strip_lanes.path(counts, max(counts))
    for x, height, width in re.findall(r"M([\d.]+) 1v-([\d.]+)h([\d.]+)", path):
        assert 0 <= float(x) <= float(x) + float(width) <= WIDTH
        assert 0.25 <= float(height) <= 1


@pytest.mark.parametrize(
    ("span", "shown"),
    [
        ((25.0, 50.0), (Unread("25.00", "25.00"),)),
        ((-10.0, 10.0), (Unread("0.00", "10.00"),)),
        ((99.999, 100.0), ()),
        ((100.0, 200.0), ()),
    ],
)
def test_what_was_not_read_is_within_the_axis_and_wide_enough(
    span: tuple[float, float], shown: tuple[Unread, ...]
) -> None:
    assert strip_lanes.hatched(Axis(0.0, 100.0), [span]) == shown
