"""Which relays run in this process, and the viewers on them."""

import asyncio
from collections.abc import AsyncIterator, Hashable
from dataclasses import dataclass

from executions.relay.buffer import Gap, Item, Status, Window
from executions.relay.relay import Relay, Source
from executions.upstream import errors

WINDOW_ROWS, WINDOW_BYTES = 1_000, 1024 * 1024
BATCH_ROWS = 200
SHORTEST_BATCH, LONGEST_BATCH = 0.05, 0.2
"""Seconds that rows are collected before they are sent: longer, the more there are."""
STALLED_SECONDS = 10.0
"""How long a viewer's window may stay full."""
RELEASE_SECONDS = 3.0
"""How long a relay outlives its last viewer: a reload finds it again."""
CATCH_UPS = 2
"""Connections of their own for viewers from before the buffer, in the whole process."""

Message = Status | Gap | list[Item]


class TooSlow(Exception):
    """The viewer did not acknowledge for too long."""


@dataclass
class _Shared:
    relay: Relay
    viewers: int = 0
    release: asyncio.TimerHandle | None = None


class Hub:
    """One for each event loop."""

    def __init__(self) -> None:
        self._shared: dict[Hashable, _Shared] = {}
        self._catching_up = asyncio.Semaphore(CATCH_UPS)
        self.catch_ups = 0
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def connections(self) -> int:
        """Upstream connections open now."""
        return sum(shared.relay.connections for shared in self._shared.values()) + self.catch_ups

    def join(self, key: Hashable, source: Source, last_id: str = "") -> "Viewer":
        """A viewer of the stream `key`, after the row `last_id`, or from the first row that upstream gives."""
        shared = self._shared.get(key)
        if shared is None or shared.relay.over:
            if shared:
                self._drop(key, shared)
            shared = self._shared[key] = _Shared(Relay(source))
        shared.viewers += 1
        if shared.release:
            shared.release.cancel()
            shared.release = None
        return Viewer(self, key, shared, source, last_id)

    def leave(self, key: Hashable, shared: _Shared) -> None:
        shared.viewers -= 1
        if shared.viewers == 0:
            shared.release = asyncio.get_running_loop().call_later(RELEASE_SECONDS, self._drop, key, shared)

    def _drop(self, key: Hashable, shared: _Shared) -> None:
        if self._shared.get(key) is shared:
            del self._shared[key]
        task = asyncio.create_task(shared.relay.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        """Stop all relays."""
        for key, shared in list(self._shared.items()):
            self._drop(key, shared)
        await asyncio.gather(*self._closing)


class Viewer:
    """One viewer's place in a stream. Iterate over `messages`, `acknowledge` what arrived, `leave` at the end."""

    def __init__(self, hub: Hub, key: Hashable, shared: _Shared, source: Source, last_id: str) -> None:
        self._hub, self._key, self._shared, self._source = hub, key, shared, source
        self._last_id = last_id
        self._window = Window(WINDOW_ROWS, WINDOW_BYTES)
        self._acknowledged = asyncio.Event()
        self._left = False

    def acknowledge(self, row_id: str) -> None:
        """The viewer has everything up to this row."""
        self._window.acknowledge(row_id)
        if not self._window.full:
            self._acknowledged.set()

    def leave(self) -> None:
        if not self._left:
            self._left = True
            self._hub.leave(self._key, self._shared)

    async def messages(self) -> AsyncIterator[Message]:
        """First the status, then rows and changes of status, until the stream is over. Raises TooSlow."""
        relay = self._shared.relay
        told = relay.status
        yield told
        position: int | None = 0
        if self._last_id:
            position = relay.buffer.position_after(self._last_id)
        if position is None or position < relay.buffer.first:
            async for message in self._catch_up(relay):
                yield message
            position = self._position(relay)
        while True:
            change = relay.change
            if position < relay.buffer.first:
                yield Gap(self._last_id)
                position = relay.buffer.first
            items = relay.buffer.slice(position, min(BATCH_ROWS, self._window.room[0]), self._window.room[1])
            if items:
                position += len(items)
                yield await self._send(items)
                await asyncio.sleep(self._pause(len(items)))
                continue
            if told != relay.status:
                told = relay.status
                yield told
            if relay.over:
                return
            await change.wait()

    def _position(self, relay: Relay) -> int:
        """Where the buffer goes on after what the viewer has."""
        found = relay.buffer.position_after(self._last_id)
        return relay.buffer.first if found is None else found

    async def _send(self, items: list[Item]) -> list[Item]:
        self._window.send(items)
        self._last_id = items[-1].id
        return items

    @staticmethod
    def _pause(rows: int) -> float:
        return SHORTEST_BATCH + (LONGEST_BATCH - SHORTEST_BATCH) * min(rows / BATCH_ROWS, 1)

    async def room(self) -> None:
        """Wait until the viewer has room for more. Raises TooSlow."""
        if not self._window.full:
            return
        self._acknowledged.clear()
        try:
            async with asyncio.timeout(STALLED_SECONDS):
                await self._acknowledged.wait()
        except TimeoutError:
            raise TooSlow from None

    async def _catch_up(self, relay: Relay) -> AsyncIterator[Message]:
        """Rows from before the buffer, by a connection of the viewer's own, up to where the buffer begins."""
        async with self._hub._catching_up:
            self._hub.catch_ups += 1
            stream = self._source.open(self._last_id)
            batch: list[Item] = []
            try:
                async for event in stream:
                    if event.id in relay.buffer or event.event == "error":
                        break
                    batch.append(Item(event.id, self._source.render(event)))
                    if len(batch) >= BATCH_ROWS:
                        yield await self._send(batch)
                        await self.room()
                        batch = []
                if batch:
                    yield await self._send(batch)
            except errors.UpstreamError:
                yield Gap(self._last_id)
            finally:
                self._hub.catch_ups -= 1
                await stream.aclose()  # type: ignore[attr-defined]  # it is a generator
