"""Traces: the span tree as indented rows with bars, trace events, and the OpenTelemetry batches as JSON."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from executions.services import text
from executions.upstream.types import Span, TraceEvents, TraceSummary

MAX_ROWS = 1_000
"""Spans that a page draws."""
WIDTH = 1_000
"""Units across the waterfall's bars."""


@dataclass(frozen=True, slots=True)
class SpanRow:
    id: str
    name: str
    depth: int
    start: datetime | None
    milliseconds: float | None
    """None while the span has no end."""
    x: float
    width: float
    failed: bool
    attributes: dict[str, Any]
    events: list[tuple[str, str]]

    @property
    def json(self) -> str:
        return text.pretty(self.attributes)

    @property
    def indent(self) -> int:
        """How many steps a page indents the row: past eight it would push the name out of sight."""
        return min(self.depth, 8)


@dataclass(frozen=True, slots=True)
class Waterfall:
    rows: list[SpanRow]
    total: int
    milliseconds: float


def _failed(span: Span) -> bool:
    values = {str(key): value for key, value in (span.attributes or {}).items()}
    status = str(values.get("status_code") or values.get("otel.status_code") or values.get("status.code") or "")
    return "ERROR" in status.upper() or any((event.name or "") == "exception" for event in span.events or ())


def _walk(root: Span) -> list[tuple[Span, int]]:
    """Depth first, in order of start; a loop, not recursion: traces nest deeper than Python's stack."""
    found: list[tuple[Span, int]] = []
    stack = [(root, 0)]
    while stack:
        span, depth = stack.pop()
        found.append((span, depth))
        children = sorted(span.children or (), key=lambda child: child.start_time_unix_nano or 0, reverse=True)
        stack.extend((child, depth + 1) for child in children)
    return found


def _extent(spans: list[tuple[Span, int]], summary: TraceSummary) -> tuple[int, int]:
    starts = [span.start_time_unix_nano for span, _ in spans if span.start_time_unix_nano]
    ends = [end for span, _ in spans for end in (span.end_time_unix_nano, span.start_time_unix_nano) if end]
    for moment in (text.parse_time(summary.end_time),):
        if moment:
            ends.append(int(moment.timestamp() * 1e9))
    return (min(starts, default=0), max(ends, default=0))


def waterfall(summary: TraceSummary, query: str = "") -> Waterfall | None:
    """The summary's spans as rows; None when the API has no spans.

    The vendor's worker makes a workflow's own span zero long; its bar is drawn from its first to its last descendant.
    """
    if summary.span_tree is None:
        return None
    spans = _walk(summary.span_tree)
    first, last = _extent(spans, summary)
    span_of_all = max(last - first, 1)
    rows = []
    for span, depth in spans:
        start, end = span.start_time_unix_nano or first, span.end_time_unix_nano
        if end is not None and end <= start and span.children:
            end = max(_last(child) for child in span.children)
        drawn = last if end is None else end
        rows.append(
            SpanRow(
                id=text.clean(span.span_id, 64),
                name=text.clean(span.name or "—", 200),
                depth=depth,
                start=text.parse_time(start),
                milliseconds=None if end is None else max(end - start, 0) / 1e6,
                x=round((start - first) / span_of_all * WIDTH, 2),
                width=max(round((drawn - start) / span_of_all * WIDTH, 2), 3),
                failed=_failed(span),
                attributes=span.attributes or {},
                events=[
                    (text.clean(event.name or "—", 200), text.pretty(event.attributes or {}, 5_000))
                    for event in span.events or ()
                ],
            )
        )
    wanted = query.casefold()
    kept = [row for row in rows if not wanted or wanted in f"{row.name} {row.id} {row.attributes}".casefold()]
    return Waterfall(kept[:MAX_ROWS], len(kept), span_of_all / 1e6)


def _last(span: Span) -> int:
    return max((one.end_time_unix_nano or one.start_time_unix_nano or 0) for one, _ in _walk(span))


@dataclass(frozen=True, slots=True)
class TraceEventRow:
    id: str
    name: str
    time: datetime | None
    status: str
    error: str
    internal: bool
    json: str


def event_rows(answer: TraceEvents, query: str = "") -> list[TraceEventRow]:
    """The trace's events in the API's order."""
    rows = [
        TraceEventRow(
            id=text.clean(event.id or "", 100),
            name=text.clean(event.name or "—", 200),
            time=text.parse_time(event.timestamp_unix_nano),
            status=text.clean(event.status or "", 40),
            error=text.clean(event.error or "", 500),
            internal=bool(event.internal),
            json=text.pretty(event.attributes or {}),
        )
        for event in answer.events or ()
    ]
    wanted = query.casefold()
    return [row for row in rows if not wanted or wanted in f"{row.name} {row.id} {row.error} {row.json}".casefold()]
