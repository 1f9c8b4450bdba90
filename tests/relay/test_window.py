import asyncio

import pytest

from executions.relay import window as windows
from executions.relay.buffer import Item
from executions.relay.window import TooSlow, Window


def items(first: int, last: int, length: int = 0) -> list[Item]:
    return [Item(f"{number:04}", "x" * length) for number in range(first, last + 1)]


async def test_an_acknowledgement_makes_room_for_all_rows_up_to_it() -> None:
    window = Window()
    window.sent(items(1, 10))
    window.acknowledge("0007")
    assert window.left == (997, 1024 * 1024 - 12)
    window.acknowledge("0010")
    assert window.left == (1_000, 1024 * 1024)


@pytest.mark.parametrize("row_id", ["", "0011", "unknown", "0003"])
async def test_an_acknowledgement_of_what_is_not_on_its_way_changes_nothing(row_id: str) -> None:
    window = Window()
    window.sent(items(1, 10))
    window.acknowledge("0003")
    window.acknowledge(row_id)
    assert window.left == (993, 1024 * 1024 - 28)


@pytest.mark.parametrize("full", [items(1, 1_000), items(1, 1, 1024 * 1024), items(1, 2, 2 * 1024 * 1024)])
async def test_a_full_window_waits_for_an_acknowledgement(full: list[Item]) -> None:
    window = Window()
    window.sent(full)
    waiting = asyncio.create_task(window.room())
    await asyncio.sleep(0)
    assert not waiting.done()
    window.acknowledge(full[-1].id)
    assert await waiting == (1_000, 1024 * 1024)


async def test_one_row_less_than_full_has_room() -> None:
    window = Window()
    window.sent(items(1, 999))
    assert (await window.room())[0] == 1


async def test_half_waits_until_half_is_free() -> None:
    window = Window()
    window.sent(items(1, 501))
    waiting = asyncio.create_task(window.half())
    await asyncio.sleep(0)
    assert not waiting.done()
    window.acknowledge("0001")
    assert (await waiting)[0] == 500


async def test_a_full_window_without_any_acknowledgement_is_too_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "STALLED_SECONDS", 0.05)
    window = Window()
    window.sent(items(1, 1_000))
    with pytest.raises(TooSlow):
        await window.room()


async def test_each_acknowledgement_gives_time_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "STALLED_SECONDS", 0.3)
    window = Window()
    window.sent(items(1, 1_000))
    waiting = asyncio.create_task(window.half())
    for number in range(1, 5):
        await asyncio.sleep(0.1)
        window.acknowledge(f"{number:04}")
    assert not waiting.done()
    with pytest.raises(TooSlow):
        await waiting
