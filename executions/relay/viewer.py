"""One viewer's place in a stream: what it has, and how it gets what it lacks."""

import asyncio
import contextlib
import random
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass

from executions.relay import connection
from executions.relay.buffer import Item
from executions.relay.connection import Start
from executions.relay.relay import Relay, State, is_final
from executions.relay.window import Window
from executions.upstream import errors
from executions.upstream.sse import ServerEvent

BATCH_ROWS = 200
RECENT_ROWS = 1_000
"""How many of its latest rows a viewer remembers: upstream may send some again."""
SHORTEST_PAUSE, LONGEST_PAUSE = 0.05, 0.2
"""Seconds in which rows are collected before the next batch: longer, the more there are."""
QUIET_SECONDS = 2.0
"""A catching-up connection that brings nothing for so long has brought all there is."""
LOOK_SECONDS = 10.0
"""How long a viewer that cannot tell its place waits for its relay to move, before it looks again."""
ATTEMPTS, PAUSE_SECONDS = 3, 2.0
"""At catching up while upstream serves the relay, with a pause of up to so long; then the viewer is told of a gap."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Rows after this id can no longer be replayed."""

    after: str


Message = State | Gap | list[Item]


class Viewer:
    """Iterate over `messages`, `acknowledge` what arrived, `leave` at the end.

    It reads from its relay's buffer. One that starts before that, or falls behind it, catches up through short
    connections of its own until it meets a row that the buffer holds.
    """

    def __init__(self, relay: Relay, start: Start, catch_ups: asyncio.Semaphore, leave: Callable[[], None]) -> None:
        self._relay, self._last_id = relay, start.last_id
        # As upstream has it: whoever goes on after a row gets what follows, whatever its time.
        self._after = None if start.last_id else start.after
        self._catch_ups = catch_ups
        self._leave: Callable[[], None] | None = leave
        self._window = Window()
        self._recent = deque([start.last_id], maxlen=RECENT_ROWS)
        self._position: int | None = None
        """Where it goes on in the relay's buffer; None while that cannot be told."""
        self._failures = 0
        """Of catching up, one after the other."""
        self._level = relay.change
        """The relay's next change, taken before catching up had brought all there was."""

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
        while True:
            change = relay.change
            # That it is over comes last, after the rows.
            if relay.state != told and not relay.over:
                told = relay.state
                yield told
            rows, size = await self._window.room()
            if self._position is None or self._position < relay.buffer.first:
                self._position = self._place()
            if self._position is None:
                async with aclosing(self._catch_up()) as caught_up:
                    async for message in caught_up:
                        yield message
                continue
            items = relay.buffer.read(self._position, min(rows, BATCH_ROWS), size)
            self._position += len(items)
            wanted = [item for item in items if not self._is_before(item)]
            if wanted:
                yield self._send(wanted)
                await asyncio.sleep(self._pause(len(wanted)))
            elif items:
                await asyncio.sleep(0)
            elif not relay.over:
                await change.wait()
            else:
                if relay.state != told:
                    yield relay.state
                return

    def _pause(self, sent: int) -> float:
        if self._position is not None and self._position < self._relay.buffer.end:
            return SHORTEST_PAUSE
        return SHORTEST_PAUSE + (LONGEST_PAUSE - SHORTEST_PAUSE) * sent / BATCH_ROWS

    def _is_before(self, item: Item) -> bool:
        return bool(self._after and item.time and item.time < self._after)

    def _send(self, items: list[Item]) -> list[Item]:
        self._window.sent(items)
        self._recent.extend(item.id for item in items)
        self._last_id = items[-1].id
        return items

    def _place(self) -> int | None:
        """Where this viewer goes on in the relay's buffer, if that can be told from there."""
        buffer, start = self._relay.buffer, self._relay.start
        held = buffer.position(self._last_id) if self._last_id else None
        if held is not None:
            return held + 1
        if buffer.first > 0 or self._last_id != start.last_id:
            return None
        # The buffer has all from the relay's start on.
        enough = self._last_id or start.after is None or (self._after and self._after >= start.after)
        return 0 if enough else None

    async def _catch_up(self) -> AsyncGenerator[Message, None]:
        """One step towards the relay's buffer: rows from before it, or a gap, or a wait."""
        relay, last_id = self._relay, self._last_id
        if relay.state.name == "failed":
            self._position = relay.buffer.end
            return
        if relay.state.name == "reconnecting":
            # Where it cannot connect, we cannot either.
            await relay.change.wait()
            return
        problem: errors.UpstreamError | None = None
        try:
            async with aclosing(self._rows_before()) as batches:
                async for batch in batches:
                    yield self._send(batch)
        except errors.UpstreamError as error:
            problem = error
        if self._position is not None or self._last_id != last_id:
            self._failures = 0
        elif problem is None:
            await self._wait_for_relay()
        else:
            self._failures += 1
            if is_final(problem) or self._failures == ATTEMPTS:
                self._failures = 0
                yield Gap(self._last_id)
                self._position = relay.buffer.first
            else:
                await asyncio.sleep(random.uniform(0, PAUSE_SECONDS))  # noqa: S311  (no secret)

    async def _rows_before(self) -> AsyncGenerator[list[Item], None]:
        """The rows after the last one, until they meet the buffer, the window is full, or no more come.

        Raises UpstreamError.
        """
        relay, loop = self._relay, asyncio.get_running_loop()
        # Not a connection for every few rows that are acknowledged.
        rows, size = await self._window.half()
        async with self._catch_ups:
            self._position = self._place()  # the relay may have come here meanwhile
            if self._position is not None:
                return
            quiet = _Quiet(None if relay.over else QUIET_SECONDS)
            had = set(self._recent)
            batch: list[Item] = []
            since = loop.time()
            opening = connection.events(relay.source, Start(self._last_id, self._after), quiet.opened)
            try:
                async with aclosing(opening) as events:
                    while rows > 0 and size > 0 and (event := await self._next(events, quiet)):
                        if event.id in had:
                            batch.clear()  # what came before it here is older still
                            continue
                        self._position = relay.buffer.position(event.id)
                        if self._position is not None:
                            break
                        item = relay.source.render(event)
                        if self._is_before(item):
                            continue
                        batch.append(item)
                        rows, size = rows - 1, size - item.size
                        if len(batch) >= BATCH_ROWS or loop.time() - since > LONGEST_PAUSE:
                            yield batch
                            batch, since = [], loop.time()
            except errors.UpstreamError:
                if batch:
                    yield batch
                raise
            if batch:
                yield batch

    async def _next(self, events: AsyncGenerator[ServerEvent, None], quiet: "_Quiet") -> ServerEvent | None:
        # Taken before: it may take a while to close what has gone quiet.
        self._level = self._relay.change
        return await quiet.next(events)

    async def _wait_for_relay(self) -> None:
        """This viewer has all that upstream has, and the relay is elsewhere: its next row will tell more."""
        if self._relay.over and not self._level.is_set():
            self._position = self._relay.buffer.end
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK_SECONDS):
                await self._level.wait()
        await asyncio.sleep(LONGEST_PAUSE)


class _Quiet:
    """Waits for events; once upstream has accepted, only for so many seconds each."""

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds
        self._accepted = False
        self._limit: asyncio.Timeout | None = None

    def opened(self) -> None:
        self._accepted = True
        if self._limit and self._seconds is not None:
            self._limit.reschedule(asyncio.get_running_loop().time() + self._seconds)

    async def next(self, events: AsyncGenerator[ServerEvent, None]) -> ServerEvent | None:
        """The next event; None at the stream's end, and when it has gone quiet."""
        try:
            # The events' connection is nobody else's: it may be cancelled.
            async with asyncio.timeout(self._seconds if self._accepted else None) as self._limit:
                return await anext(events, None)
        except TimeoutError:
            return None
