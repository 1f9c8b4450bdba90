"""One viewer's place in a stream: what it has, and how it gets what it lacks."""

import asyncio
import contextlib
import random
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from functools import partial

from executions.relay.connection import Start
from executions.relay.feed import SHORTEST_TICK
from executions.relay.messages import Batch, Gap, Message, State
from executions.relay.relay import HELD_CUTS, Relay, is_final
from executions.relay.replay import Replay
from executions.relay.window import WINDOW_ROWS, WINDOW_SIZE, Window
from executions.upstream import errors

RECENT_ROWS = 1_000
"""How many of its latest rows a viewer remembers: upstream may send some again."""
LOOK_SECONDS = 10.0
"""How long a viewer that cannot tell its place waits for its relay to move, before it looks again."""
ASTRAY_SECONDS = 30.0
"""How long upstream may have nothing after a viewer's row while the relay has rows: then the row counts as unknown."""
ATTEMPTS, PAUSE_SECONDS = 3, 2.0
"""At catching up while upstream serves the relay, with a pause of up to so long; then the viewer is told of a gap."""


class Viewer:
    """Iterate over `messages`, `acknowledge` what arrived, `leave` at the end.

    It reads from its relay's buffer. One that starts before that, or falls behind it, catches up through replays until
    it meets a row that the buffer holds.
    """

    def __init__(self, relay: Relay, start: Start, leave: Callable[[], None]) -> None:
        self._relay, self._last_id = relay, start.last_id
        # As upstream has it: whoever goes on after a row gets what follows, whatever its time.
        self._after = None if start.last_id else start.after
        self._leave: Callable[[], None] | None = leave
        self._window = Window()
        self._recent: deque[dict[str, int]] = deque([{start.last_id: 0}])
        self._recent_rows = 1
        self._told: State | None = None
        self._position: int | None = None
        """Where it goes on in the relay's buffer; None while that cannot be told."""
        self._failures = 0
        """Of catching up, one after the other."""
        self._astray: float | None = None
        """Since when upstream has had nothing for it although its relay has rows."""

    def acknowledge(self, row_id: str) -> None:
        """The viewer has everything up to this row."""
        self._window.acknowledge(row_id)

    def leave(self) -> None:
        if self._leave:
            self._leave()
            self._leave = None

    async def messages(self, send: Callable[[Batch], None] | None = None) -> AsyncGenerator[Message, None]:
        """First the state, then rows and changes of state, until the stream is over. Raises TooSlow.

        With `send`, which must not wait, it is called for new rows while the viewer has all others: they are not given
        here then. What it raises is raised here.
        """
        relay = self._relay
        self._told = relay.state
        yield self._told
        while True:
            change = relay.change
            # That it is over comes last, after the rows.
            if relay.state is not self._told and not relay.over:
                self._told = relay.state
                yield self._told
            await self._window.room()
            if self._position is None or self._position < relay.buffer.first:
                self._position = self._place()
            if self._position is None:
                async with aclosing(self._catch_up()) as caught_up:
                    async for message in caught_up:
                        yield message
            elif self._position < relay.buffer.end:
                if batch := self._read(self._position):
                    yield batch
                if self._position < relay.buffer.end:
                    await asyncio.sleep(SHORTEST_TICK)  # time for others; else the next tick is awaited anyway
            elif not relay.over:
                relay.reach(self._position)  # it may have come here without reading
                await self._wait(change, send)
            else:
                if relay.state is not self._told:
                    yield relay.state
                return

    async def _wait(self, change: asyncio.Event, send: Callable[[Batch], None] | None) -> None:
        """Until there is something new; with `send`, until that is more than rows for it."""
        if send is None or change.is_set():
            await change.wait()
        else:
            await self._relay.followers.follow(partial(self._push, send))

    def _push(self, send: Callable[[Batch], None]) -> bool:
        """Send what is new; False if there is more to do than that."""
        relay, position = self._relay, self._position
        if relay.state is not self._told or position is None or position < relay.buffer.first or self._window.is_full:
            return False
        if batch := self._read(position):
            send(batch)
        return self._position == relay.buffer.end

    def _read(self, position: int) -> Batch:
        """The relay's next rows for this viewer, counted as sent; none if they are from before its time."""
        read = self._relay.read(position, *self._window.left)
        self._position = position + len(read)
        batch = self._wanted(read)
        return self._send(batch) if batch else batch

    def _wanted(self, batch: Batch) -> Batch:
        """The rows from this viewer's time on."""
        after = self._after
        if after is None or not batch or batch.earliest >= after:
            return batch
        return Batch(tuple(item for item in batch.items if not item.time or item.time >= after))

    def _send(self, batch: Batch) -> Batch:
        self._window.sent(batch)
        self._last_id = batch.items[-1].id
        self._recent.append(batch.places)
        self._recent_rows += len(batch)
        while self._recent_rows - len(self._recent[0]) >= RECENT_ROWS:
            self._recent_rows -= len(self._recent.popleft())
        return batch

    def _place(self) -> int | None:
        return self._relay.place(self._last_id, self._after)

    async def _catch_up(self) -> AsyncGenerator[Message, None]:
        """One step towards the relay's buffer: rows from before it, or a gap, or a wait."""
        relay, last_id = self._relay, self._last_id
        if relay.state.name == "failed":
            # Where it cannot connect, we cannot either; what it has is better than nothing.
            if not relay.buffer.is_empty:
                yield Gap(self._last_id)
            self._position = relay.buffer.first
            return
        if relay.state.name == "reconnecting":
            await relay.change.wait()
            return
        # Not a connection for every few rows that are acknowledged.
        await self._window.room(WINDOW_ROWS // 2, WINDOW_SIZE // 2)
        self._position = self._place()  # the relay may have come here meanwhile
        if self._position is not None:
            return
        recent = {one for some in self._recent for one in some}
        replay, position = relay.replays.join(self._last_id, self._after, recent, self._failures >= HELD_CUTS)
        try:
            async with aclosing(self._replayed(replay, position)) as batches:
                async for batch in batches:
                    yield batch
        finally:
            replay.leave()
        if self._position is not None or self._last_id != last_id:
            self._failures, self._astray = 0, None
        elif (replay.problem and await self._is_in_vain(replay.problem)) or (
            replay.exhausted and await self._is_astray(replay.level)
        ):
            yield Gap(self._last_id)
            self._position = relay.buffer.first

    async def _replayed(self, replay: Replay, position: int) -> AsyncGenerator[Batch, None]:
        """The replay's rows from there on, until the relay's buffer goes on after them, or there are no more."""
        while (place := self._place()) is None:
            change = replay.change
            await self._window.room()
            if position < replay.buffer.first:
                return
            if position < replay.buffer.end:
                read = replay.read(position, *self._window.left)
                position += len(read)
                if batch := self._wanted(read):
                    yield self._send(batch)
                if position < replay.buffer.end:
                    await asyncio.sleep(SHORTEST_TICK)
            elif not replay.done:
                await change.wait()
            else:
                place = self._relay.buffer.position(replay.met) if replay.met else None
                break
        self._position = place

    async def _is_in_vain(self, problem: errors.UpstreamError) -> bool:
        """Whether catching up has failed for good; waits before it is tried again."""
        self._failures += 1
        if is_final(problem) or isinstance(problem, errors.TooLarge) or self._failures == ATTEMPTS:
            self._failures = 0
            return True
        await asyncio.sleep(random.uniform(0, PAUSE_SECONDS))  # noqa: S311  (no secret)
        return False

    async def _is_astray(self, level: asyncio.Event) -> bool:
        """Wait: this viewer has all that upstream has, and the relay is elsewhere. Its next row will tell more.

        True if the relay has rows, and upstream still has none after this viewer's: upstream does not know its row.
        """
        relay, now = self._relay, asyncio.get_running_loop().time()
        if relay.over and not level.is_set():
            self._position = relay.buffer.end
            return False
        if self._recent_rows > 1 or not self._last_id:
            relay.move(Start(self._last_id, self._after))
        again = self._astray is not None
        if not relay.buffer.is_empty:
            self._astray = self._astray or now
            if now - self._astray > ASTRAY_SECONDS:
                self._astray = None
                return True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK_SECONDS):
                while True:
                    change = relay.change
                    if self._place() is not None or (level.is_set() and not again):
                        break
                    # It need not wait for us.
                    relay.reach(relay.buffer.end)
                    await change.wait()
        await asyncio.sleep(SHORTEST_TICK)
        return False
