"""Knowing when executions end. No event says so of one that was terminated or timed out, so the engine is asked."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHistoryEventFilterType
from temporalio.service import RPCError

from console.sandbox import promises

MOST_WATCHES = 500
"""Executions watched at once."""


@dataclass
class Watch:
    """An execution that somebody streams."""

    over: bool = False
    streams: int = 0
    task: asyncio.Task[None] | None = None


class Watchers:
    """One long poll for each execution that is streamed, shared by its streams. `wake` is called at each end."""

    def __init__(self, client: Client, wake: Callable[[str], None]) -> None:
        self._client = client
        self._wake = wake
        self._open: dict[str, Watch] = {}

    def check_room(self) -> None:
        """Raises ApiError when too many are watched."""
        if len(self._open) >= MOST_WATCHES:
            raise promises.ApiError(503, "Too many executions are streamed", "WF_1400")

    @contextlib.contextmanager
    def watching(self, execution_id: str) -> Iterator[Watch]:
        """Watch an execution as long as somebody streams it."""
        watch = self._open.get(execution_id)
        if watch is None:
            watch = self._open[execution_id] = Watch()
            watch.task = asyncio.create_task(self._look(execution_id, watch))
        watch.streams += 1
        try:
            yield watch
        finally:
            watch.streams -= 1
            if not watch.streams:
                self._forget(execution_id, watch)
                if watch.task:
                    watch.task.cancel()

    def close(self) -> None:
        """End every stream."""
        for execution_id, watch in list(self._open.items()):
            self._end(execution_id, watch)

    async def _look(self, execution_id: str, watch: Watch) -> None:
        try:
            while True:
                run = await self._client.get_workflow_handle(execution_id).describe()
                if run.status != WorkflowExecutionStatus.RUNNING:
                    break
                # A reset and going on as new close a run, too: then the execution has another.
                await self._closed(execution_id, run.run_id)
        except RPCError:
            # Nobody can tell: whoever reads the stream will look at the execution again.
            pass
        self._end(execution_id, watch)

    async def _closed(self, execution_id: str, engine_run_id: str) -> None:
        handle = self._client.get_workflow_handle(execution_id, run_id=engine_run_id)
        events = handle.fetch_history_events(
            wait_new_event=True, event_filter_type=WorkflowHistoryEventFilterType.CLOSE_EVENT
        )
        async for _ in events:
            return

    def _end(self, execution_id: str, watch: Watch) -> None:
        watch.over = True
        self._forget(execution_id, watch)
        self._wake(execution_id)

    def _forget(self, execution_id: str, watch: Watch) -> None:
        if self._open.get(execution_id) is watch:
            del self._open[execution_id]
