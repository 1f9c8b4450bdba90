"""What is on its way to a viewer: bounded, since the server under it takes in whatever it is given."""

import asyncio
from collections import deque

from executions.relay.buffer import Item

WINDOW_ROWS, WINDOW_SIZE = 1_000, 1024 * 1024
"""Rows, and characters of them, that may be on their way without an acknowledgement."""
STALLED_SECONDS = 10.0
"""How long a full window may stay without any."""


class TooSlow(Exception):
    """The viewer did not acknowledge for too long."""


class Window:
    def __init__(self) -> None:
        self._sent: deque[Item] = deque()
        self._size = 0
        self._acknowledged = asyncio.Event()

    @property
    def left(self) -> tuple[int, int]:
        """Rows and characters that still fit; less than nothing after one large row."""
        return WINDOW_ROWS - len(self._sent), WINDOW_SIZE - self._size

    def sent(self, items: list[Item]) -> None:
        self._sent.extend(items)
        self._size += sum(item.size for item in items)

    def acknowledge(self, row_id: str) -> None:
        """The viewer has this row and all before it; an id that is not on its way changes nothing."""
        if not any(item.id == row_id for item in self._sent):
            return
        reached = False
        while not reached:
            item = self._sent.popleft()
            self._size -= item.size
            reached = item.id == row_id
        self._acknowledged.set()

    async def room(self) -> tuple[int, int]:
        """Wait until something fits. Returns how many rows and characters do; raises TooSlow."""
        return await self._room(1, 1)

    async def half(self) -> tuple[int, int]:
        """Wait until half of the window is free, as `room` does for a little of it."""
        return await self._room(WINDOW_ROWS // 2, WINDOW_SIZE // 2)

    async def _room(self, rows: int, size: int) -> tuple[int, int]:
        while self.left[0] < rows or self.left[1] < size:
            self._acknowledged.clear()
            try:
                async with asyncio.timeout(STALLED_SECONDS):
                    await self._acknowledged.wait()
            except TimeoutError:
                raise TooSlow from None
        return self.left
