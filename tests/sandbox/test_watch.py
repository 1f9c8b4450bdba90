"""Who watches for the ends of executions, and what a stream does meanwhile.

On an engine that says what the test wants: its moments cannot be had otherwise.
"""

import asyncio
import itertools
from collections import defaultdict
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from temporalio.client import WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from console.sandbox.http import engine_room, streams, watch
from console.sandbox.http.engine_room import EngineRoom
from console.sandbox.promises import ApiError
from console.sandbox.telemetry import Feed, Row, Telemetry

PATIENCE = 10


class Engine:
    """Stands in for the engine's client: executions with runs, each closed by an event."""

    def __init__(self) -> None:
        self.status = defaultdict(lambda: WorkflowExecutionStatus.RUNNING)
        self.closed: dict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self.polls = 0
        self.run_id = "run-1"
        self.error: RPCError | None = None

    def get_workflow_handle(self, execution_id: str, run_id: str | None = None) -> Any:
        async def describe() -> Any:
            if self.error:
                raise self.error
            return SimpleNamespace(id=execution_id, status=self.status[execution_id], run_id=run_id or self.run_id)

        def fetch_history_events(**_: Any) -> AsyncIterator[str]:
            async def events() -> AsyncIterator[str]:
                self.polls += 1
                await self.closed[run_id or ""].wait()
                yield "closed"

            return events()

        return SimpleNamespace(describe=describe, fetch_history_events=fetch_history_events)


class Ends(list[str]):
    """The executions that were said to be over."""

    def __init__(self) -> None:
        super().__init__()
        self.changed = asyncio.Event()

    def __call__(self, execution_id: str) -> None:
        self.append(execution_id)
        self.changed.set()

    async def happened(self) -> None:
        await asyncio.wait_for(self.changed.wait(), PATIENCE)


async def settle() -> None:
    """Let the tasks run until they wait."""
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
def ends() -> Ends:
    return Ends()


@pytest.fixture
def watchers(engine: Engine, ends: Ends) -> watch.Watchers:
    return watch.Watchers(engine, ends)  # type: ignore[arg-type]


async def test_streams_of_an_execution_share_one_poll(watchers: watch.Watchers, engine: Engine, ends: Ends) -> None:
    with watchers.watching("kyc-1") as first, watchers.watching("kyc-1") as second:
        await settle()
        assert engine.polls == 1
        engine.status["kyc-1"] = WorkflowExecutionStatus.TERMINATED
        engine.closed["run-1"].set()
        await ends.happened()
        assert first is second
        assert first.over
    assert ends == ["kyc-1"]


async def test_a_poll_ends_with_its_last_stream(watchers: watch.Watchers, engine: Engine) -> None:
    with watchers.watching("kyc-1") as watching:
        with watchers.watching("kyc-1"):
            await settle()
        assert watching.task
        assert not watching.task.done()
    await settle()
    assert watching.task.cancelled()


async def test_a_reset_or_going_on_as_new_is_no_end(watchers: watch.Watchers, engine: Engine, ends: Ends) -> None:
    with watchers.watching("kyc-1") as watching:
        await settle()
        engine.run_id = "run-2"
        engine.closed["run-1"].set()
        await settle()
        assert (engine.polls, watching.over, ends) == (2, False, [])


async def test_a_closed_execution_is_over_at_once(watchers: watch.Watchers, engine: Engine, ends: Ends) -> None:
    engine.status["kyc-1"] = WorkflowExecutionStatus.COMPLETED
    with watchers.watching("kyc-1") as watching:
        await ends.happened()
        assert (engine.polls, watching.over) == (0, True)


async def test_an_execution_that_runs_again_is_watched_anew(
    watchers: watch.Watchers, engine: Engine, ends: Ends
) -> None:
    engine.status["kyc-1"] = WorkflowExecutionStatus.FAILED
    with watchers.watching("kyc-1") as ended:
        await ends.happened()
        engine.status["kyc-1"] = WorkflowExecutionStatus.RUNNING
        with watchers.watching("kyc-1") as again:
            await settle()
            assert (ended.over, again.over) == (True, False)


