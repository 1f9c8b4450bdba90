import asyncio
import json
import logging
import time
from collections.abc import AsyncGenerator, Callable

import pytest

from executions.relay import buffer as buffers
from executions.relay import relay as relays
from executions.relay.connection import Source, Start, upstream_id
from executions.relay.messages import Item, State
from executions.relay.relay import Relay
from executions.upstream import errors
from executions.upstream.sse import ServerEvent
from tests.relay.scripted import BROKEN, FROM_THE_START, Plan, Upstream, numbers, render, time_of

ENDED = State("ended", "The execution is over: nothing more will come.")


def started(source: Source, start: Start) -> Relay:
    return Relay(source, start, asyncio.Semaphore(2))


async def states_until_over(relay: Relay) -> list[State]:
    states = [relay.state]
    async with asyncio.timeout(10):
        while not relay.over:
            await relay.change.wait()
            if relay.state != states[-1]:
                states.append(relay.state)
    return states


async def rows_until_over(upstream: Upstream | Source, start: Start = FROM_THE_START) -> list[str]:
    relay = started(upstream.source() if isinstance(upstream, Upstream) else upstream, start)
    await states_until_over(relay)
    return [item.id for item in relay.buffer.read(0, 10_000, 10**9)]


def limited(after: float) -> errors.RateLimited:
    error = errors.RateLimited("Too many requests were sent to the Workflows API.", status=429)
    error.retry_after = after
    return error


async def test_it_connects_reads_and_ends() -> None:
    upstream = Upstream.with_rows(3, over=True)
    relay = started(upstream.source(), Start())
    states = await states_until_over(relay)
    assert states == [State("reconnecting", "Connecting."), State("live"), ENDED]
    assert [item.id for item in relay.buffer.read(0, 100, 1000)] == ["1", "2", "3"]
    assert (upstream.open_now, upstream.most_open) == (0, 1)


async def test_it_resumes_after_cuts_where_it_was() -> None:
    upstream = Upstream.with_rows(
        100, Plan(rows=30), Plan(rows=20, error=BROKEN, overlap=5), Plan(refuse=BROKEN), Plan(overlap=50), over=True
    )
    start = Start(after=time_of(1))
    assert await rows_until_over(upstream, start) == numbers(1, 100)
    assert upstream.starts[:4] == [start, *(Start(last_id, start.after) for last_id in ("30", "45", "45"))]
    assert upstream.most_open == 1


async def test_a_running_execution_whose_stream_closes_is_connected_again() -> None:
    upstream = Upstream.with_rows(3, Plan(rows=3))
    relay = started(upstream.source(), Start())
    async with asyncio.timeout(10):
        while len(upstream.starts) < 2 or relay.state.name != "live":
            await relay.change.wait()
    upstream.add(2)
    upstream.finish()
    await states_until_over(relay)
    assert [item.id for item in relay.buffer.read(0, 100, 1000)] == numbers(1, 5)
    assert upstream.starts[1] == Start("3")


async def test_a_cut_says_that_it_connects_again() -> None:
    upstream = Upstream.with_rows(2, Plan(rows=1), Plan(rows=0, error=BROKEN))
    relay = started(upstream.source(), Start())
    seen = []
    async with asyncio.timeout(10):
        while relay.buffer.end < 2:
            await relay.change.wait()
            if relay.state.name == "reconnecting" and relay.state not in seen:
                seen.append(relay.state)
    assert seen == [
        State("reconnecting", "The connection to the Workflows API was cut; connecting again."),
        State("reconnecting", "The Workflows API’s stream broke. Connecting again."),
    ]
    await relay.close()


@pytest.mark.parametrize("kept", [0, 3])
async def test_a_stream_cut_in_order_after_its_execution_ended_loses_nothing(kept: int) -> None:
    upstream = Upstream.with_rows(10, Plan(rows=kept), Plan(rows=4), over=True)
    assert await rows_until_over(upstream) == numbers(1, 10)


