"""Which rows of a history a page shows: its events or its steps, filtered, with what operators did in between."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from executions.services import history, temporal
from executions.services.audit import Entry
from executions.services.history import ActionRow, EventRow
from executions.services.history_index import Index
from executions.services.steps import Step

FIRST, WINDOW = 50, 60
"""Rows that a page opens with, and that it gets at a time as the reader goes on."""
LEAD = 10
"""Rows shown before the one that the address names."""
FAILED, PENDING = "failed", "pending"

Row = EventRow | Step | ActionRow


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the reader wants to see."""

    compact: bool = True
    kinds: tuple[str, ...] = ()
    """Categories; all, if there is none."""
    state: str = ""
    """FAILED or PENDING."""
    name: str = ""
    """Of the activity, signal, update, timer or child, as it is."""
    query: str = ""
    after: datetime | None = None
    before: datetime | None = None
    newest_first: bool = False

    @property
    def is_filtered(self) -> bool:
        return bool(self.kinds or self.state or self.name or self.query or self.after or self.before)


@dataclass(frozen=True, slots=True)
class Window:
    rows: Sequence[Row]
    ahead: int
    """How many there are before these, in the order shown."""
    behind: int


def listed(index: Index, wanted: Wanted, entries: Sequence[Entry]) -> list[Row]:
    """All the rows that are wanted, in the order wanted; the entries come newest first."""
    rows: Sequence[Row] = index.compact if wanted.compact else index.events or []
    if wanted.is_filtered:
        found = index.find(wanted.query) if wanted.query else None
        rows = [row for row in rows if _is_wanted(row, wanted, found)]
    did = [] if wanted.state or wanted.name else [row for row in map(ActionRow, reversed(entries)) if _did(row, wanted)]
    merged = history.with_actions(rows, did)
    return merged[::-1] if wanted.newest_first else merged


def _is_wanted(row: Row, wanted: Wanted, found: set[int] | None) -> bool:
    assert not isinstance(row, ActionRow)
    if wanted.kinds and row.category not in wanted.kinds:
        return False
    if wanted.name and row.name != wanted.name:
        return False
    if wanted.state and not (row.failed if wanted.state == FAILED else isinstance(row, Step) and row.is_pending):
        return False
    if found is not None and found.isdisjoint((row.id,) if isinstance(row, EventRow) else [e.id for e in row.events]):
        return False
    return _is_in_time(row, wanted)


def _is_in_time(row: Row, wanted: Wanted) -> bool:
    if not (wanted.after or wanted.before):
        return True
    begun = row.time
    ended = (row.closed.time if row.closed else None) if isinstance(row, Step) and row.lasts else begun
    if begun is None:
        return False
    if wanted.before and begun > wanted.before:
        return False
    # What is pending has no end.
    return not (wanted.after and ended and ended < wanted.after)


def _did(row: ActionRow, wanted: Wanted) -> bool:
    if wanted.kinds and row.category not in wanted.kinds:
        return False
    return (not wanted.query or wanted.query.casefold() in row.words.casefold()) and _is_in_time(row, wanted)


def place_of(rows: Sequence[Row], row_id: str, index: Index) -> int | None:
    """Where the row of this id is, or the step that the event of this id belongs to; None if it is not there."""
    place = _place(rows, row_id)
    step = index.step_of.get(temporal.number(row_id)) if place is None else None
    return _place(rows, str(step.id)) if step else place


def _place(rows: Sequence[Row], row_id: str) -> int | None:
    return next((place for place, row in enumerate(rows) if str(row.id) == row_id), None)


def window(rows: Sequence[Row], first: int, count: int = WINDOW) -> Window:
    """So many rows from there on; fewer where there are no more."""
    start = min(max(first, 0), len(rows))
    shown = rows[start : start + count]
    return Window(shown, start, len(rows) - start - len(shown))


@dataclass(frozen=True, slots=True)
class News:
    """What a page has not seen yet, by the last event that it knows."""

    since: int
    actions: frozenset[str]
    """Ids of what operators did meanwhile."""
    settled_after: datetime
    """What they did later than this may have come to something else since."""

    def is_new(self, row: Row) -> bool:
        return row.id in self.actions if isinstance(row, ActionRow) else row.id > self.since

    def is_changed(self, row: Row) -> bool:
        """Whether the page has it, but not as it is now."""
        if self.is_new(row) or isinstance(row, EventRow):
            return False
        if isinstance(row, ActionRow):
            return row.time > self.settled_after
        return any(event.id > self.since for event in row.events)
