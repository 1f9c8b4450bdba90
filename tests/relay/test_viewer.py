import asyncio
import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executions.relay import buffer as buffers
from executions.relay import feed as feeds
from executions.relay import relay as relays
from executions.relay import replay as replays
from executions.relay import viewer as viewers
from executions.relay import window as windows
from executions.relay.buffer import Buffer
from executions.relay.connection import Start
from executions.relay.hub import Hub
from executions.relay.messages import State
from executions.relay.viewer import Viewer
from executions.relay.window import TooSlow
from executions.upstream import errors
from tests.relay.conftest import shorten
from tests.relay.scripted import BROKEN, FROM_THE_START, Plan, Upstream, Watcher, numbers, time_of

KEY = "the stream"
pytestmark = pytest.mark.usefixtures("_both_ways")


def watch(hub: Hub, upstream: Upstream, start: Start = FROM_THE_START, **how: bool) -> Watcher:
    return Watcher(hub.join(KEY, upstream.source(), start), **how)


def small_buffer(hub: Hub, upstream: Upstream, rows: int) -> Viewer:
    """A first viewer, whose relay remembers only so many rows."""
    viewer = hub.join(KEY, upstream.source(), Start())
    viewer._relay.buffer = Buffer(rows)
    return viewer


async def settled(hub: Hub) -> tuple[Upstream, Watcher]:
    """An upstream with 50 rows, and a watcher who has them; their relay remembers the last 5."""
    upstream = Upstream.with_rows(50)
    watcher = Watcher(small_buffer(hub, upstream, 5))
    await watcher.until(lambda: watcher.ids[-1:] == ["50"])
    return upstream, watcher


async def test_the_state_comes_first_then_the_rows_then_the_end(hub: Hub) -> None:
    watcher = watch(hub, Upstream.with_rows(999, over=True))
    await watcher.end()
    assert (watcher.names, watcher.ids) == (["reconnecting", "live", "ended"], numbers(1, 999))
    assert (watcher.rows_before_state[0], watcher.rows_before_state[-1]) == (0, 999)


async def test_states_are_told_while_rows_keep_coming(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewers, "SHORTEST_TICK", 0.02)
    monkeypatch.setattr(relays, "FIRST_WAIT", 1_000.0)
    monkeypatch.setattr(relays, "LONGEST_WAIT", 1_000.0)
    watcher = watch(hub, Upstream.with_rows(999, Plan(rows=999, error=BROKEN)))
    await watcher.until(lambda: len(watcher.ids) == 999)
    watcher.task.cancel()
    assert watcher.states[-1].detail == "The Workflows API’s stream broke. Connecting again."
    assert watcher.rows_before_state[-1] < 999


async def test_catching_up_ends_at_the_first_row_that_the_buffer_holds(hub: Hub) -> None:
    upstream, watcher = await settled(hub)
    upstream.sent = 0
    late = watch(hub, upstream)
    await late.until(lambda: late.ids == numbers(1, 50))
    assert upstream.sent == 46
    for one in (watcher, late):
        one.task.cancel()


async def test_a_failure_is_told_and_ends_it(hub: Hub) -> None:
    missing = errors.NotFound("There is no such execution.", status=404)
    upstream = Upstream.with_rows(5, Plan(refuse=missing))
    watchers = [watch(hub, upstream, Start(last)) for last in ("", "5")]
    for watcher in watchers:
        await watcher.end()
        assert (watcher.names, watcher.states[-1].missing) == (["reconnecting", "failed"], True)
        assert (watcher.ids, watcher.gaps) == ([], [])
    assert len(upstream.starts) == 1


async def test_who_is_behind_a_relay_that_fails_hears_of_a_gap_and_gets_what_it_has(hub: Hub) -> None:
    upstream, first = await settled(hub)
    behind = hub.join(KEY, upstream.source(), Start("10"))
    relay = first.viewer._relay
    relay._task.cancel()
    relay._say(State("failed", "What follows is too large."))
    late = Watcher(behind)
    await late.end()
    assert (late.gaps, late.ids, late.names) == (["10"], numbers(46, 50), ["failed"])
    await first.end()


