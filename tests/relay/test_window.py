import asyncio

import pytest

from executions.relay import window as windows
from executions.relay.messages import Batch, Item
from executions.relay.window import TooSlow, Window


def batch(first: int, last: int, length: int = 4) -> Batch:
    return Batch(tuple(Item(f"{number:04}", "x" * length) for number in range(first, last + 1)))


async def test_an_acknowledgement_makes_room_for_all_rows_up_to_it() -> None:
    window = Window()
    window.sent(batch(1, 10))
    window.acknowledge("0007")
    assert window.left == (997, 1024 * 1024 - 12)
    window.acknowledge("0010")
    assert window.left == (1_000, 1024 * 1024)


@pytest.mark.parametrize("row_id", ["", "0011", "unknown", "0003"])
async def test_an_acknowledgement_of_what_is_not_on_its_way_changes_nothing(row_id: str) -> None:
    window = Window()
    window.sent(batch(1, 10))
    window.acknowledge("0003")
    window.acknowledge(row_id)
    assert window.left == (993, 1024 * 1024 - 28)


@pytest.mark.parametrize("full", [batch(1, 1_000), batch(1, 1, 1024 * 1024), batch(1, 2, 2 * 1024 * 1024)])
async def test_a_full_window_waits_for_an_acknowledgement(full: Batch) -> None:
    window = Window()
    window.sent(full)
    waiting = asyncio.create_task(window.room())
    await asyncio.sleep(0)
    assert not waiting.done()
    window.acknowledge(full.items[-1].id)
    await waiting
    assert window.left == (1_000, 1024 * 1024)


async def test_one_row_less_than_full_has_room() -> None:
    window = Window()
    window.sent(batch(1, 999))
    await window.room()
    assert window.left[0] == 1


async def test_more_room_is_waited_for_too() -> None:
    window = Window()
    window.sent(batch(1, 501))
    waiting = asyncio.create_task(window.room(500))
    await asyncio.sleep(0)
    assert not waiting.done()
    window.acknowledge("0001")
    await waiting
    assert window.left[0] == 500


async def test_a_full_window_without_any_acknowledgement_is_too_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "STALLED_SECONDS", 0.05)
    window = Window()
    window.sent(batch(1, 1_000))
    with pytest.raises(TooSlow):
        await window.room()


async def test_each_acknowledgement_gives_time_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "STALLED_SECONDS", 0.3)
    window = Window()
    window.sent(batch(1, 1_000))
    waiting = asyncio.create_task(window.room(500))
    for number in range(1, 5):
        await asyncio.sleep(0.1)
        window.acknowledge(f"{number:04}")
    assert not waiting.done()
    with pytest.raises(TooSlow):
        await waiting
