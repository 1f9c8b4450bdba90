import asyncio
from datetime import timedelta
from types import SimpleNamespace

import pytest

from executions.relay import feed as feeds
from executions.relay.buffer import Buffer
from executions.relay.connection import Start
from executions.relay.feed import Feed
from executions.relay.messages import Batch, Item
from tests.relay.scripted import numbers, time_of


def fed(count: int, rows: int = 100, start: Start | None = None) -> Feed:
    """A feed that has published rows 1, 2, …"""
    feed = Feed(start or Start())
    feed.buffer = Buffer(rows)
    put(feed, 1, count)
    feed.publish()
    return feed


def put(feed: Feed, first: int, last: int) -> None:
    for number in range(first, last + 1):
        feed.put(Item(str(number), f"row {number}", time_of(number)))


def ids(batch: Batch) -> list[str]:
    return [item.id for item in batch]


async def test_who_reads_along_gets_the_very_same_batch() -> None:
    feed = fed(9)
    batches = [feed.read(3, 1_000, 1_000_000) for _ in range(3)]
    assert ids(batches[0]) == numbers(4, 9)
    assert batches[1] is batches[0] is batches[2]
    assert batches[0].text is batches[2].text
    assert batches[0].text == '{"type": "items", "items": [row 4, row 5, row 6, row 7, row 8, row 9]}'


async def test_few_batches_are_kept_for_others() -> None:
    feed = fed(90)
    first = feed.read(0, 5, 1_000)
    for place in range(1, 9):
        feed.read(place, 5, 1_000)
    assert feed.read(0, 5, 1_000) is not first
    assert ids(feed.read(0, 5, 1_000)) == numbers(1, 5)


async def test_no_message_is_larger_than_one_may_be() -> None:
    feed = fed(600, rows=1_000)
    assert len(feed.read(0, 1_000, 10**9)) == feeds.BATCH_ROWS
    large = Feed(Start())
    for number in range(3):
        large.put(Item(str(number), "x" * (feeds.BATCH_SIZE // 2)))
    large.publish()
    assert ids(large.read(0, 1_000, 10**9)) == ["0", "1"]


async def test_the_first_row_goes_at_once_and_the_next_ones_wait_for_each_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(feeds, "SHORTEST_TICK", 0.05)
    feed = Feed(Start())
    change = feed.change
    put(feed, 1, 1)
    await change.wait()
    change = feed.change
    for number in range(2, 6):
        put(feed, number, number)
        await asyncio.sleep(0)
    assert (feed.buffer.end, change.is_set()) == (1, False)
    await change.wait()
    assert feed.buffer.end == 5


@pytest.mark.parametrize(("busy", "seconds"), [(0.0, 0.05), (0.5, 0.05), (0.75, 0.125), (1.0, 0.2), (1.2, 0.2)])
async def test_ticks_stretch_when_the_thread_is_busy(
    monkeypatch: pytest.MonkeyPatch, busy: float, seconds: float
) -> None:
    monkeypatch.setattr(feeds, "SHORTEST_TICK", 0.05)
    monkeypatch.setattr(feeds, "LONGEST_TICK", 0.2)
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(feeds.time, "monotonic", lambda: clock.now)
    monkeypatch.setattr(feeds.time, "thread_time", lambda: clock.now * busy)
    loop = asyncio.get_running_loop()
    feed = fed(1)
    clock.now += 1
    before = loop.time()
    put(feed, 2, 2)
    feed.publish()
    assert feed._next_tick - before == pytest.approx(seconds, abs=0.01)


async def test_much_at_once_does_not_wait_for_the_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "SHORTEST_TICK", 1_000.0)
    feed = fed(1)
    feed.put(Item("large", "x" * feeds.BATCH_SIZE))
    feed.put(Item("more", "x"))
    assert feed.buffer.end == 3


@pytest.mark.parametrize(
    ("start", "last_id", "after", "place"),
    [
        (Start(), "", None, None),
        (Start(), "", 12, None),
        (Start(), "", 15, None),
        (Start(), "", 16, 15),
        (Start(), "", 18, 15),
        (Start(), "16", None, 16),
        (Start(), "15", None, None),
        (Start(after=time_of(14)), "", 16, 15),
        (Start(after=time_of(17)), "", 16, None),
        (Start("0"), "", 18, None),
    ],
)
async def test_a_place_by_time_is_known_when_all_that_is_gone_is_older(
    start: Start, last_id: str, after: int | None, place: int | None
) -> None:
    feed = fed(20, rows=5, start=start)
    assert feed.place(last_id, None if after is None else time_of(after)) == place


async def test_a_place_by_time_is_not_known_when_rows_without_a_time_are_gone() -> None:
    feed = Feed(Start())
    feed.buffer = Buffer(2)
    feed.put(Item("timeless", "x"))
    put(feed, 1, 3)
    feed.publish()
    assert feed.place("", time_of(3) + timedelta(days=1)) is None


async def test_it_keeps_the_pace_of_its_fastest_viewer() -> None:
    feed = fed(50, rows=100)
    assert not feed.is_far_ahead
    put(feed, 51, 51)
    assert feed.is_far_ahead
    waiting = asyncio.create_task(feed.keep_pace())
    feed.publish()
    feed.read(0, 1, 10**9)
    await waiting
    feed.read(0, 20, 10**9)
    feed.read(5, 1, 10**9)  # a slower one
    put(feed, 52, 70)
    assert not feed.is_far_ahead
    put(feed, 71, 71)
    assert feed.is_far_ahead


async def test_large_rows_count_for_more() -> None:
    feed = Feed(Start())
    feed.buffer = Buffer(100, 1_000)
    for number in range(2):
        feed.put(Item(str(number), "x" * 251))
    feed.publish()
    assert feed.is_far_ahead
    feed.read(0, 1, 10**9)
    assert not feed.is_far_ahead
