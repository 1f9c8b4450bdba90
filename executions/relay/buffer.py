"""The rows that are kept for viewers: bounded, in upstream's order."""

from bisect import bisect_right
from collections import deque

from executions.relay.messages import FIRST_TIME, LAST_TIME, Batch, Item

BUFFER_ROWS = 20_000
BUFFER_SIZE = 8 * 1024 * 1024
"""Characters of the rows' JSON."""
REMEMBERED_IDS = 40_000
"""Of rows that have been here: after a resume upstream may send more of them again than are still held."""
SHARED_BATCHES = 8
"""Batches kept for the next viewers who read on from the same row."""


class Buffer:
    """The latest rows, each at a position that only grows."""

    def __init__(self, rows: int = 0, size: int = 0, origin: int = 0) -> None:
        self.most_rows, self.most_size = rows or BUFFER_ROWS, size or BUFFER_SIZE
        self._items: deque[Item] = deque()
        self._totals: deque[int] = deque()
        """For each row held: the characters of all rows so far, with it."""
        self._gone = 0
        """Characters of the rows that are not held any more."""
        self._positions: dict[str, int] = {}
        self._ids: deque[str] = deque()
        """The keys of the positions, oldest first; without the stream's first row, which is never forgotten."""
        self._batches: dict[tuple[int, int], Batch] = {}
        self.origin = self.first = origin
        """Positions of the first row there ever was, and of the oldest one held."""
        self.latest_gone = FIRST_TIME
        """The latest time of the rows that are not held any more."""

    @property
    def end(self) -> int:
        """One past the newest row's position."""
        return self.first + len(self._items)

    @property
    def is_empty(self) -> bool:
        """Whether there never was a row."""
        return self.end == self.origin

    @property
    def remembered(self) -> int:
        """The position from which on all rows' ids are known."""
        return self.end - len(self._ids)

    def add(self, item: Item) -> None:
        """Put in a row that has not been here."""
        if self._positions:
            self._ids.append(item.id)
        self._positions[item.id] = self.end
        if len(self._ids) > REMEMBERED_IDS:
            del self._positions[self._ids.popleft()]
        self._items.append(item)
        self._totals.append((self._totals[-1] if self._totals else self._gone) + item.size)
        while len(self._items) > 1 and (len(self._items) > self.most_rows or self.size_from(0) > self.most_size):
            self.latest_gone = max(self.latest_gone, self._items.popleft().time or LAST_TIME)
            self._gone = self._totals.popleft()
            self.first += 1

    def seen(self, row_id: str) -> int | None:
        """Where that row was, held or not; None if it has not been here or is forgotten."""
        return self._positions.get(row_id)

    def position(self, row_id: str) -> int | None:
        """Where that row is; None if it is not held."""
        position = self._positions.get(row_id, -1)
        return position if position >= self.first else None

    def size_from(self, position: int) -> int:
        """Characters of the rows held from there on."""
        place = max(position - self.first, 0)
        return self._totals[-1] - self._before(place) if place < len(self._totals) else 0

    def _before(self, place: int) -> int:
        return self._totals[place - 1] if place else self._gone

    def read(self, position: int, rows: int, size: int) -> Batch:
        """Up to so many rows and characters from a position on; at least one, if there is one.

        IndexError if the buffer does not reach back so far.
        """
        if position < self.first:
            raise IndexError(f"The rows before {self.first} are gone; asked for {position}.")
        place = position - self.first
        end = min(place + rows, len(self._items))
        if place < end:
            end = max(bisect_right(self._totals, self._before(place) + size, place, end), place + 1)
        return self._batch(position, max(end - place, 0))

    def _batch(self, position: int, rows: int) -> Batch:
        found = self._batches.get((position, rows))
        if found is None:
            place = position - self.first
            found = Batch(tuple(self._items[one] for one in range(place, place + rows)))
            self._batches[position, rows] = found
            if len(self._batches) > SHARED_BATCHES:
                del self._batches[next(iter(self._batches))]
        return found
