import asyncio

import pytest

from executions.relay import hub as hubs
from executions.relay.connection import Start
from executions.relay.hub import Hub
from executions.upstream import errors
from tests.relay.scripted import BROKEN, Plan, Upstream, Watcher, numbers


async def released(hub: Hub, upstream: Upstream) -> None:
    async with asyncio.timeout(10):
        while upstream.open_now:  # noqa: ASYNC110  (the timer that closes it tells nobody)
            await asyncio.sleep(0.005)
    assert hub.connections == 0


async def test_ten_viewers_share_one_connection_through_three_cuts(hub: Hub) -> None:
    cuts = [Plan(rows=100), Plan(rows=100, error=BROKEN, overlap=7), Plan(rows=100, overlap=50)]
    upstream = Upstream.with_rows(0, *cuts)
    watchers = [Watcher(hub.join("a", upstream.source(), Start())) for _ in range(10)]
    for _ in range(50):
        upstream.add(10)
        await asyncio.sleep(0)
    upstream.finish()
    for watcher in watchers:
        await watcher.end()
        assert (watcher.ids, watcher.gaps) == (numbers(1, 500), [])
    assert upstream.most_open == 1


async def test_each_stream_has_its_own_connection(hub: Hub) -> None:
    one, other = Upstream.with_rows(1), Upstream.with_rows(2)
    watchers = [Watcher(hub.join(key, upstream.source(), Start())) for key, upstream in (("a", one), ("b", other))]
    await watchers[0].until(lambda: watchers[0].ids == ["1"])
    await watchers[1].until(lambda: watchers[1].ids == ["1", "2"])
    assert (one.open_now, other.open_now, hub.connections) == (1, 1, 2)
    for watcher in watchers:
        watcher.task.cancel()


async def test_the_connection_is_closed_after_the_last_viewer(hub: Hub) -> None:
    upstream = Upstream.with_rows(1)
    viewers = [hub.join("a", upstream.source(), Start()) for _ in range(2)]
    watcher = Watcher(viewers[0])
    await watcher.until(lambda: watcher.ids == ["1"])
    viewers[1].leave()
    viewers[1].leave()
    await asyncio.sleep(3 * hubs.RELEASE_SECONDS)
    assert upstream.open_now == 1
    watcher.task.cancel()
    await released(hub, upstream)


async def test_who_comes_back_soon_finds_the_same_connection(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hubs, "RELEASE_SECONDS", 0.05)
    upstream = Upstream.with_rows(3)
    hub.join("a", upstream.source(), Start()).leave()
    watcher = Watcher(hub.join("a", upstream.source(), Start()))
    await asyncio.sleep(0.1)
    upstream.add()
    await watcher.until(lambda: watcher.ids == numbers(1, 4))
    assert len(upstream.starts) == 1
    watcher.task.cancel()


async def test_who_comes_late_gets_a_new_connection(hub: Hub) -> None:
    upstream = Upstream.with_rows(3)
    hub.join("a", upstream.source(), Start()).leave()
    await asyncio.sleep(3 * hubs.RELEASE_SECONDS)
    await released(hub, upstream)
    watcher = Watcher(hub.join("a", upstream.source(), Start()))
    await watcher.until(lambda: watcher.ids == numbers(1, 3))
    watcher.task.cancel()


async def test_who_comes_after_the_end_or_a_failure_gets_a_new_relay(hub: Hub) -> None:
    upstream = Upstream.with_rows(2, Plan(refuse=errors.Unauthorised("Not accepted.", status=401)), over=True)
    failed = Watcher(hub.join("a", upstream.source(), Start()))
    await failed.end()
    ended = Watcher(hub.join("a", upstream.source(), Start()))
    await ended.end()
    upstream.over = False  # as after a reset
    running = Watcher(hub.join("a", upstream.source(), Start()))
    await running.until(lambda: running.names == ["reconnecting", "live"] and running.ids == ["1", "2"])
    assert (failed.names, ended.names, ended.ids) == (
        ["reconnecting", "failed"],
        ["reconnecting", "live", "ended"],
        ["1", "2"],
    )
    running.task.cancel()


async def test_a_viewer_of_an_ended_relay_is_served_while_others_have_a_new_one(hub: Hub) -> None:
    upstream = Upstream.with_rows(1_500, over=True)
    slow = Watcher(hub.join("a", upstream.source(), Start()), acknowledges=False)
    await slow.until(lambda: len(slow.ids) == 1_000)
    quick = Watcher(hub.join("a", upstream.source(), Start()))
    await quick.end()
    slow.acknowledges = True
    slow.viewer.acknowledge("1000")
    await slow.end()
    assert slow.ids == quick.ids == numbers(1, 1_500)


async def test_who_leaves_an_old_relay_does_not_release_the_new_one(hub: Hub) -> None:
    upstream = Upstream.with_rows(2, over=True)
    old = hub.join("a", upstream.source(), Start())
    await Watcher(hub.join("a", upstream.source(), Start())).end()
    upstream.over = False
    new = Watcher(hub.join("a", upstream.source(), Start()))
    await new.until(lambda: new.ids == ["1", "2"])
    upstream.starts.clear()
    old.leave()
    await asyncio.sleep(3 * hubs.RELEASE_SECONDS)
    late = Watcher(hub.join("a", upstream.source(), Start()))
    await late.until(lambda: late.ids == ["1", "2"])
    assert (upstream.starts, upstream.open_now) == ([], 1)
    for one in (new, late):
        one.task.cancel()


async def test_closing_stops_what_waits_for_its_release(hub: Hub) -> None:
    upstream = Upstream.with_rows(1)
    hub.join("a", upstream.source(), Start()).leave()
    await asyncio.sleep(0)
    await hub.close()
    assert (upstream.open_now, hub.connections) == (0, 0)


async def test_a_row_that_upstream_does_not_know_is_its_viewers_affair_only(hub: Hub) -> None:
    unknown = errors.Invalid("last_event_id: unknown", status=422)
    upstream = Upstream.with_rows(3, Plan(refuse=unknown))
    first = Watcher(hub.join("a", upstream.source(), Start("7")))
    second = Watcher(hub.join("a", upstream.source(), Start()))
    await second.until(lambda: second.ids == numbers(1, 3))
    await first.until(lambda: first.ids == numbers(1, 3))
    assert (first.gaps, second.gaps) == ([], [])
    upstream.add()
    upstream.finish()
    for watcher in (first, second):
        await watcher.end()
        assert watcher.ids == numbers(1, 4)
