"""When the log lines were written that this console has fetched so far, and which time they cover.

The API gives a hundred lines a call, without totals: a density of all lines would need all calls. So each page that
anybody’s tab fetches is remembered here, as a time and a severity for each line, for the strip above the tabs. Within
bounds, in this process; what is forgotten counts as not read.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

from executions.services import api, logs, text
from executions.upstream.client import Client
from executions.upstream.types import LogPage

MOST_LINES, ALL_LINES = 20_000, 200_000
"""Of one execution, which then begins anew, and of all: those that were looked at longest ago go."""
MOST_EXECUTIONS, MOST_CURSORS = 500, 500
MOST_SPANS = 1_000
"""Times apart from each other of which one execution's lines were read; then it begins anew."""
Span = tuple[float, float]
"""From when to when, in seconds since 1970."""
EVER = (float("-inf"), float("inf"))


@dataclass(frozen=True, slots=True)
class Lines:
    """What is known of one execution's lines."""

    times: tuple[tuple[float, str], ...] = ()
    """When each was written, and its tone."""
    read: tuple[Span, ...] = ()
    """The times in which no line is missing, in order and apart from each other."""
    version: int = 0
    """Another one when there is more."""


@dataclass(frozen=True, slots=True)
class _Edge:
    """Where the next page begins, and what the page before it was asked for with."""

    moment: float
    scope: tuple[object, ...]


@dataclass(slots=True)
class _Known:
    lines: dict[int, tuple[float, str]] = field(default_factory=dict)
    """By what tells a line from others: equals are one."""
    read: dict[str, list[Span]] = field(default_factory=dict)
    """By the run whose lines were asked for; empty for all of them."""
    edges: "OrderedDict[str, _Edge]" = field(default_factory=OrderedDict)
    """By the cursor that a page gave."""
    version: int = 0


_lock = threading.Lock()
_versions = count(1)
_known: "OrderedDict[tuple[Client, str], _Known]" = OrderedDict()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a page of lines was asked for with."""

    run_id: str
    after: str | None
    before: str | None
    newest_first: bool
    cursor: str
    whole: bool
    """Whether all lines of that time were wanted: not those of one activity only."""
    at: float
    """When, in seconds since 1970."""

    @property
    def scope(self) -> tuple[object, ...]:
        return self.run_id, self.after, self.before, self.newest_first, self.whole


def note(execution_id: str, asked: Asked, page: LogPage) -> None:
    """A page has come."""
    lines: dict[int, tuple[float, str]] = {}
    for record in page.results:
        if moment := text.parse_time(record.timestamp):
            key = hash((record.timestamp, record.span_id, record.severity_text, record.body))
            lines[key] = (moment.timestamp(), logs.tone(record.severity_text or ""))
    with _lock:
        known = _entry((api.client(), execution_id))
        if len(known.lines) + len(lines) > MOST_LINES or sum(map(len, known.read.values())) >= MOST_SPANS:
            known.lines, known.read, known.edges = {}, {}, OrderedDict()
        before = (len(known.lines), known.read.get(asked.run_id))
        known.lines.update(lines)
        if asked.whole and (span := _covered(known, asked, page, [moment for moment, _ in lines.values()])):
            known.read[asked.run_id] = merged([*known.read.get(asked.run_id, []), span])
        if before != (len(known.lines), known.read.get(asked.run_id)):
            # Of nobody else, nor of this one before it was forgotten.
            known.version = next(_versions)
        _make_room()


def _covered(known: _Known, asked: Asked, page: LogPage, moments: list[float]) -> Span | None:
    """The time of which this page has all lines: from where the page before it ended to where the next one begins."""
    given = known.edges.get(asked.cursor)
    if asked.cursor and (given is None or given.scope != asked.scope):
        # A cursor carries order and range, and these are not known: nothing is between the page's own lines.
        return (min(moments), max(moments)) if moments else None
    oldest = _moment(asked.after, EVER[0])
    # Some of the newest lines are still on their way.
    newest = min(_moment(asked.before, EVER[1]), asked.at - logs.LATE.total_seconds())
    start, end = (newest, oldest) if asked.newest_first else (oldest, newest)
    if given:
        start = given.moment
    if page.next_cursor:
        end = (min(moments) if asked.newest_first else max(moments)) if moments else start
        known.edges[page.next_cursor] = _Edge(end, asked.scope)
        while len(known.edges) > MOST_CURSORS:
            known.edges.popitem(last=False)
    begin, end = (end, start) if asked.newest_first else (start, end)
    return (begin, end) if begin < end else None


def of(execution_id: str, run_id: str) -> Lines:
    """The execution's lines, and what was read of those of the run."""
    with _lock:
        known = _known.get((api.client(), execution_id))
        if known is None:
            return Lines()
        read = merged([*known.read.get("", []), *(known.read.get(run_id, []) if run_id else [])])
        return Lines(tuple(known.lines.values()), tuple(read), known.version)


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


def _entry(key: tuple[Client, str]) -> _Known:
    known = _known.setdefault(key, _Known())
    _known.move_to_end(key)
    return known


def _make_room() -> None:
    while len(_known) > MOST_EXECUTIONS or (
        len(_known) > 1 and sum(len(one.lines) for one in _known.values()) > ALL_LINES
    ):
        _known.popitem(last=False)
