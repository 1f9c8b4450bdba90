"""What is on its way to a viewer: bounded, since the server under it takes in whatever it is given."""

import asyncio
from collections import deque

from executions.relay.messages import Batch

WINDOW_ROWS, WINDOW_SIZE = 1_000, 1024 * 1024
"""Rows, and characters of them, that may be on their way without an acknowledgement."""
STALLED_SECONDS = 10.0
"""How long a full window may stay without any."""


class TooSlow(Exception):
    """The viewer did not acknowledge for too long."""


class Window:
    def __init__(self) -> None:
        self._sent: deque[Batch] = deque()
        self._arrived = 0
        """Rows of the first batch that have been acknowledged."""
        self._rows = self._size = 0
        """On their way."""
        self._acknowledged = asyncio.Event()

    @property
    def left(self) -> tuple[int, int]:
        """Rows and characters that still fit; less than nothing after one large row."""
        return WINDOW_ROWS - self._rows, WINDOW_SIZE - self._size

    @property
    def is_full(self) -> bool:
        return self._rows >= WINDOW_ROWS or self._size >= WINDOW_SIZE

    def sent(self, batch: Batch) -> None:
        self._sent.append(batch)
        self._rows += len(batch)
        self._size += batch.size

    def acknowledge(self, row_id: str) -> None:
        """The viewer has this row and all before it; an id that is not on its way changes nothing."""
        number = next((number for number, batch in enumerate(self._sent) if row_id in batch.places), None)
        if number is None or (number == 0 and self._sent[0].places[row_id] < self._arrived):
            return
        for _ in range(number):
            self._arrive(len(self._sent[0]))
        self._arrive(self._sent[0].places[row_id] + 1)
        self._acknowledged.set()

    def _arrive(self, rows: int) -> None:
        """So many rows of the first batch have arrived."""
        batch = self._sent[0]
        self._rows -= rows - self._arrived
        whole = rows == len(batch) and not self._arrived
        self._size -= batch.size if whole else sum(item.size for item in batch.items[self._arrived : rows])
        self._arrived = rows
        if rows == len(batch):
            self._sent.popleft()
            self._arrived = 0

    async def room(self, rows: int = 1, size: int = 1) -> None:
        """Wait until so much fits. Raises TooSlow."""
        while self._rows > WINDOW_ROWS - rows or self._size > WINDOW_SIZE - size:
            self._acknowledged.clear()
            try:
                async with asyncio.timeout(STALLED_SECONDS):
                    await self._acknowledged.wait()
            except TimeoutError:
                raise TooSlow from None