async def test_who_comes_to_a_failed_relay_while_it_fails_hears_so_at_once(hub: Hub) -> None:
    upstream = Upstream.with_rows(3, Plan(refuse=errors.Unauthorised("Not accepted.", status=401)))
    first = hub.join(KEY, upstream.source(), Start())
    late = hub.join(KEY, upstream.source(), Start("2"))
    await Watcher(first).end()
    watcher = Watcher(late)
    await watcher.end()
    assert (watcher.names, watcher.ids, watcher.gaps) == (["failed"], [], [])
    assert len(upstream.starts) == 1


@pytest.mark.parametrize(
    ("first", "second", "rows"),
    [
        (Start(), Start("4"), numbers(5, 9)),
        (Start(), Start(after=time_of(6)), numbers(6, 9)),
        (Start(after=time_of(3)), Start(after=time_of(6)), numbers(6, 9)),
        (Start(after=time_of(3)), Start(after=time_of(3)), numbers(3, 9)),
        (Start("4"), Start("4"), numbers(5, 9)),
        (Start("4"), Start("7"), numbers(8, 9)),
        (Start(), Start("4", after=time_of(8)), numbers(5, 9)),
    ],
)
async def test_a_viewer_within_the_buffer_needs_no_connection(
    hub: Hub, first: Start, second: Start, rows: list[str]
) -> None:
    upstream = Upstream.with_rows(9)
    watcher = watch(hub, upstream, first)
    await watcher.until(lambda: watcher.ids[-1:] == ["9"])
    late = watch(hub, upstream, second)
    await late.until(lambda: late.ids[-1:] == ["9"])
    upstream.finish()
    await late.end()
    assert late.ids == rows
    assert upstream.starts[:1] == [first]
    assert upstream.most_open == 1
    await watcher.end()


@pytest.mark.parametrize(
    ("first", "second", "rows"),
    [
        (Start("4"), Start(), numbers(1, 9)),
        (Start("4"), Start("2"), numbers(3, 9)),
        (Start("4"), Start(after=time_of(2)), numbers(2, 9)),
        (Start(after=time_of(4)), Start(), numbers(1, 9)),
        (Start(after=time_of(4)), Start(after=time_of(2)), numbers(2, 9)),
        (Start(after=time_of(4)), Start("1"), numbers(2, 9)),
    ],
)
@pytest.mark.parametrize("waits", [True, False], ids=["late", "together"])
async def test_a_viewer_from_before_the_buffer_catches_up_on_a_connection_of_its_own(
    hub: Hub, first: Start, second: Start, rows: list[str], waits: bool
) -> None:
    upstream = Upstream.with_rows(9)
    watcher = watch(hub, upstream, first)
    if waits:
        await watcher.until(lambda: watcher.ids[-1:] == ["9"])
    late = watch(hub, upstream, second)
    await late.until(lambda: late.ids[-1:] == ["9"])
    await until_open(upstream, 1)
    assert upstream.starts == [first, second]
    upstream.add(2)
    await late.until(lambda: late.ids[-1:] == ["11"])
    assert late.ids == [*rows, "10", "11"]
    upstream.finish()
    await late.end()
    await watcher.end()
    assert late.ids == [*rows, "10", "11"]


async def test_a_viewer_that_is_ahead_of_its_relay_waits_for_it(hub: Hub) -> None:
    # After a restart: the first to come back sets where the relay starts, the second had more rows.
    upstream = Upstream.with_rows(9, Plan(rows=2, error=BROKEN))
    first, second = watch(hub, upstream, Start("3")), watch(hub, upstream, Start("9"))
    await first.until(lambda: first.ids == numbers(4, 9))
    upstream.add(3)
    await second.until(lambda: second.ids[-1:] == ["12"])
    upstream.finish()
    await second.end()
    assert second.ids == numbers(10, 12)
    assert (await first.end(), first.ids) == (None, numbers(4, 12))


