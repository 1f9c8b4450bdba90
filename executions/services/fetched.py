"""What the console has fetched so far of an execution's log lines or events, and which time it covers.

The API gives both by the page, without totals: a density of all would need all calls. So of each page that anybody’s
tab fetches a time and a tone for each row are remembered here, for the strip above the tabs. Within bounds, in this
process; what is forgotten counts as not read.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import NamedTuple

from executions.services import api, text
from executions.services.fetched_chain import MOST_CURSORS, Chain
from executions.upstream.client import Client

MOST_ROWS, ALL_ROWS = 20_000, 200_000
"""Of one execution, which then begins anew, and of all: those that were looked at longest ago go."""
MOST_EXECUTIONS = 500
MOST_SPANS = 1_000
"""Times apart from each other of which one execution's rows were read; then it begins anew."""
Span = tuple[float, float]
"""From when to when, in seconds since 1970."""
EVER = (float("-inf"), float("inf"))


class Row(NamedTuple):
    moment: float
    tone: str
    asked: str = ""
    """The run whose rows were asked for, in the API's words; empty for all of them."""
    said: str = ""
    """The run that the row names, in the engine's words; empty where it names none."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What is known of one run's rows."""

    times: tuple[tuple[float, str], ...] = ()
    """When each was written, and its tone."""
    read: tuple[Span, ...] = ()
    """The times in which no row is missing, in order and apart from each other."""
    version: int = 0
    """Another one when there is more."""


@dataclass(frozen=True, slots=True)
class _Edge:
    """Where the next page begins, and what the page before it was asked for with."""

    moment: float
    scope: tuple[object, ...]


@dataclass(slots=True)
class _Known:
    rows: dict[int, Row] = field(default_factory=dict)
    """By what tells a row from others."""
    read: dict[str, list[Span]] = field(default_factory=dict)
    """By the run whose rows were asked for; empty for all of them."""
    edges: "OrderedDict[str, _Edge]" = field(default_factory=OrderedDict)
    """By the cursor that a page gave."""
    chain: Chain = field(default_factory=Chain)
    """Instead of edges, where times are not in order."""
    version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a page was asked for with."""

    until: float
    """Up to this moment, in seconds since 1970, nothing is on its way any more."""
    run_id: str = ""
    after: str | None = None
    before: str | None = None
    newest_first: bool = False
    cursor: str = ""
    whole: bool = True
    """Whether all rows of that time were wanted: not those of one activity only."""
    in_order: bool = True
    """Whether no page has rows from before those of the page before it. If not, all of one execution are read on, from
    the first."""

    @property
    def scope(self) -> tuple[object, ...]:
        return self.run_id, self.after, self.before, self.newest_first, self.whole


class Store:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._versions = count(1)
        self._known: OrderedDict[tuple[Client, str], _Known] = OrderedDict()

    def note(self, execution_id: str, asked: Asked, rows: dict[int, Row], next_cursor: str | None) -> None:
        """A page has come, with these rows; each by what tells it from others."""
        with self._lock:
            known = self._entry(execution_id)
            unknown = sum(key not in known.rows for key in rows)
            if len(known.rows) + unknown > MOST_ROWS or sum(map(len, known.read.values())) >= MOST_SPANS:
                known.rows, known.read, known.edges, known.chain = {}, {}, OrderedDict(), Chain()
            before = known.read.get(asked.run_id)
            # Who asked for one run's rows knows whose they are.
            new = {key: row for key, row in rows.items() if asked.run_id or key not in known.rows}
            is_news = any(known.rows.get(key) != row for key, row in new.items())
            known.rows.update(new)
            moments = [row.moment for row in rows.values()]
            if not asked.in_order:
                _follow(known, asked, moments, next_cursor)
            elif asked.whole and (span := _covered(known, asked, moments, next_cursor)):
                known.read[asked.run_id] = merged([*known.read.get(asked.run_id, []), span])
            if is_news or before != known.read.get(asked.run_id):
                # Of nobody else, nor of this one before it was forgotten.
                known.version = next(self._versions)
            self._make_room()

    def of(self, execution_id: str, run_id: str = "") -> Fetched:
        """The rows that are not another run's, and what was read of those of the run; without one, of all runs."""
        with self._lock:
            known = self._known.get((api.client(), execution_id))
            if known is None:
                return Fetched()
            own = {row.said for row in known.rows.values() if row.asked == run_id and row.said}
            times = [(row.moment, row.tone) for row in known.rows.values() if not run_id or _is_of(row, run_id, own)]
            read = merged([*known.read.get("", []), *(known.read.get(run_id, []) if run_id else [])])
            return Fetched(tuple(times), tuple(read), known.version)

    def count(self, execution_id: str) -> int:
        """How many rows are known, of all runs."""
        with self._lock:
            known = self._known.get((api.client(), execution_id))
            return len(known.rows) if known else 0

    def version(self, execution_id: str) -> int:
        """That of `of`, without its rows."""
        with self._lock:
            known = self._known.get((api.client(), execution_id))
            return known.version if known else 0

    def further(self, execution_id: str) -> str:
        """The cursor with which reading goes on that began with the first rows of all; empty at its start."""
        with self._lock:
            known = self._known.get((api.client(), execution_id))
            return known.chain.cursor if known else ""

    def goes_on(self, execution_id: str, until: float) -> bool:
        """Whether that reading has not come to the end of all rows as it was then."""
        with self._lock:
            known = self._known.get((api.client(), execution_id))
            if known is None or known.chain.state != "ended":
                return known is None or known.chain.state == "goes on"
            return bool(missing(known.read.get("", []), EVER[0], until))

    def forget(self, execution_id: str, cursor: str) -> None:
        """A cursor that the API does not take any more: reading begins anew."""
        with self._lock:
            known = self._known.get((api.client(), execution_id))
            if known and known.chain.cursor == cursor:
                known.chain = Chain()

    def clear(self) -> None:
        with self._lock:
            self._known.clear()

    def _entry(self, execution_id: str) -> _Known:
        key = (api.client(), execution_id)
        known = self._known.setdefault(key, _Known())
        self._known.move_to_end(key)
        return known

    def _make_room(self) -> None:
        while len(self._known) > MOST_EXECUTIONS or (
            len(self._known) > 1 and sum(len(one.rows) for one in self._known.values()) > ALL_ROWS
        ):
            self._known.popitem(last=False)


