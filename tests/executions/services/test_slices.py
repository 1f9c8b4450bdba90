from types import SimpleNamespace

import pytest

from executions.services import slices


def test_all_items_come_and_the_thread_rests_between_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(now=0.0, rests=[])
    monkeypatch.setattr(slices.time, "perf_counter", lambda: clock.now)
    monkeypatch.setattr(slices.time, "sleep", clock.rests.append)
    found = []
    for item in slices.in_slices(range(160)):
        found.append(item)
        clock.now += slices.WORK_SECONDS / 32
    assert found == list(range(160))
    assert clock.rests == [slices.REST_SECONDS] * 4


def test_a_little_work_is_done_in_one_go(monkeypatch: pytest.MonkeyPatch) -> None:
    rests: list[float] = []
    monkeypatch.setattr(slices.time, "perf_counter", lambda: 0.0)
    monkeypatch.setattr(slices.time, "sleep", rests.append)
    assert ([*slices.in_slices("abc")], rests) == (["a", "b", "c"], [])