async def test_a_relay_that_waits_for_rows_that_never_come_starves_nobody(hub: Hub) -> None:
    # The first viewer’s id is from before upstream’s own restart, or made up.
    upstream = Upstream.with_rows(3)
    lost = watch(hub, upstream, Start("1000"))
    late = watch(hub, upstream)
    await late.until(lambda: late.ids == numbers(1, 3))
    await asyncio.sleep(2 * replays.QUIET_SECONDS)
    upstream.add(2)
    await late.until(lambda: late.ids == numbers(1, 5))
    upstream.finish()
    await late.end()
    await lost.end()
    assert (late.ids, lost.ids) == (numbers(1, 5), [])


async def test_a_viewer_that_falls_behind_the_buffer_catches_up(hub: Hub) -> None:
    upstream = Upstream.with_rows(2_500)
    slow, quick = Watcher(small_buffer(hub, upstream, 100), acknowledges=False), watch(hub, upstream)
    await quick.until(lambda: len(quick.ids) == 2_500)
    assert slow.ids == numbers(1, 1_000)
    slow.acknowledge()
    await slow.until(lambda: len(slow.ids) == 2_500)
    upstream.finish()
    for one in (slow, quick):
        await one.end()
        assert one.ids == numbers(1, 2_500)
    assert upstream.most_open == 2


async def test_a_relay_does_not_run_away_from_its_viewers(hub: Hub) -> None:
    # Rows that nobody can take yet stay with upstream: nobody has to catch up.
    upstream = Upstream.with_rows(5_000)
    watchers = [Watcher(small_buffer(hub, upstream, 100), acknowledges=False), watch(hub, upstream, acknowledges=False)]
    for one in watchers:
        await one.until(lambda one=one: len(one.ids) == 1_000)
    for _ in range(50):
        await asyncio.sleep(0)
    assert upstream.sent == 1_000 + 51
    for one in watchers:
        one.acknowledge()
    upstream.finish()
    for one in watchers:
        await one.end()
        assert one.ids == numbers(1, 5_000)
    assert upstream.most_open == 1


@pytest.mark.parametrize("start", [Start("20"), Start(after=time_of(21))])
async def test_rows_that_were_sent_again_while_catching_up_are_dropped(hub: Hub, start: Start) -> None:
    upstream, watcher = await settled(hub)
    upstream.plans = [Plan(rows=10, overlap=3), Plan(overlap=20)]
    late = watch(hub, upstream, start)
    await late.until(lambda: late.ids[-1:] == ["50"])
    assert late.ids == numbers(21, 50)
    for one in (watcher, late):
        one.task.cancel()


async def test_a_catching_up_that_is_cut_goes_on(hub: Hub) -> None:
    # What came before a cut is kept: each brings it further.
    cuts = [
        *[Plan(rows=3, error=BROKEN)] * viewers.ATTEMPTS,
        Plan(rows=10, error=BROKEN),
        Plan(refuse=BROKEN),
        Plan(rows=10),
        Plan(refuse=errors.ServerFault("Away.")),
    ]
    upstream, watcher = await settled(hub)
    upstream.plans = cuts
    late = watch(hub, upstream)
    await late.until(lambda: late.ids[-1:] == ["50"])
    assert (late.ids, late.gaps) == (numbers(1, 50), [])
    for one in (watcher, late):
        one.task.cancel()


@pytest.mark.parametrize(
    "refusals",
    [
        [Plan(refuse=errors.Invalid("last_event_id: too old", status=422))],
        [Plan(refuse=errors.NotFound("Unknown.", status=404))],
        [Plan(refuse=BROKEN)] * viewers.ATTEMPTS,
    ],
    ids=["invalid", "not found", "fails again and again"],
)
async def test_rows_that_cannot_be_replayed_are_a_gap(hub: Hub, refusals: list[Plan]) -> None:
    upstream, watcher = await settled(hub)
    upstream.plans = [*refusals]
    late = watch(hub, upstream, Start("20"))
    await late.until(lambda: late.ids[-1:] == ["50"])
    assert (late.gaps, late.ids) == (["20"], numbers(46, 50))
    upstream.add()
    await late.until(lambda: late.ids[-1:] == ["51"])
    for one in (watcher, late):
        one.task.cancel()


