"""The log lines that the console has fetched so far: see `fetched`."""

from collections import Counter

from executions.services import logs, text
from executions.services.fetched import Asked, Row, Store
from executions.upstream.types import LogPage

store = Store()


def note(execution_id: str, asked: Asked, page: LogPage) -> None:
    """A page has come."""
    rows: dict[int, Row] = {}
    seen: Counter[tuple[str | None, ...]] = Counter()
    for record in page.results:
        if moment := text.parse_time(record.timestamp):
            # As their addresses: equal lines are several, by their ordinal.
            named = (record.timestamp, record.trace_id, record.span_id, record.severity_text, record.body)
            said = logs.about(record.log_attributes or {}, "workflow_run_id", 100)
            rows[hash((named, seen[named]))] = Row(
                moment.timestamp(), logs.tone(record.severity_text or ""), asked.run_id, said
            )
            seen[named] += 1
    store.note(execution_id, asked, rows, page.next_cursor)
