"""A relay: one upstream connection, resumed after cuts, and the rows that came through it."""

import asyncio
import json
import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from executions.relay.buffer import Buffer, Item
from executions.upstream import errors
from executions.upstream.sse import ServerEvent

FIRST_WAIT, LONGEST_WAIT = 0.5, 15.0
"""Seconds before connecting again: drawn at random up to a limit that doubles with each failure."""
ROWS_IN_A_ROW = 50
"""After so many rows the event loop gets its turn."""
WORDS_LIMIT = 500

StateName = Literal["live", "reconnecting", "ended", "failed"]


@dataclass(frozen=True, slots=True)
class State:
    """What the upstream stream is doing, in words a person understands."""

    name: StateName
    detail: str = ""
    missing: bool = False
    """Failed, because there is no such execution."""


@dataclass(frozen=True, slots=True)
class Start:
    """Where a stream starts: after an id; without one, at a time; without either, at its first row."""

    last_id: str = ""
    after: datetime | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """Where a relay gets its rows."""

    open: Callable[[Start, Callable[[], None]], AsyncGenerator[ServerEvent, None]]
    """Opens the stream at a start; calls the second argument once upstream has accepted."""
    is_over: Callable[[], Awaitable[bool]]
    """Reads the execution again: whether a stream that closed has ended, or was only cut. Raises UpstreamError."""
    render: Callable[[ServerEvent], Item]


class Relay:
    """Runs from its making until it is closed."""

    def __init__(self, source: Source, start: Start, *, first_wait: float = FIRST_WAIT) -> None:
        self.source = source
        self.start = start
        self.buffer = Buffer()
        self.state = State("reconnecting", "Connecting.")
        self.connections = 0
        """Upstream connections open now."""
        self.change = asyncio.Event()
        """Set at the next row or state, and replaced by a new one: take it before looking, and nothing is missed."""
        self._first_wait = first_wait
        self._last_id = start.last_id
        self._retry = 0.0
        self._task = asyncio.create_task(self._run())

    @property
    def over(self) -> bool:
        return self.state.name in {"ended", "failed"}

    async def close(self) -> None:
        """Stop, and wait until the upstream connection is closed."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    def _notify(self) -> None:
        self.change.set()
        self.change = asyncio.Event()

    def _say(self, name: StateName, detail: str = "", *, missing: bool = False) -> None:
        state = State(name, detail, missing)
        if state != self.state:
            self.state = state
            self._notify()

    async def _run(self) -> None:
        wait = self._first_wait
        while True:
            before = self._last_id
            try:
                words = await self._read()
                if not words and await self.source.is_over():
                    return self._say("ended", "The execution is over: nothing more will come.")
                detail = words or "The connection to the Workflows API was cut; connecting again."
            except (errors.NotFound, errors.Unauthorised, errors.Invalid) as error:
                return self._say("failed", str(error), missing=isinstance(error, errors.NotFound))
            except errors.UpstreamError as error:
                detail = f"{error} Connecting again."
            except Exception:
                self._say("failed", "The console could not read this stream; the error is in the server’s log.")
                raise
            self._say("reconnecting", detail)
            wait = self._first_wait if self._last_id != before else min(wait * 2, LONGEST_WAIT)
            # Relays that were cut together must not all come back together.
            await asyncio.sleep(max(random.uniform(0, wait), self._retry))  # noqa: S311  (no secret)

    async def _read(self) -> str:
        """One connection, to its end. Returns the words of upstream's own `error` event, if it sent one."""
        self.connections += 1
        stream = self.source.open(Start(self._last_id, self.start.after), lambda: self._say("live"))
        taken = 0
        try:
            async for event in stream:
                if event.retry:
                    self._retry = event.retry / 1000
                if event.event == "error":
                    return _words(event.data)
                self._take(event)
                taken += 1
                if taken % ROWS_IN_A_ROW == 0:
                    await asyncio.sleep(0)
        finally:
            self.connections -= 1
            await stream.aclose()
        return ""

    def _take(self, event: ServerEvent) -> None:
        # Upstream may send a row again after a resume.
        if not event.id or event.id not in self.buffer:
            item = self.source.render(event)
            self.buffer.add(item if item.id else Item(f"{self._last_id}+{self.buffer.end}", item.html, item.time))
            self._last_id = event.id or self._last_id
            self._notify()


def _words(data: str) -> str:
    """What an `error` event says: `{"error": …, "reason": …}`, or its text as it is."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        value = data
    if isinstance(value, dict):
        value = ": ".join(str(value[name]) for name in ("error", "reason") if value.get(name))
    return f"The Workflows API says: {errors.clean(value or data)[:WORDS_LIMIT]}"