async def test_while_upstream_is_away_nothing_counts_as_lost(hub: Hub) -> None:
    upstream = Upstream.with_rows(9, *[Plan(refuse=BROKEN)] * 40)
    watchers = [watch(hub, upstream, start) for start in (Start("5"), Start(), Start("2"))]
    for watcher, first in zip(watchers, (6, 1, 3), strict=True):
        await watcher.until(lambda watcher=watcher: watcher.ids[-1:] == ["9"])
        assert (watcher.gaps, watcher.ids) == ([], numbers(first, 9))
        watcher.task.cancel()


async def test_an_error_event_while_catching_up_loses_nothing(hub: Hub) -> None:
    upstream, watcher = await settled(hub)
    upstream.plans = [Plan(rows=7, error=errors.UpstreamError("The Workflows API says: away"))]
    late = watch(hub, upstream)
    await late.until(lambda: late.ids[-1:] == ["50"])
    assert (late.gaps, late.ids) == ([], numbers(1, 50))
    for one in (watcher, late):
        one.task.cancel()


async def test_a_slow_start_of_catching_up_is_not_taken_for_its_end(hub: Hub) -> None:
    upstream, watcher = await settled(hub)
    quick = watcher.viewer._relay.source

    async def slow(start: Start, opened: Callable[[], None]):  # type: ignore[no-untyped-def]
        await asyncio.sleep(3 * replays.QUIET_SECONDS)
        async for event in quick.open(start, opened):
            yield event

    watcher.viewer._relay.source = replace(quick, open=slow)
    upstream.starts.clear()
    late = watch(hub, upstream)
    await late.until(lambda: late.ids[-1:] == ["50"])
    assert upstream.starts == [Start()]
    for one in (watcher, late):
        one.task.cancel()


async def test_catching_up_that_finds_nothing_gives_back_its_turn(hub: Hub) -> None:
    upstream = Upstream()
    first, late = watch(hub, upstream, Start(after=time_of(5))), watch(hub, upstream)
    async with asyncio.timeout(10):
        while len(upstream.starts) < 3:  # noqa: ASYNC110  (it looks again by itself)
            await asyncio.sleep(0.01)
    assert upstream.most_open == 2
    upstream.add(9)
    for watcher, number in ((first, 5), (late, 1)):
        await watcher.until(lambda watcher=watcher: watcher.ids[-1:] == ["9"])
        assert watcher.ids == numbers(number, 9)
        watcher.task.cancel()


async def test_rows_that_come_while_a_catching_up_that_found_nothing_ends_are_not_lost(hub: Hub) -> None:
    upstream = Upstream.with_rows(3)
    first, late = watch(hub, upstream, Start(after=time_of(4))), watch(hub, upstream)
    await late.until(lambda: late.ids == numbers(1, 3))
    await until_open(upstream, 1)
    relay = late.viewer._relay

    async def rows_and_the_end_come() -> None:
        upstream.on_close = None
        upstream.add(2)
        upstream.finish()
        while not relay.over:
            await relay.change.wait()

    upstream.on_close = rows_and_the_end_come
    await late.end()
    await first.end()
    assert (first.ids, late.ids) == (numbers(4, 5), numbers(1, 5))


async def until_open(upstream: Upstream, count: int) -> None:
    async with asyncio.timeout(10):
        while upstream.open_now != count:  # noqa: ASYNC110  (connections come and go unannounced)
            await asyncio.sleep(0.005)


async def test_what_an_ended_stream_is_slow_to_replay_is_waited_for(hub: Hub) -> None:
    upstream = Upstream.with_rows(1_200, over=True)
    slow, quick = Watcher(small_buffer(hub, upstream, 100), acknowledges=False), watch(hub, upstream)
    await quick.end()
    await until_open(upstream, 0)
    upstream.pause = 2 * replays.QUIET_SECONDS
    slow.acknowledge()
    await slow.end()
    assert slow.ids == quick.ids == numbers(1, 1_200)


