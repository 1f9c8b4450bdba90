"""The log lines of a span and of what it started.

The API gives a hundred lines a call and cannot filter by span: the lines of the span’s time are fetched, some pages at
a time, and those are kept whose span is that one or a descendant of it.
"""

from dataclasses import dataclass

from executions.services import joined, log_pages, logs, text
from executions.services.time_range import TimeRange
from executions.services.traces import Trace

PAGES = 3
"""Calls to the API at a time."""


@dataclass(frozen=True, slots=True)
class SpanLogs:
    lines: list[logs.LogRow]
    fetched: int
    cursor: str
    """Where it goes on; empty where all of the span's time was looked through."""
    after: str
    before: str
    """The time that was looked through."""


def read(execution_id: str, trace: Trace, place: int, cursor: str = "") -> SpanLogs:
    """Raises UpstreamError."""
    node, wanted = trace.nodes[place], trace.below(place)
    begin, until = text.parse_time(node.begin), text.parse_time(node.until)
    during = joined.widened(TimeRange(begin, until if node.end else None))
    after, before = (moment.isoformat() if moment else "" for moment in (during.after, during.before))
    scope = log_pages.Scope(execution_id=execution_id, after=after or None, before=before or None)
    records = []
    for _ in range(PAGES):
        page = log_pages.read(scope, "asc", cursor)
        records += page.results
        cursor = page.next_cursor or ""
        if not cursor:
            break
    # Rows first: equal lines are told apart by how many came before.
    lines = [line for line in logs.rows(records) if line.span_id in wanted]
    return SpanLogs(lines, len(records), cursor, after, before)