async def test_an_ended_execution_whose_stream_is_refused_the_second_time_has_ended() -> None:
    gone = errors.NotFound("The Workflows API does not know this.", status=404)
    upstream = Upstream.with_rows(2, Plan(), Plan(refuse=gone), over=True)
    relay = started(upstream.source(), Start())
    assert (await states_until_over(relay))[-1] == ENDED


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (errors.NotFound("Unknown.", status=404, code="WF_1100"), State("failed", "Unknown. (WF_1100)", missing=True)),
        (errors.Unauthorised("Not accepted.", status=401), State("failed", "Not accepted.")),
        (errors.Invalid("run_id: not a UUID", status=422), State("failed", "run_id: not a UUID")),
        (errors.Refused("Refused (400).", status=400), State("failed", "Refused (400).")),
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("place", ["stream", "execution"])
async def test_what_asking_again_would_not_change_is_a_failure(
    error: errors.UpstreamError, state: State, place: str
) -> None:
    upstream = Upstream.with_rows(1, Plan(refuse=error) if place == "stream" else Plan(rows=1))

    async def is_over() -> bool:
        raise error

    relay = started(Source(upstream.source().open, is_over, render), Start())
    assert (await states_until_over(relay))[-1] == state
    assert len(upstream.starts) == 1


@pytest.mark.parametrize(
    "error",
    [
        BROKEN,
        errors.Timeout("The stream went silent."),
        errors.ServerFault("An error occurred", status=503),
        errors.BrokenAnswer("Not a stream."),
        errors.Refused("Refused (408).", status=408),
        limited(0),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_what_may_pass_is_tried_again(error: errors.UpstreamError) -> None:
    upstream = Upstream.with_rows(2, Plan(refuse=error), Plan(rows=1, error=error), over=True)
    assert await rows_until_over(upstream) == ["1", "2"]


async def test_an_answer_that_may_pass_does_not_make_it_forget_where_it_starts() -> None:
    upstream = Upstream.with_rows(9, Plan(refuse=limited(0)), Plan(refuse=errors.Refused("408", status=408)), over=True)
    assert await rows_until_over(upstream, Start("5")) == numbers(6, 9)
    assert {*upstream.starts[:3]} == {Start("5")}


async def test_a_run_that_starts_between_two_connections_is_not_missed() -> None:
    upstream = Upstream.with_rows(
        2, Plan(), Plan(refuse=errors.ServerFault("Away.", status=503)), Plan(rows=0), over=True
    )
    relay = started(upstream.source(), Start())
    async with asyncio.timeout(10):
        while "Away" not in relay.state.detail:
            await relay.change.wait()
    upstream.over = False
    async with asyncio.timeout(10):
        while relay.state != State("live") or len(upstream.starts) < 4:
            await relay.change.wait()
    upstream.add()
    upstream.finish()
    await states_until_over(relay)
    assert [item.id for item in relay.buffer.read(0, 100, 1000)] == ["1", "2", "3"]


async def test_it_waits_longer_after_each_failure_and_less_again_after_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    limits: list[float] = []
    monkeypatch.setattr(relays, "FIRST_WAIT", 0.5)
    monkeypatch.setattr(relays, "LONGEST_WAIT", 15.0)
    monkeypatch.setattr(relays.random, "uniform", lambda least, most: limits.append(most) or 0.0)
    failures = [Plan(refuse=BROKEN) for _ in range(7)]
    upstream = Upstream.with_rows(3, *failures, Plan(rows=1), *failures[:2], over=False)
    relay = started(upstream.source(), Start())
    async with asyncio.timeout(10):
        while relay.buffer.end < 3:
            await relay.change.wait()
    await relay.close()
    assert limits == [0.5, 1, 2, 4, 8, 15, 15, 0.5, 1, 2]


@pytest.mark.parametrize("asked", ["retry", "retry_after"])
async def test_it_waits_as_long_as_upstream_asks(asked: str) -> None:
    upstream = Upstream.with_rows(2, Plan(rows=1, error=BROKEN if asked == "retry" else limited(0.08)))
    if asked == "retry":
        upstream.rows[0] = ServerEvent("1", "log", "row 1", retry=80)
    relay = started(upstream.source(), Start())
    moments = []
    async with asyncio.timeout(10):
        while relay.buffer.end < 2:
            await relay.change.wait()
            moments.append(asyncio.get_running_loop().time())
    assert moments[-1] - moments[0] >= 0.08
    await relay.close()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ('{"error": "backend unavailable", "reason": "no space"}', "backend unavailable: no space"),
        ('{"error": "backend unavailable", "reason": null}', "backend unavailable"),
        ('{"message": "else"}', '{"message": "else"}'),
        ("[1, 2]", "[1, 2]"),
        ("plain words", "plain words"),
        ("\x1b[31mred\x07\u202e", "red"),
        ("[" * 2_000, "[" * 500),
        (json.dumps({"error": "x" * 10_000}), "x" * 500),
    ],
)
async def test_an_error_event_is_told_in_upstreams_words(data: str, words: str) -> None:
    upstream = Upstream.with_rows(1)
    upstream.rows.append(ServerEvent("", "error", data))
    relay = started(upstream.source(), Start())
    async with asyncio.timeout(10):
        while relay.state.name != "reconnecting" or relay.buffer.end == 0:
            await relay.change.wait()
    assert relay.state == State("reconnecting", f"The Workflows API says: {words} Connecting again.")
    assert relay.buffer.end == 1
    assert upstream.looks == 0
    await relay.close()


