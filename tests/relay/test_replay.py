"""Who needs rows from before a relay's buffer shares short connections with others who do."""

import asyncio
import random

import pytest

from executions.relay import viewer as viewers
from executions.relay.buffer import Buffer
from executions.relay.connection import Start
from executions.relay.hub import Hub
from executions.relay.messages import State
from tests.relay.scripted import BROKEN, Plan, Upstream, Watcher, numbers, time_of

KEY = "the stream"
pytestmark = pytest.mark.usefixtures("_both_ways")


def watch(hub: Hub, upstream: Upstream, start: Start, **how: bool) -> Watcher:
    return Watcher(hub.join(KEY, upstream.source(), start), **how)


async def with_a_first_viewer(hub: Hub, rows: int, start: Start | None = None, buffered: int = 100) -> Upstream:
    """An upstream whose rows a relay has read; it holds the last of them."""
    upstream = Upstream.with_rows(rows)
    viewer = hub.join(KEY, upstream.source(), start or Start())
    viewer._relay.buffer = Buffer(buffered)
    first = Watcher(viewer)
    await first.until(lambda: first.ids[-1:] == [str(rows)])
    upstream.sent = 0
    upstream.starts.clear()
    return upstream


async def until_level(watchers: list[Watcher], last: int) -> None:
    for one in watchers:
        await one.until(lambda one=one: one.ids[-1:] == [str(last)])


async def ended(watchers: list[Watcher], upstream: Upstream) -> None:
    upstream.finish()
    for one in watchers:
        await one.end()
        assert one.gaps == []


async def test_who_comes_at_once_from_the_same_place_shares_one_connection(hub: Hub) -> None:
    upstream = await with_a_first_viewer(hub, 5_000)
    late = [watch(hub, upstream, Start()) for _ in range(50)]
    await until_level(late, 5_000)
    assert (upstream.starts, upstream.sent) == ([Start()], 5_000 - 100 + 1)
    await ended(late, upstream)
    assert [one.ids for one in late] == [numbers(1, 5_000)] * 50


async def test_who_comes_later_joins_what_is_under_way(hub: Hub) -> None:
    upstream = await with_a_first_viewer(hub, 5_000)
    early = watch(hub, upstream, Start())
    await early.until(lambda: len(early.ids) > 500)
    late = [watch(hub, upstream, Start(str(number))) for number in (100, 300, 500)]
    await until_level([early, *late], 5_000)
    assert upstream.starts == [Start()]
    await ended([early, *late], upstream)
    assert [one.ids[0] for one in late] == ["101", "301", "501"]


@pytest.mark.parametrize("seed", range(3))
async def test_viewers_who_come_back_from_many_places_need_few_connections(hub: Hub, seed: int) -> None:
    # As after a restart: the first of them decides where the relay starts, the others have more or less.
    order = random.Random(seed)
    upstream = await with_a_first_viewer(hub, 1_000, Start("900"))
    places = [order.randrange(1, 900) for _ in range(100)]
    late = [watch(hub, upstream, Start(str(place))) for place in places]
    await until_level(late, 1_000)
    # One that is under way serves all whose row has come by.
    assert len(upstream.starts) <= 50
    assert upstream.most_open <= 3
    await ended(late, upstream)
    assert [one.ids for one in late] == [numbers(place + 1, 1_000) for place in places]


async def test_a_viewer_that_stalls_does_not_hold_up_those_with_whom_it_shares(hub: Hub) -> None:
    upstream = await with_a_first_viewer(hub, 8_000)
    stalled, quick = watch(hub, upstream, Start(), acknowledges=False), watch(hub, upstream, Start())
    await until_level([quick], 8_000)
    assert stalled.ids == numbers(1, 1_000)
    stalled.acknowledge()
    await until_level([stalled], 8_000)
    await ended([stalled, quick], upstream)
    assert stalled.ids == quick.ids == numbers(1, 8_000)


async def test_who_leaves_ends_what_only_they_needed(hub: Hub) -> None:
    upstream = await with_a_first_viewer(hub, 9_000)
    upstream.pause = 1_000.0
    alone, together = watch(hub, upstream, Start("5")), [watch(hub, upstream, Start()) for _ in range(2)]
    async with asyncio.timeout(10):
        while upstream.open_now != 3:  # noqa: ASYNC110  (connections come and go unannounced)
            await asyncio.sleep(0.001)
    for leaving, left in ((alone, 2), (together[0], 2), (together[1], 1)):
        leaving.task.cancel()
        async with asyncio.timeout(10):
            while upstream.open_now > left:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        await asyncio.sleep(0.01)
        assert upstream.open_now == left
    upstream.pause = 0.0
    await ended([watch(hub, upstream, Start("9000"))], upstream)


