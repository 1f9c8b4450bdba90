"""Traces: the span tree as indented rows with bars, trace events, and the OpenTelemetry batches as JSON."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from executions.services import text
from executions.upstream.types import Span, TraceEvents, TraceSummary

MAX_ROWS = 1_000
"""Spans that a page draws."""
_LATEST = 2**63 - 1
"""Nanoseconds since 1970 that a time can have; what is beyond is no time."""
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
    values = span.attributes or {}
    codes = (values.get(key) for key in ("status_code", "otel.status_code", "status.code"))
    status = next((code for code in codes if isinstance(code, str) and code), "")
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


def _nano(moment: int | None) -> int | None:
    """Nanoseconds since 1970; None for what is no time."""
    return moment if moment is not None and 0 < moment < _LATEST else None


def _extent(spans: list[tuple[Span, int]], summary: TraceSummary) -> tuple[int, int]:
    starts = [start for span, _ in spans if (start := _nano(span.start_time_unix_nano))]
    ends = [end for span, _ in spans if (end := _nano(span.end_time_unix_nano))]
    ended = text.parse_time(summary.end_time)
    if ended:
        ends.append(int(ended.timestamp() * 1e9))
    return min(starts, default=0), max([*starts, *ends], default=0)


def waterfall(summary: TraceSummary, query: str = "") -> Waterfall | None:
    """The summary's spans as rows; None when the API has no spans."""
    if summary.span_tree is None:
        return None
    spans = _walk(summary.span_tree)
    first, last = _extent(spans, summary)
    ends = _ends(spans)
    wanted = query.casefold()
    kept = [place for place, (span, _) in enumerate(spans) if not wanted or wanted in _searchable(span)]
    rows = [_row(*spans[place], ends[place], (first, last)) for place in kept[:MAX_ROWS]]
    return Waterfall(rows, len(kept), (last - first) / 1e6)


def _searchable(span: Span) -> str:
    return f"{span.name} {span.span_id} {text.pretty(span.attributes or {})}".casefold()


def _row(span: Span, depth: int, end: int | None, extent: tuple[int, int]) -> SpanRow:
    first, last = extent
    start = _nano(span.start_time_unix_nano) or first
    scale = WIDTH / max(last - first, 1)
    drawn = last if end is None else end
    return SpanRow(
        id=text.clean(span.span_id, 64),
        name=text.clean(span.name or "—", 200),
        depth=depth,
        start=text.parse_time(start) if start else None,
        milliseconds=None if end is None else max(end - start, 0) / 1e6,
        x=round((start - first) * scale, 2),
        width=max(round((drawn - start) * scale, 2), 3),
        failed=_failed(span),
        attributes=span.attributes or {},
        events=[
            (text.clean(event.name or "—", 200), text.pretty(event.attributes or {}, 5_000))
            for event in span.events or ()
        ],
    )


def _ends(spans: list[tuple[Span, int]]) -> list[int | None]:
    """Where each bar of the walk ends; None while its span runs.

    The vendor's worker makes a workflow's own span zero long: such a bar goes to the end of its last descendant.
    """
    latest = [_nano(span.end_time_unix_nano) or _nano(span.start_time_unix_nano) or 0 for span, _ in spans]
    waiting: list[int] = []
    for place in range(len(spans) - 1, -1, -1):
        # Backwards, a span's descendants have just been seen; `waiting` holds those whose parent is still to come.
        while waiting and spans[waiting[-1]][1] > spans[place][1]:
            latest[place] = max(latest[place], latest[waiting.pop()])
        waiting.append(place)
    ends: list[int | None] = []
    for (span, _), last in zip(spans, latest, strict=True):
        end, start = _nano(span.end_time_unix_nano), _nano(span.start_time_unix_nano) or 0
        ends.append(last if end is not None and end <= start and span.children else end)
    return ends


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