def script(*connections: list[ServerEvent]) -> tuple[Source, list[Start]]:
    """A source whose connections bring just these events; it is over after them."""
    left, starts = list(connections), []

    async def stream(start: Start, opened: Callable[[], None]) -> AsyncGenerator[ServerEvent, None]:
        starts.append(start)
        opened()
        for event in left.pop(0) if left else []:
            yield event

    async def is_over() -> bool:
        return not left

    return Source(stream, is_over, render), starts


def log(row_id: str, data: str) -> ServerEvent:
    return ServerEvent(row_id, "log", data)


async def test_rows_without_an_id_are_kept_in_their_place_and_told_again_after_a_cut() -> None:
    before, first, second = log("7", "seven"), log("", "first"), log("", "second")
    source, starts = script([before, first, second], [first, second, log("", "third"), log("8", "eight")])
    rows = await rows_until_over(source)
    assert [upstream_id(row_id) for row_id in rows] == ["7", "7", "7", "7", "8"]
    assert len(set(rows)) == 5
    assert [start.last_id for start in starts] == ["", "7", "8"]


async def test_a_stream_without_any_ids_is_resumed_from_its_start() -> None:
    first, second, third = (log("", text) for text in ("first", "second", "third"))
    source, starts = script([first, second], [first, second, third])
    assert len(await rows_until_over(source)) == 3
    assert [start.last_id for start in starts] == ["", "", ""]


async def test_the_same_row_twice_in_a_row_is_one() -> None:
    # The second has an id that the stream’s reader does not tell from one that was inherited.
    source, _ = script([log("1", "one"), log("", "one"), log("2", "two"), log("1", "one"), log("2", "two")])
    assert await rows_until_over(source) == ["1", "2"]


async def test_a_relay_that_starts_after_a_row_leaves_that_row_out() -> None:
    source, starts = script([log("5", "five"), log("6", "six")])
    assert await rows_until_over(source, Start("5")) == ["6"]
    assert starts[0] == Start("5")


async def test_a_relay_that_starts_after_a_row_leaves_out_what_is_sent_again_before_it() -> None:
    upstream = Upstream.with_rows(9, Plan(overlap=4), over=True)
    assert await rows_until_over(upstream, Start("5")) == numbers(6, 9)


async def test_rows_after_the_start_are_held_back_for_a_moment_only() -> None:
    upstream = Upstream.with_rows(9)
    relay = started(upstream.source(), Start("5"))
    async with asyncio.timeout(10):
        while relay.buffer.end < 4:
            await relay.change.wait()
    assert [item.id for item in relay.buffer.read(0, 100, 1000)] == numbers(6, 9)
    await relay.close()


async def test_rows_that_are_held_back_at_a_cut_come_again() -> None:
    # They may have been from before the start: sent again, and cut before the row at the start.
    upstream = Upstream.with_rows(9, Plan(rows=2, overlap=3, error=BROKEN), over=True)
    assert await rows_until_over(upstream, Start("5")) == numbers(6, 9)
    assert upstream.starts[1] == Start("5")


async def test_where_each_connection_is_cut_at_once_its_rows_are_kept_in_the_end() -> None:
    upstream = Upstream.with_rows(9, *[Plan(rows=2, error=BROKEN)] * 3, over=True)
    assert await rows_until_over(upstream, Start("5")) == numbers(6, 9)
    assert upstream.starts[:3] == [Start("5"), Start("5"), Start("7")]


