"""One viewer's place in a stream: what it was sent, what it acknowledged, what it still lacks."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass

from executions.relay.buffer import Item
from executions.relay.relay import Relay, Start, State
from executions.upstream import errors
from executions.upstream.sse import ServerEvent

WINDOW_ROWS, WINDOW_SIZE = 1_000, 1024 * 1024
"""Rows, and characters of them, that may be on their way without an acknowledgement."""
BATCH_ROWS = 200
SHORTEST_PAUSE, LONGEST_PAUSE = 0.05, 0.2
"""Seconds in which rows are collected before the next batch: longer, the more there are."""
STALLED_SECONDS = 10.0
"""How long a viewer's window may stay full."""
QUIET_SECONDS = 2.0
"""A catching-up connection that brings nothing for so long has brought all there is."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Rows after this id can no longer be replayed."""

    after: str


Message = State | Gap | list[Item]


class TooSlow(Exception):
    """The viewer did not acknowledge for too long."""


class Window:
    """What a viewer has not acknowledged yet."""

    def __init__(self) -> None:
        self._sent: deque[Item] = deque()
        self._size = 0
        self._room = asyncio.Event()

    @property
    def left(self) -> tuple[int, int]:
        """Rows and characters that still fit."""
        return WINDOW_ROWS - len(self._sent), WINDOW_SIZE - self._size

    def sent(self, items: list[Item]) -> None:
        self._sent.extend(items)
        self._size += sum(item.size for item in items)

    def acknowledge(self, row_id: str) -> None:
        """The viewer has this row and all before it; an id that is not on its way changes nothing."""
        if not any(item.id == row_id for item in self._sent):
            return
        while (item := self._sent.popleft()).id != row_id:
            self._size -= item.size
        self._size -= item.size
        self._room.set()

    async def room(self) -> tuple[int, int]:
        """Wait until something fits. Raises TooSlow."""
        while min(self.left) <= 0:
            self._room.clear()
            try:
                async with asyncio.timeout(STALLED_SECONDS):
                    await self._room.wait()
            except TimeoutError:
                raise TooSlow from None
        return self.left


class Viewer:
    """Iterate over `messages`, `acknowledge` what arrived, `leave` at the end."""

    def __init__(self, relay: Relay, start: Start, catch_ups: asyncio.Semaphore, leave: Callable[[], None]) -> None:
        self._relay, self._after, self._last_id = relay, start.after, start.last_id
        self._catch_ups = catch_ups
        self._leave: Callable[[], None] | None = leave
        self._window = Window()

    def acknowledge(self, row_id: str) -> None:
        """The viewer has everything up to this row."""
        self._window.acknowledge(row_id)

    def leave(self) -> None:
        if self._leave:
            self._leave()
            self._leave = None

    async def messages(self) -> AsyncGenerator[Message, None]:
        """First the state, then rows and changes of state, until the stream is over. Raises TooSlow."""
        relay = self._relay
        told = relay.state
        yield told
        position = self._place()
        while True:
            if position is None or position < relay.buffer.first:
                async for message in self._catch_up():
                    yield message
                position = self._place_after_catching_up()
            change = relay.change
            rows, size = await self._window.room()
            items = relay.buffer.read(position, min(rows, BATCH_ROWS), size)
            position += len(items)
            wanted = [item for item in items if not self._is_before(item)]
            if wanted:
                yield self._send(wanted)
                await asyncio.sleep(SHORTEST_PAUSE + (LONGEST_PAUSE - SHORTEST_PAUSE) * len(wanted) / BATCH_ROWS)
            elif items:
                await asyncio.sleep(0)
            elif relay.state != told:
                told = relay.state
                yield told
            elif relay.over:
                return
            else:
                await change.wait()

    def _is_before(self, item: Item) -> bool:
        return bool(self._after and item.time and item.time < self._after)

    def _send(self, items: list[Item]) -> list[Item]:
        self._window.sent(items)
        self._last_id = items[-1].id
        return items

    def _place(self) -> int | None:
        """The position in the relay's buffer to start from; None if it begins too late for this viewer."""
        buffer, start = self._relay.buffer, self._relay.start
        if self._last_id and (held := buffer.position_after(self._last_id)) is not None:
            return held
        if buffer.first > 0 or self._last_id != start.last_id:
            return None
        same_start = start.after is None or (self._after is not None and self._after >= start.after)
        return 0 if self._last_id or same_start else None

    def _place_after_catching_up(self) -> int:
        held = self._relay.buffer.position_after(self._last_id)
        return self._relay.buffer.first if held is None else held

    async def _catch_up(self) -> AsyncGenerator[Message, None]:
        """Rows from before the buffer, through a short connection of the viewer's own."""
        relay = self._relay
        async with self._catch_ups:
            stream = relay.source.open(Start(self._last_id, self._after), lambda: None)
            batch: list[Item] = []
            try:
                while event := await _next(stream):
                    if event.id in relay.buffer:
                        break
                    if event.event == "error":
                        yield Gap(self._last_id)
                        break
                    batch.append(relay.source.render(event))
                    if len(batch) >= min(BATCH_ROWS, (await self._window.room())[0]):
                        yield self._send(batch)
                        batch = []
                if batch:
                    yield self._send(batch)
            except errors.UpstreamError:
                if batch:
                    yield self._send(batch)
                yield Gap(self._last_id)
            finally:
                await stream.aclose()


async def _next(stream: AsyncGenerator[ServerEvent, None]) -> ServerEvent | None:
    """The next event; None at the stream's end, and when it has gone quiet."""
    try:
        async with asyncio.timeout(QUIET_SECONDS):
            return await anext(stream, None)
    except TimeoutError:
        return None