async def test_no_connection_is_made_for_every_few_rows_that_are_acknowledged(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    upstream = Upstream.with_rows(3_000)
    first = Watcher(small_buffer(hub, upstream, 5))
    await first.until(lambda: first.ids[-1:] == ["3000"])
    monkeypatch.setattr(buffers, "BUFFER_ROWS", 2)
    monkeypatch.setattr(feeds, "HELD_ROWS", 0)
    late = watch(hub, upstream, acknowledges=False)
    await late.until(lambda: len(late.ids) == 1_000)
    await until_open(upstream, 1)
    upstream.starts.clear()
    for number in range(1, 500):
        late.viewer.acknowledge(str(number))
        await asyncio.sleep(0)
    assert upstream.starts == []
    # What the first connection had brought beyond the window is used before there is another.
    late.viewer.acknowledge("502")
    await late.until(lambda: len(late.ids) == 1_502)
    assert upstream.starts == [Start("1002")]
    for one in (first, late):
        one.task.cancel()


async def test_catching_up_waits_its_turn_and_gives_it_back(hub: Hub) -> None:
    upstream = Upstream.with_rows(500)
    first = Watcher(small_buffer(hub, upstream, 5))
    await first.until(lambda: first.ids[-1:] == ["500"])
    late = [watch(hub, upstream, Start(str(number))) for number in range(1, 9)]
    for number, watcher in enumerate(late, start=1):
        await watcher.until(lambda watcher=watcher: watcher.ids[-1:] == ["500"])
        assert watcher.ids == numbers(number + 1, 500)
    assert upstream.most_open == 3
    for one in (first, *late):
        one.task.cancel()


async def test_a_viewer_that_does_not_acknowledge_holds_no_turn(hub: Hub) -> None:
    upstream = Upstream.with_rows(3_000)
    first = Watcher(small_buffer(hub, upstream, 5))
    await first.until(lambda: first.ids[-1:] == ["3000"])
    stalled = [watch(hub, upstream, acknowledges=False) for _ in range(2)]
    for one in stalled:
        await one.until(lambda one=one: len(one.ids) == 1_000)
    late = watch(hub, upstream)
    await late.until(lambda: late.ids[-1:] == ["3000"])
    assert late.ids == numbers(1, 3_000)
    for one in (first, late, *stalled):
        one.task.cancel()


async def test_a_viewer_that_stalls_is_too_slow_and_the_others_never_notice(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(windows, "STALLED_SECONDS", 0.3)
    upstream = Upstream.with_rows(3_000)
    stalled, other = watch(hub, upstream, acknowledges=False), watch(hub, upstream)
    with pytest.raises(TooSlow):
        await stalled.end()
    assert stalled.ids == numbers(1, 1_000)
    await other.until(lambda: len(other.ids) == 3_000)
    again = watch(hub, upstream, Start(stalled.ids[-1]))
    await again.until(lambda: again.ids[-1:] == ["3000"])
    upstream.finish()
    for watcher in (other, again):
        await watcher.end()
    assert (other.ids, again.ids) == (numbers(1, 3_000), numbers(1_001, 3_000))


async def test_no_more_is_on_its_way_than_the_window_takes(hub: Hub) -> None:
    watcher = watch(hub, Upstream.with_rows(3_000), acknowledges=False)
    await watcher.until(lambda: len(watcher.ids) == 1_000)
    for _ in range(20):
        await asyncio.sleep(0)
    assert len(watcher.ids) == 1_000
    watcher.viewer.acknowledge("10")
    await watcher.until(lambda: len(watcher.ids) > 1_000)
    assert len(watcher.ids) == 1_010
    assert max(watcher.batches) == feeds.BATCH_ROWS
    watcher.task.cancel()


async def test_leaving_in_the_middle_of_catching_up_closes_its_connection_and_gives_back_its_turn(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buffers, "BUFFER_ROWS", 10)
    upstream = Upstream.with_rows(500)
    first = Watcher(small_buffer(hub, upstream, 5))
    await first.until(lambda: first.ids[-1:] == ["500"])
    for _ in range(3):
        messages = hub.join(KEY, upstream.source(), Start()).messages()
        state, rows = await anext(messages), await anext(messages)
        assert (state, rows.items[0].id, upstream.open_now) == (State("live"), "1", 2)
        await messages.aclose()
        await until_open(upstream, 1)
    first.task.cancel()


async def test_a_viewer_of_an_ended_relay_that_is_behind_its_buffer_still_gets_all(hub: Hub) -> None:
    upstream = Upstream.with_rows(1_200, over=True)
    watcher = Watcher(small_buffer(hub, upstream, 100), acknowledges=False)
    await watcher.until(lambda: len(watcher.ids) >= 200)
    watcher.acknowledges = True
    watcher.viewer.acknowledge(watcher.ids[-1])
    await watcher.end()
    assert (watcher.ids, watcher.gaps, watcher.names[-1]) == (numbers(1, 1_200), [], "ended")


overlaps = st.integers(0, 6)
plans = st.lists(
    st.one_of(
        st.just(Plan(refuse=BROKEN)),
        st.builds(Plan, rows=st.integers(0, 12), error=st.just(BROKEN), overlap=overlaps),
        # Closed in order: a cut only if it brought something new; with nothing it may be the end.
        st.builds(Plan, rows=st.integers(7, 12), overlap=overlaps),
        st.builds(Plan, overlap=overlaps),
    ),
    max_size=12,
)
starts = st.one_of(
    st.just(Start()),
    st.integers(1, 30).map(lambda number: Start(str(number))),
    st.integers(1, 30).map(lambda number: Start(after=time_of(number))),
)


@given(
    there=st.integers(0, 30),
    coming=st.integers(0, 30),
    plans=plans,
    viewers_at=st.lists(st.tuples(starts, st.integers(0, 30)), min_size=1, max_size=4),
    buffered=st.integers(2, 20),
    seed=st.integers(0, 10**6),
)
def test_whatever_is_cut_each_viewer_gets_each_row_once_and_in_order(  # noqa: PLR0917
    there: int, coming: int, plans: list[Plan], viewers_at: list[tuple[Start, int]], buffered: int, seed: int
) -> None:
    total = there + coming

    async def scenario() -> None:
        order = random.Random(seed)
        hub = Hub()
        # A viewer cannot have a row that there never was.
        begun = [(start, at) for start, at in viewers_at if int(start.last_id or 0) <= there]
        upstream = Upstream.with_rows(there, *plans)
        watchers: list[tuple[Start, Watcher]] = []
        joins = sorted(begun, key=lambda one: one[1])
        for step in range(coming + 1):
            while joins and (joins[0][1] <= step or step == coming):
                start, _ = joins.pop(0)
                viewer = hub.join(KEY, upstream.source(), start)
                if not watchers:
                    viewer._relay.buffer = Buffer(buffered)
                watchers.append((start, Watcher(viewer)))
            if step < coming:
                upstream.add()
            for _ in range(order.randrange(6)):
                await asyncio.sleep(0)
        upstream.finish()
        for start, watcher in watchers:
            await watcher.end()
            assert watcher.ids == numbers(upstream.place(start) + 1, total)
            assert watcher.gaps == []
        await hub.close()
        assert upstream.open_now == 0

    with pytest.MonkeyPatch.context() as patch:
        shorten(patch)
        patch.setattr(Watcher, "at_once", bool(seed % 2))
        patch.setattr(viewers, "ATTEMPTS", 100)
        for module in (relays, viewers):
            patch.setattr(module, "HELD_CUTS", 100)
        for module in (feeds, replays):
            patch.setattr(module, "HOLD_SECONDS", 0.02)
        asyncio.run(scenario())