async def test_a_cut_is_made_good_for_all_who_share(hub: Hub) -> None:
    upstream = await with_a_first_viewer(hub, 3_000)
    upstream.plans = [Plan(rows=700, error=BROKEN), Plan(refuse=BROKEN), Plan(rows=900, overlap=50)]
    late = [watch(hub, upstream, Start()) for _ in range(10)]
    await until_level(late, 3_000)
    await ended(late, upstream)
    assert [one.ids for one in late] == [numbers(1, 3_000)] * 10


async def test_a_row_that_cannot_be_rendered_is_a_gap_for_who_catches_up(
    hub: Hub, caplog: pytest.LogCaptureFixture
) -> None:
    upstream = await with_a_first_viewer(hub, 200)
    late = watch(hub, upstream, Start())
    late.viewer._relay.replays.source = upstream.source(lambda event: 1 / 0)  # type: ignore[arg-type, return-value]
    await until_level([late], 200)
    assert (late.gaps, late.ids) == ([""], numbers(101, 200))
    assert "ZeroDivisionError" in caplog.text
    upstream.finish()
    await late.end()


async def test_a_relay_whose_first_row_is_from_the_future_moves_to_who_knows_the_end(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The others get their rows through the relay again, and not each by connections of their own.
    monkeypatch.setattr(viewers, "LOOK_SECONDS", 1_000.0)
    upstream = Upstream.with_rows(30)
    future = watch(hub, upstream, Start("1000"))
    others = [watch(hub, upstream, start) for start in (Start(), Start("10"), Start(after=time_of(20)))]
    await until_level(others, 30)
    relay = future.viewer._relay
    future.task.cancel()
    async with asyncio.timeout(10):
        while (relay.start, relay.state, upstream.open_now) != (Start("30"), State("live"), 1):  # noqa: ASYNC110
            await asyncio.sleep(0.01)  # it moves by itself, and those that caught up go quiet
    connections = len(upstream.starts)
    for number in range(31, 36):
        upstream.add()
        await until_level(others, number)
    assert (len(upstream.starts), upstream.open_now) == (connections, 1)
    await ended(others, upstream)
    assert [one.ids for one in others] == [numbers(1, 35), numbers(11, 35), numbers(20, 35)]


async def test_a_relay_that_only_waits_for_its_first_row_does_not_lose_it_by_moving(hub: Hub) -> None:
    # Upstream is slow to send what the first viewer lacks; another one comes by time and knows of later rows.
    upstream = Upstream.with_rows(30)
    source = upstream.source()
    upstream.pause = 0.5
    first = watch(hub, upstream, Start("10"))
    await first.until(lambda: first.states[-1:] == [State("live")])
    upstream.pause = 0.0
    second = Watcher(hub.join(KEY, source, Start(after=time_of(25))))
    await until_level([first, second], 30)
    upstream.add(5)
    await until_level([first, second], 35)
    await ended([first, second], upstream)
    assert (first.ids, second.ids) == (numbers(11, 35), numbers(25, 35))


async def test_who_has_a_row_that_upstream_does_not_know_hears_of_a_gap(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(viewers, "ASTRAY_SECONDS", 0.2)
    upstream = await with_a_first_viewer(hub, 20)
    future = watch(hub, upstream, Start("1000"))
    await future.until(lambda: future.ids[-1:] == ["20"])
    assert (future.gaps, future.ids) == (["1000"], numbers(1, 20))
    upstream.add()
    await until_level([future], 21)
    upstream.finish()
    await future.end()


async def test_who_is_ahead_of_a_relay_that_nobody_reads_does_not_wait_for_it(hub: Hub) -> None:
    upstream = Upstream.with_rows(9_000)
    first = watch(hub, upstream, Start("10"), acknowledges=False)
    await first.until(lambda: len(first.ids) == 1_000)
    ahead = watch(hub, upstream, Start("9000"))
    await ahead.until(lambda: ahead.states[-1:] == [State("live")])
    upstream.add()
    await until_level([ahead], 9_001)
    first.acknowledge()
    await until_level([first], 9_001)
    await ended([first, ahead], upstream)
    assert (first.ids, ahead.ids) == (numbers(11, 9_001), ["9001"])