async def test_a_relay_that_starts_after_a_row_without_id_asks_for_the_id_before() -> None:
    source, _ = script([log("5", "five"), log("", "nameless")])
    nameless = (await rows_until_over(source))[1]
    source, starts = script([log("", "nameless"), log("6", "six")])
    assert await rows_until_over(source, Start(nameless)) == ["6"]
    assert starts[0] == Start("5")


@pytest.mark.parametrize("row_id", ["", "5", "a~b", "a~0123", "~", "a~" + "g" * 16, "a~" + "0" * 17])
def test_an_id_of_upstreams_stays_as_it_is(row_id: str) -> None:
    assert upstream_id(row_id) == row_id


async def test_a_row_that_cannot_be_rendered_fails_the_relay_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    def broken(event: ServerEvent) -> Item:
        raise ZeroDivisionError("a bug of ours")

    upstream = Upstream.with_rows(1)
    relay = started(upstream.source(broken), Start())
    states = await states_until_over(relay)
    assert states[-1] == State("failed", "The console could not read this stream; the error is in the server’s log.")
    assert [(record.name, record.levelno) for record in caplog.records] == [("executions.relay.relay", logging.ERROR)]
    assert "a bug of ours" in caplog.text
    assert upstream.open_now == 0


async def test_a_burst_does_not_hold_up_the_event_loop() -> None:
    def slow(event: ServerEvent) -> Item:
        time.sleep(0.001)
        return render(event)

    # What came in one piece is given on without any waiting.
    source, _ = script([log(number, "x") for number in numbers(1, 200)])
    relay = started(Source(source.open, source.is_over, slow), Start())
    turns = 0
    while relay.buffer.end < 200:
        await asyncio.sleep(0)
        turns += 1
    # 0.2 s of work at the least, and a turn for others after each 0.01 s.
    assert turns >= 10
    await relay.close()


@pytest.mark.parametrize("rows", [0, 3])
async def test_what_is_too_large_is_tried_twice_and_then_said(rows: int) -> None:
    large = errors.TooLarge("Too large.")
    upstream = Upstream.with_rows(9, Plan(rows=rows, error=large), Plan(rows=0, error=large))
    relay = started(upstream.source(), Start())
    states = await states_until_over(relay)
    where = f"after {rows}" if rows else "at its start"
    assert states[-1] == State("failed", f"Too large. It is {where}; what follows it cannot be shown live.")
    assert [item.id for item in relay.buffer.read(0, 100, 1000)] == numbers(1, rows)
    assert len(upstream.starts) == 2


async def test_what_is_too_large_now_and_then_is_no_failure() -> None:
    large = errors.TooLarge("Too large.")
    upstream = Upstream.with_rows(9, *(Plan(rows=2, error=large) for _ in range(4)), over=True)
    assert await rows_until_over(upstream) == numbers(1, 9)


@pytest.mark.parametrize("again", [40, 10, 9])
async def test_a_stream_that_starts_again_long_after_shows_nothing_twice(
    monkeypatch: pytest.MonkeyPatch, again: int
) -> None:
    # Its first rows are forgotten by then, but for the very first.
    monkeypatch.setattr(buffers, "REMEMBERED_IDS", 10)
    upstream = Upstream.with_rows(45, Plan(rows=40, error=BROKEN), Plan(overlap=again), Plan(overlap=45), over=True)
    assert await rows_until_over(upstream) == numbers(1, 45)


async def test_closing_closes_the_connection_and_leaves_no_task() -> None:
    before = asyncio.all_tasks()
    upstream = Upstream.with_rows(3)
    relay = started(upstream.source(), Start())
    async with asyncio.timeout(10):
        while relay.buffer.end < 3:
            await relay.change.wait()
    assert (relay.connections, upstream.open_now) == (1, 1)
    await relay.close()
    assert (relay.connections, upstream.open_now) == (0, 0)
    assert asyncio.all_tasks() == before


async def test_closing_in_the_middle_of_a_wait_leaves_no_task(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relays, "FIRST_WAIT", 1_000.0)
    before = asyncio.all_tasks()
    relay = started(Upstream.with_rows(0, Plan(refuse=BROKEN)).source(), Start())
    await relay.change.wait()
    await relay.close()
    assert asyncio.all_tasks() == before
