"""Which rows of a history a page shows: its events or its steps, filtered, with what operators did in between."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from executions.services import history_actions, temporal
from executions.services.audit import Entry
from executions.services.history import EventRow
from executions.services.history_actions import ActionRow
from executions.services.history_index import Index
from executions.services.standings import Standing
from executions.services.steps import Step
from executions.services.time_range import TimeRange

FIRST, WINDOW = 50, 60
"""Rows that a page opens with, and that it gets at a time as the reader goes on."""
LEAD = 10
"""Rows shown before the one that the address names."""
FAILED, RETRYING, PENDING = "failed", "retrying", "pending"
"""Ended with an error; has failed so far, and is tried again; has not ended."""

Row = EventRow | Step | ActionRow


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the reader wants to see."""

    compact: bool = True
    kinds: tuple[str, ...] = ()
    """Categories; all, if there is none."""
    state: str = ""
    """FAILED, RETRYING or PENDING."""
    name: str = ""
    """Of the activity, signal, update, timer or child, as it is."""
    query: str = ""
    after: datetime | None = None
    before: datetime | None = None
    newest_first: bool = False

    @property
    def is_filtered(self) -> bool:
        return self.is_chosen or bool(self.during)

    @property
    def during(self) -> TimeRange:
        return TimeRange(self.after, self.before)

    @property
    def is_chosen(self) -> bool:
        """Filtered by something else than the range."""
        return bool(self.kinds or self.state or self.name or self.query)


@dataclass(frozen=True, slots=True)
class Window:
    rows: Sequence[Row]
    ahead: int
    """How many there are before these, in the order shown."""
    behind: int


class Listing:
    """The rows that are wanted, and how many a filter would leave beside the others.

    `entries` come newest first. `standings`, by step, are how activities are doing that have not ended.
    """

    def __init__(
        self, index: Index, wanted: Wanted, entries: Sequence[Entry], standings: Mapping[int, Standing] | None = None
    ) -> None:
        self._index, self.wanted, self.standings = index, wanted, standings or {}
        self._is_whole = not (wanted.name or wanted.query or wanted.during)
        self._found = self._narrowed()
        self._did = [] if wanted.name else [row for row in map(ActionRow, reversed(entries)) if _did(row, wanted)]
        self.total = len(self._all) + len(entries)

    @property
    def _all(self) -> Sequence[EventRow | Step]:
        return self._index.compact if self.wanted.compact else self._index.events or []

    def _narrowed(self) -> Sequence[EventRow | Step]:
        """What name, text and range leave: the filters that have no count."""
        rows, wanted = self._all, self.wanted
        if wanted.name:
            rows = [row for row in rows if row.name == wanted.name]
        if wanted.query:
            found = self._with_the_text()
            rows = [row for row in rows if row.id in found]
        if wanted.during:
            rows = [row for row in rows if _is_in_time(row, wanted)]
        return rows

    def _with_the_text(self) -> set[int]:
        """The ids of the rows that have the text in one of their events, or in how they are doing."""
        found, query = self._index.find(self.wanted.query), self.wanted.query.casefold()
        if self.wanted.compact:
            step_of = self._index.step_of
            found = {step_of[one].id if one in step_of else one for one in found}
            # Of those whose standing is known, rows say that instead.
            found |= self._index.find_steps(query) - self.standings.keys()
        return found | {one.step_id for one in self.standings.values() if query in one.words.casefold()}

    def _ids(self, state: str) -> Iterable[int]:
        if state == FAILED:
            return self._index.failed(compact=self.wanted.compact)
        if state == RETRYING:
            return self.retrying
        return self._index.pending

    @property
    def retrying(self) -> list[int]:
        """The ids of the steps that have failed so far."""
        return [one.step_id for one in self.standings.values() if one.is_failing]

    @property
    def rows(self) -> list[Row]:
        """In the order wanted."""
        rows, did, wanted = self._found, self._did, self.wanted
        if wanted.kinds:
            rows = [row for row in rows if row.category in wanted.kinds]
            did = [row for row in did if row.category in wanted.kinds]
        if wanted.state:
            ids = frozenset(self._ids(wanted.state))
            rows, did = [row for row in rows if row.id in ids], []
        merged = history_actions.with_actions(rows, did)
        return merged[::-1] if wanted.newest_first else merged

    def kinds(self) -> dict[str, int]:
        """Of each kind that the history has, and that is wanted, how many there are with the other filters."""
        every, wanted = self._index.counts(compact=self.wanted.compact), self.wanted
        if self._is_whole and not wanted.state:
            found = every
        else:
            ids = frozenset(self._ids(wanted.state)) if wanted.state else None
            found = Counter(row.category for row in self._found if ids is None or row.id in ids)
        did = {} if not self._did or wanted.state else {history_actions.OPERATOR: len(self._did)}
        counts = {kind: found[kind] for kind in every} | did
        # One that is wanted has to be there to be taken away.
        return counts | {kind: 0 for kind in wanted.kinds if kind not in counts}

    def count(self, state: str) -> int:
        """How many are in this state, with the other filters."""
        ids = frozenset(self._ids(state))
        kinds = self.wanted.kinds
        if not ids or (self._is_whole and not kinds):
            return len(ids)
        return sum(row.id in ids and (not kinds or row.category in kinds) for row in self._found)


def _is_in_time(row: Row, wanted: Wanted) -> bool:
    begun = row.time
    ended = (row.closed.time if row.closed else None) if isinstance(row, Step) and row.lasts else begun
    if begun is None:
        return False
    if wanted.before and begun > wanted.before:
        return False
    # What is pending has no end.
    return not (wanted.after and ended and ended < wanted.after)


def _did(row: ActionRow, wanted: Wanted) -> bool:
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