async def test_an_engine_that_cannot_be_asked_ends_the_streams(
    watchers: watch.Watchers, engine: Engine, ends: Ends
) -> None:
    engine.error = RPCError("gone", RPCStatusCode.UNAVAILABLE, b"")
    with watchers.watching("kyc-1") as watching:
        await ends.happened()
        assert watching.over


async def test_closing_ends_every_stream(watchers: watch.Watchers, ends: Ends) -> None:
    with watchers.watching("kyc-1") as first, watchers.watching("kyc-2") as second:
        watchers.close()
        assert (first.over, second.over, ends) == (True, True, ["kyc-1", "kyc-2"])


async def test_watches_are_bounded(watchers: watch.Watchers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "MOST_WATCHES", 1)
    with watchers.watching("kyc-1"):
        with pytest.raises(ApiError) as caught:
            watchers.check_room()
        assert (caught.value.http_status, caught.value.body["code"]) == (503, "WF_1400")
    watchers.check_room()


async def test_a_stream_beats_when_it_has_nothing_to_send(
    watchers: watch.Watchers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "HEARTBEAT_SECONDS", 0.05)
    feed, here = Feed(), SimpleNamespace(watchers=watchers)

    def message(row: Row) -> Any:
        return ("log", {}) if row.sequence == 1000 else None

    async def add_what_was_not_asked_for() -> None:
        for sequence in itertools.count(1):
            feed.add(Row(sequence, {}))
            await asyncio.sleep(0.005)

    texts = streams._stream(here, "kyc-1", feed, 0, message).body_iterator  # type: ignore[arg-type, attr-defined]
    assert await anext(texts) == ": connected\n\n"
    adding = asyncio.create_task(add_what_was_not_asked_for())
    assert await asyncio.wait_for(anext(texts), PATIENCE) == ": heartbeat\n\n"
    adding.cancel()
    feed.add(Row(1000, {}))
    assert await anext(texts) == "id: 1000\nevent: log\ndata: {}\n\n"
    watchers.close()
    feed.wake()
    assert [text async for text in texts] == []


@pytest.mark.parametrize(
    ("error", "status", "body"),
    [
        (
            RPCError("workflow execution already completed", RPCStatusCode.NOT_FOUND, b""),
            409,
            {"detail": "Workflow execution is not running: TIMED_OUT", "code": "WF_1102", "status": "TIMED_OUT"},
        ),
        (
            RPCError("workflow not found", RPCStatusCode.NOT_FOUND, b""),
            404,
            {"detail": "Workflow execution kyc-1 not found", "code": "WF_1100"},
        ),
        (RPCError("bad id", RPCStatusCode.INVALID_ARGUMENT, b""), 422, {"detail": "bad id", "code": "WF_1001"}),
        (
            RPCError("slow", RPCStatusCode.DEADLINE_EXCEEDED, b""),
            504,
            {"detail": "An error occurred", "code": "WF_1103"},
        ),
        (RPCError("broken", RPCStatusCode.INTERNAL, b""), 500, {"detail": "An error occurred", "code": "WF_1103"}),
    ],
)
async def test_the_engines_refusals_in_the_apis_words(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, error: RPCError, status: int, body: dict[str, Any]
) -> None:
    monkeypatch.setattr(engine_room.promises, "run_id", str)
    engine.status["kyc-1"] = WorkflowExecutionStatus.TIMED_OUT
    here = EngineRoom(engine, Telemetry(asyncio.get_running_loop()))  # type: ignore[arg-type]
    with pytest.raises(ApiError) as caught:
        async with here.refusals("kyc-1"):
            raise error
    assert (caught.value.http_status, caught.value.body) == (status, body)
