"""Log lines: the API's pages as rows with an address each."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from executions import ids
from executions.services import text, wanted
from executions.upstream.types import LogRecord

PAGE_SIZE = 100
"""What one call to the API gives at most."""
BODY_LIMIT = 20_000
"""Characters of a line's body that a page shows."""
LATE = timedelta(seconds=5)
"""By how much workers' clocks, and the ways of their lines, may differ."""
_TONES = {"fatal": "error", "critical": "error", "error": "error", "warning": "warning", "warn": "warning"}
SEVERITIES = ("debug", "info", "warning", "error")


@dataclass(frozen=True, slots=True)
class LogRow:
    address: str
    """Names the line in links: `<time>-<digest of the record>`, and `~<ordinal>` where it has equals before it."""
    time: datetime | None
    timestamp: str
    severity: str
    tone: str
    """One of SEVERITIES: what the row's colour and the filter go by."""
    body: str
    more: int
    """Lines of the body after the first."""
    cut: int
    """How many characters of the body are shown, if it has more."""
    activity: str
    activity_id: str
    """What the API filters by; empty where it could not."""
    trace_id: str
    span_id: str
    attributes: str


def tone(severity: str) -> str:
    """One of SEVERITIES: what a severity counts as."""
    lowered = severity.casefold()
    return _TONES.get(lowered, "debug" if lowered in {"debug", "trace"} else "info")


def about(attributes: dict[str, Any], name: str, limit: int) -> str:
    """An attribute of the worker's, under its own name or its name in Temporal's log context."""
    return text.label(attributes.get(name) or attributes.get(f"temporal.{name}"), limit)


def _trace(value: str | None) -> str:
    """A trace's or span's id; OpenTelemetry writes zeros where there is none."""
    return text.clean(value or "", 64) if value and value.strip("0") else ""


def row(record: LogRecord, ordinal: int = 0) -> LogRow:
    """One record as a row. `ordinal` counts its equals before it on the page."""
    # Not the attributes: large ones are cut in live rows, and their order may change.
    named = (record.timestamp, record.trace_id, record.span_id, record.severity_text, record.body)
    digest = hashlib.sha256(text.encode(named)).hexdigest()[:12]
    severity = text.clean(record.severity_text or "—", 20)
    attributes = record.log_attributes or {}
    body = text.clean(record.body or "", BODY_LIMIT)
    return LogRow(
        address=f"{text.clean(record.timestamp or '', 40)}-{digest}" + (f"~{ordinal}" if ordinal else ""),
        time=text.parse_time(record.timestamp),
        timestamp=text.clean(record.timestamp or "", 40),
        severity=severity.upper(),
        tone=tone(severity),
        body=body,
        more=body.rstrip().count("\n"),
        cut=len(body) - 1 if len(record.body or "") > BODY_LIMIT and body.endswith("…") else 0,
        activity=about(attributes, "activity_type", 100),
        activity_id=number if ids.is_activity_id(number := about(attributes, "activity_id", 30)) else "",
        trace_id=_trace(record.trace_id),
        span_id=_trace(record.span_id),
        attributes=text.pretty(attributes) if attributes else "",
    )


def time_of(address: str) -> datetime | None:
    """When the line of this address was written; None if it is no line's address."""
    return text.parse_time(address.partition("~")[0].rpartition("-")[0])


def rows(records: Iterable[LogRecord]) -> list[LogRow]:
    """Records in the order given, equals told apart by their ordinal."""
    seen: Counter[str] = Counter()
    found = []
    for record in records:
        line = row(record)
        ordinal = seen[line.address]
        seen[line.address] += 1
        found.append(row(record, ordinal) if ordinal else line)
    return found


def activities(lines: Iterable[LogRow]) -> dict[str, str]:
    """The activities of these lines that can be asked for: names by number, in the order of their numbers."""
    found = {line.activity_id: line.activity for line in lines if line.activity_id}
    return dict(sorted(found.items(), key=lambda one: int(one[0])))


def matching(lines: list[LogRow], *, severities: list[str], query: str) -> list[LogRow]:
    """The lines of these severities (all, if none is given) that contain the text."""
    return wanted.matching(
        lines, severities, query, kind=lambda line: line.tone, words=lambda line: f"{line.body} {line.attributes}"
    )
