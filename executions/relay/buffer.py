"""The rows that a relay remembers: bounded, in upstream's order."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime

BUFFER_ROWS = 5_000
BUFFER_SIZE = 8 * 1024 * 1024
"""Characters of HTML."""


@dataclass(frozen=True, slots=True)
class Item:
    """A row: upstream's id, its HTML, and its time if it has one."""

    id: str
    html: str
    time: datetime | None = None

    @property
    def size(self) -> int:
        return len(self.html) + len(self.id)


class Buffer:
    """The latest rows, each at a position that only grows."""

    def __init__(self, rows: int = BUFFER_ROWS, size: int = BUFFER_SIZE) -> None:
        self._items: deque[Item] = deque()
        self._positions: dict[str, int] = {}
        self._most_rows, self._most_size = rows, size
        self._size = 0
        self.first = 0
        """Position of the oldest row held."""

    @property
    def end(self) -> int:
        """One past the newest row's position."""
        return self.first + len(self._items)

    def __contains__(self, row_id: str) -> bool:
        return row_id in self._positions

    def add(self, item: Item) -> None:
        self._positions[item.id] = self.end
        self._items.append(item)
        self._size += item.size
        while len(self._items) > 1 and (len(self._items) > self._most_rows or self._size > self._most_size):
            dropped = self._items.popleft()
            del self._positions[dropped.id]
            self._size -= dropped.size
            self.first += 1

    def position_after(self, row_id: str) -> int | None:
        """Where to go on after that row; None if it is not held."""
        found = self._positions.get(row_id)
        return None if found is None else found + 1

    def read(self, position: int, rows: int, size: int) -> list[Item]:
        """Up to so many rows and characters from a position on; at least one, if there is one."""
        found: list[Item] = []
        left = size
        for place in range(position - self.first, min(position - self.first + rows, len(self._items))):
            item = self._items[place]
            left -= item.size
            if found and left < 0:
                break
            found.append(item)
        return found
