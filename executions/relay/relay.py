"""A relay: one upstream connection, resumed after cuts, and the rows that came through it."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from executions.relay.buffer import Buffer, Item, Status
from executions.upstream import errors
from executions.upstream.sse import ServerEvent

FIRST_WAIT, LONGEST_WAIT = 0.5, 15.0
"""Seconds before connecting again; doubled each time, and drawn at random up to that."""
RENDERED_AT_ONCE = 200

Open = Callable[[str], AsyncIterator[ServerEvent]]
"""Opens the stream after an event id; from its start for an empty one."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a relay gets its rows."""

    open: Open
    is_over: Callable[[], Awaitable[bool]]
    """Reads the execution again: whether a closed stream is the end, or only a cut. Raises UpstreamError."""
    render: Callable[[ServerEvent], str]


class Relay:
    """Runs from its first viewer until it is closed. Everything happens on one event loop."""

    def __init__(self, source: Source, start: str = "", *, first_wait: float = FIRST_WAIT) -> None:
        self.source = source
        self.buffer = Buffer()
        self.status = Status("reconnecting", "connecting")
        self.connections = 0
        """Upstream connections open now."""
        self._first_wait = first_wait
        self._last_id = start
        self._retry = 0.0
        self._change = asyncio.Event()
        self._task = asyncio.create_task(self._run())

    @property
    def over(self) -> bool:
        return self.status.state in {"ended", "failed"}

    async def changed(self) -> None:
        """Wait for the next row or status."""
        await self._change.wait()

    @property
    def change(self) -> asyncio.Event:
        """Set at the next row or status; take it before looking, so that nothing is missed."""
        return self._change

    def _notify(self) -> None:
        self._change.set()
        self._change = asyncio.Event()

    def _say(self, status: Status) -> None:
        if status != self.status:
            self.status = status
            self._notify()

    async def close(self) -> None:
        """Stop, and wait until the upstream connection is closed."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        wait = self._first_wait
        while True:
            before = self._last_id
            try:
                await self._read()
                if await self.source.is_over():
                    return self._say(Status("ended", "The execution is over."))
                detail = "The stream was cut; connecting again."
            except errors.NotFound as error:
                return self._say(Status("failed", str(error)))
            except (errors.Unauthorised, errors.Invalid, errors.InvalidId) as error:
                return self._say(Status("failed", str(error)))
            except errors.UpstreamError as error:
                detail = f"{error} Connecting again."
            self._say(Status("reconnecting", detail))
            wait = self._first_wait if self._last_id != before else min(wait * 2, LONGEST_WAIT)
            # Full jitter, so that relays do not all come back at the same moment.
            await asyncio.sleep(max(random.uniform(0, wait), self._retry))  # noqa: S311  (no secret)

    async def _read(self) -> None:
        self.connections += 1
        stream = self.source.open(self._last_id)
        waiting: list[ServerEvent] = []
        try:
            async for event in stream:
                if event.retry:
                    self._retry = event.retry / 1000
                if event.event == "error":
                    self._say(Status("reconnecting", event.data[:500]))
                    continue
                self._say(Status("live"))
                await self._take(event, waiting)
        finally:
            self.connections -= 1
            await stream.aclose()  # type: ignore[attr-defined]  # it is a generator
            del waiting

    async def _take(self, event: ServerEvent, waiting: list[ServerEvent]) -> None:
        # Upstream may send a row again after a resume.
        if event.id and event.id in self.buffer:
            return
        html = self.source.render(event)
        row_id = event.id or f"{self._last_id}+{self.buffer.end}"
        self.buffer.add(Item(row_id, html))
        if event.id:
            self._last_id = event.id
        self._notify()
