"""Rows on their way from one upstream connection to viewers, in ticks: who reads along reads the same batches."""

import asyncio
import time
from datetime import datetime

from executions.relay.buffer import Buffer
from executions.relay.connection import Start
from executions.relay.messages import Batch, Item

SHORTEST_TICK, LONGEST_TICK = 0.05, 0.2
"""Seconds in which rows are collected for one batch: longer, the busier the event loop’s thread is."""
HOLD_SECONDS = 0.1
"""How long the first rows are held back that come for “after this row”: if that row follows, they are older."""
HELD_ROWS, HELD_SIZE = 1_000, 1024 * 1024
"""How many may be held back, and characters of them; more are shown at once."""
BATCH_ROWS, BATCH_SIZE = 250, 256 * 1024
"""Rows, and characters of them, in one message at most; one row may be larger."""


class Feed:
    """What a relay and a replay share: a buffer, and when rows get there."""

    def __init__(self, start: Start) -> None:
        self.start = start
        self.buffer = Buffer()
        self.change = asyncio.Event()
        """Set at the next row or state, and replaced by a new one: take it before looking, and nothing is missed."""
        self.holding = False
        """Whether the rows of this connection are held back: the row that it goes on after may still come."""
        self._new: dict[str, Item] = {}
        """Rows for the next tick."""
        self._new_size = 0
        self._tick: asyncio.TimerHandle | None = None
        self._next_tick = 0.0
        """The event loop's time before which there is none."""
        self._ticked, self._worked = 0.0, time.thread_time()
        """When the last one was, and what the thread had worked by then."""
        self._reached = 0
        """How far the fastest viewer has come in the buffer."""
        self._progress = asyncio.Event()

    def notify(self) -> None:
        self.change.set()
        self.change = asyncio.Event()

    def put(self, item: Item) -> None:
        """A row for the next tick."""
        self._new[item.id] = item
        self._new_size += item.size
        if self._tick is None:
            loop = asyncio.get_running_loop()
            first = loop.time() + HOLD_SECONDS if self.holding else self._next_tick
            self._tick = loop.call_at(first, self.publish)
        elif self._new_size > (HELD_SIZE if self.holding else BATCH_SIZE) or (
            self.holding and len(self._new) > HELD_ROWS
        ):
            self.publish()

    def forget_new(self) -> None:
        """Take the rows back that no viewer has yet."""
        self._new.clear()
        self._new_size = 0

    def publish(self) -> None:
        """The tick: new rows get into the buffer."""
        if self._tick:
            self._tick.cancel()
            self._tick = None
        if not self._new:
            return
        self.holding = False
        self._next_tick = (
            asyncio.get_running_loop().time() + SHORTEST_TICK + (LONGEST_TICK - SHORTEST_TICK) * self._load()
        )
        for item in self._new.values():
            self.buffer.add(item)
        self.forget_new()
        self.notify()

    def _load(self) -> float:
        """How busy the thread has been since the last tick: none up to half of the time, one for all of it."""
        now, worked = time.monotonic(), time.thread_time()
        busy = (worked - self._worked) / max(now - self._ticked, 1e-6)
        self._ticked, self._worked = now, worked
        return min(max(2 * busy - 1, 0.0), 1.0)

    def place(self, last_id: str, after: datetime | None) -> int | None:
        """Where a viewer with this row, or without any and from this time on, goes on; None if that is not known."""
        buffer, start = self.buffer, self.start
        held = buffer.position(last_id) if last_id else None
        if held is not None:
            return held + 1
        if last_id != start.last_id:
            return None
        # What has left the buffer, or came before our start, must all be from before the viewer's.
        whole = buffer.first == buffer.origin or (not last_id and after is not None and after > buffer.latest_gone)
        begun = last_id or start.after is None or (after is not None and after >= start.after)
        return buffer.first if whole and begun else None

    def read(self, position: int, rows: int, size: int) -> Batch:
        """The next batch from there on, empty if there is nothing yet."""
        batch = self.buffer.read(position, min(rows, BATCH_ROWS), min(size, BATCH_SIZE))
        self.reach(position + len(batch))
        return batch

    def reach(self, position: int) -> None:
        """A viewer has come so far."""
        if position > self._reached:
            self._reached = position
            self._progress.set()

    async def keep_pace(self) -> None:
        """Wait while even the fastest viewer is far behind: rows would be gone before anybody had them."""
        while self.is_far_ahead:
            self._progress.clear()
            await self._progress.wait()

    @property
    def is_far_ahead(self) -> bool:
        buffer = self.buffer
        if self.holding:
            return False  # what is held back may be dropped, and waits for no viewer
        rows = buffer.end + len(self._new) - self._reached
        return rows > buffer.most_rows // 2 or buffer.size_from(self._reached) > buffer.most_size // 2
