"""How far pages were read that follow one another from the first row of all on.

Told by their cursors and the number of their rows: the times of such rows are only nearly in order.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Literal

MOST_CURSORS = 500


def _start() -> "OrderedDict[str, int]":
    return OrderedDict({"": 0})


@dataclass(slots=True)
class Chain:
    cursor: str = ""
    """With which reading goes on; of the last page the one that it was asked for with, since it grows."""
    state: Literal["goes on", "ended", "repeats"] = "goes on"
    """Whether there is a page that was not read. Cursors that lead back to where they came from lead nowhere."""
    _rows: int = 0
    """How many were read on the way that leads furthest."""
    _places: "OrderedDict[str, int]" = field(default_factory=_start)
    """How many rows are before each cursor that a page gave."""

    def follow(self, cursor: str, rows: int, next_cursor: str | None) -> bool:
        """A page has come; whether it goes further than those before. One from an unknown place does not."""
        if cursor not in self._places:
            return False
        begun = self._places[cursor]
        reached = begun + rows
        if not next_cursor:
            self.cursor, self.state, self._rows = cursor, "ended", reached
            return True
        repeats = self._places.get(next_cursor, reached + 1) <= begun
        self._places.setdefault(next_cursor, reached)
        while len(self._places) > MOST_CURSORS:
            del self._places[next(one for one in self._places if one not in ("", self.cursor))]
        if reached < self._rows or (reached == self._rows and cursor != self.cursor):
            return False
        self.cursor, self.state = (cursor, "repeats") if repeats else (next_cursor, "goes on")
        self._rows = reached
        return True
