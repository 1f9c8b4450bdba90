"""The rows that a relay remembers, and the messages that a viewer gets."""

from collections import deque
from dataclasses import dataclass, field
from typing import Literal

BUFFER_ROWS = 5_000
BUFFER_BYTES = 8 * 1024 * 1024

State = Literal["live", "reconnecting", "ended", "failed"]


@dataclass(frozen=True, slots=True)
class Item:
    """A row: upstream's id, and its HTML."""

    id: str
    html: str

    @property
    def size(self) -> int:
        return len(self.html) + len(self.id)


@dataclass(frozen=True, slots=True)
class Status:
    """What the upstream stream is doing, in words a person understands."""

    state: State
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Gap:
    """Rows after this id can no longer be replayed."""

    after: str


class Buffer:
    """The latest rows in upstream's order, each with a position that only grows. Bounded in rows and bytes."""

    def __init__(self, rows: int = BUFFER_ROWS, size: int = BUFFER_BYTES) -> None:
        self._items: deque[Item] = deque()
        self._positions: dict[str, int] = {}
        self._most_rows, self._most_bytes = rows, size
        self._bytes = 0
        self.first = 0
        """Position of the oldest row held."""

    @property
    def end(self) -> int:
        """One past the newest row's position."""
        return self.first + len(self._items)

    @property
    def last_id(self) -> str:
        return self._items[-1].id if self._items else ""

    def __contains__(self, row_id: str) -> bool:
        return row_id in self._positions

    def add(self, item: Item) -> None:
        self._positions[item.id] = self.end
        self._items.append(item)
        self._bytes += item.size
        while len(self._items) > 1 and (len(self._items) > self._most_rows or self._bytes > self._most_bytes):
            dropped = self._items.popleft()
            self._positions.pop(dropped.id, None)
            self._bytes -= dropped.size
            self.first += 1

    def position_after(self, row_id: str) -> int | None:
        """Where to go on after that row; None if it is not held."""
        found = self._positions.get(row_id)
        return None if found is None else found + 1

    def slice(self, position: int, rows: int, size: int) -> list[Item]:
        """Up to so many rows and bytes from a position on; at least one, if there is one."""
        found: list[Item] = []
        taken = 0
        for place in range(position - self.first, len(self._items)):
            item = self._items[place]
            if found and (len(found) >= rows or taken + item.size > size):
                break
            found.append(item)
            taken += item.size
        return found


@dataclass
class Window:
    """What a viewer has not acknowledged yet."""

    rows: int
    size: int
    sent: deque[Item] = field(default_factory=deque)
    taken: int = 0

    @property
    def room(self) -> tuple[int, int]:
        return self.rows - len(self.sent), self.size - self.taken

    @property
    def full(self) -> bool:
        rows, size = self.room
        return rows <= 0 or size <= 0

    def send(self, items: list[Item]) -> None:
        self.sent.extend(items)
        self.taken += sum(item.size for item in items)

    def acknowledge(self, row_id: str) -> None:
        """The viewer has this row and all before it; an id we did not send changes nothing."""
        if not any(item.id == row_id for item in self.sent):
            return
        while self.sent:
            item = self.sent.popleft()
            self.taken -= item.size
            if item.id == row_id:
                return
