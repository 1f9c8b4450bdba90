"""Log lines: the API's pages as rows with an address each."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from executions.services import text
from executions.upstream.types import LogRecord

PAGE_SIZE = 100
"""What one call to the API gives at most."""
BODY_LIMIT = 20_000
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
    activity: str
    trace_id: str
    span_id: str
    attributes: str


def _tone(severity: str) -> str:
    lowered = severity.casefold()
    return _TONES.get(lowered, "debug" if lowered in {"debug", "trace"} else "info")


def row(record: LogRecord, ordinal: int = 0) -> LogRow:
    """One record as a row. `ordinal` counts its equals before it on the page."""
    # Not the attributes: large ones are cut in live rows, and their order may change.
    named = (record.timestamp, record.trace_id, record.span_id, record.severity_text, record.body)
    digest = hashlib.sha256(text.encode(named)).hexdigest()[:12]
    severity = text.clean(record.severity_text or "—", 20)
    attributes = record.log_attributes or {}
    return LogRow(
        address=f"{text.clean(record.timestamp or '', 40)}-{digest}" + (f"~{ordinal}" if ordinal else ""),
        time=text.parse_time(record.timestamp),
        timestamp=text.clean(record.timestamp or "", 40),
        severity=severity.upper(),
        tone=_tone(severity),
        body=text.clean(record.body or "", BODY_LIMIT),
        activity=text.label(attributes.get("activity_type") or attributes.get("temporal.activity_type"), 100),
        trace_id=text.clean(record.trace_id or "", 64),
        span_id=text.clean(record.span_id or "", 64),
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


def matching(lines: list[LogRow], *, severities: list[str], query: str) -> list[LogRow]:
    """The lines of these severities (all, if none is given) that contain the text."""
    wanted = query.casefold()
    return [
        line
        for line in lines
        if (not severities or line.tone in severities)
        and (not wanted or wanted in f"{line.body} {line.attributes}".casefold())
    ]
