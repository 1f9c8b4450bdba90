"""The rows that a relay remembers: bounded, in upstream's order."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime

BUFFER_ROWS = 5_000
BUFFER_SIZE = 8 * 1024 * 1024
"""Characters of HTML."""
REMEMBERED_IDS = 20_000
"""Of rows that have been here: after a resume upstream may send more of them again than are still held."""


@dataclass(frozen=True, slots=True)
class Item:
    """A row: its id, its HTML, and its time if it has one."""

    id: str
    """Upstream's, or one made for a row that came without: see `connection.upstream_id`."""
    html: str
    time: datetime | None = None

    @property
    def size(self) -> int:
        return len(self.html) + len(self.id)


class Buffer:
    """The latest rows, each at a position that only grows."""

    def __init__(self, rows: int = BUFFER_ROWS, size: int = BUFFER_SIZE) -> None:
        self._items: deque[Item] = deque()
        self._most_rows, self._most_size = rows, size
        self._size = 0
        self._positions: dict[str, int] = {}
        self._ids: deque[str] = deque()
        """The keys of the positions, oldest first."""
        self.first = 0
        """Position of the oldest row held."""

    @property
    def end(self) -> int:
        """One past the newest row's position."""
        return self.first + len(self._items)

    def __contains__(self, row_id: str) -> bool:
        """Whether that row has been here, held or not."""
        return row_id in self._positions

    def add(self, item: Item) -> None:
        """Put in a row that has not been here."""
        self._positions[item.id] = self.end
        self._ids.append(item.id)
        if len(self._ids) > REMEMBERED_IDS:
            del self._positions[self._ids.popleft()]
        self._items.append(item)
        self._size += item.size
        while len(self._items) > 1 and (len(self._items) > self._most_rows or self._size > self._most_size):
            self._size -= self._items.popleft().size
            self.first += 1

    def position(self, row_id: str) -> int | None:
        """Where that row is; None if it is not held."""
        position = self._positions.get(row_id, -1)
        return position if position >= self.first else None

    def read(self, position: int, rows: int, size: int) -> list[Item]:
        """Up to so many rows and characters from a position on; at least one, if there is one.

        IndexError if the buffer does not reach back so far.
        """
        if position < self.first:
            raise IndexError(f"The rows before {self.first} are gone; asked for {position}.")
        found: list[Item] = []
        left = size
        for place in range(position - self.first, min(position - self.first + rows, len(self._items))):
            item = self._items[place]
            left -= item.size
            if found and left < 0:
                break
            found.append(item)
        return found