def _is_of(row: Row, run_id: str, own: set[str]) -> bool:
    """`own`: what the run's rows call it, as far as that is known."""
    if row.asked:
        return row.asked == run_id
    return not row.said or not own or row.said in own


def _follow(known: _Known, asked: Asked, moments: list[float], next_cursor: str | None) -> None:
    """Up to its last row nearly all is read, and with the last page all. The latest may be ahead of their time."""
    if known.chain.follow(asked.cursor, len(moments), next_cursor):
        end = asked.until if not next_cursor else min(moments[-1], asked.until) if moments else None
        if end is not None:
            known.read[asked.run_id] = [(EVER[0], end)]


def _covered(known: _Known, asked: Asked, moments: list[float], next_cursor: str | None) -> Span | None:
    """The time of which this page has all rows: from where the page before it ended to where the next one begins."""
    given = known.edges.get(asked.cursor)
    if asked.cursor and (given is None or given.scope != asked.scope):
        # A cursor carries order and range, and these are not known: nothing is between the page's own rows.
        return (min(moments), max(moments)) if moments else None
    oldest = _moment(asked.after, EVER[0])
    newest = min(_moment(asked.before, EVER[1]), asked.until)
    start, end = (newest, oldest) if asked.newest_first else (oldest, newest)
    if given:
        start = given.moment
    if next_cursor:
        end = (min(moments) if asked.newest_first else max(moments)) if moments else start
        end = min(end, asked.until)
        known.edges[next_cursor] = _Edge(end, asked.scope)
        while len(known.edges) > MOST_CURSORS:
            known.edges.popitem(last=False)
    begin, end = (end, start) if asked.newest_first else (start, end)
    return (begin, end) if begin < end else None


def merged(spans: Iterable[Span]) -> list[Span]:
    """In order, without overlaps."""
    found: list[Span] = []
    for begin, end in sorted(spans):
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((begin, end))
    return found


def missing(read: Iterable[Span], first: float, last: float) -> list[Span]:
    """The times between two moments that were not read."""
    found, reached = [], first
    for begin, end in read:
        if begin > reached:
            found.append((reached, min(begin, last)))
        reached = max(reached, end)
        if reached >= last:
            return found
    return [*found, (reached, last)]


def _moment(given: str | None, otherwise: float) -> float:
    found: datetime | None = text.parse_iso(given or "")
    return found.timestamp() if found else otherwise
