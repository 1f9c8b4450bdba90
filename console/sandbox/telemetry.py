"""Events, log records and spans, in memory and bounded; readers wait for what is new."""

import asyncio
import logging
import time
import uuid
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

KEPT_ROWS = 20_000
"""Events or log records kept of one execution."""
KEPT_SPANS = 20_000
KEPT_EXECUTIONS = 2_000


@dataclass
class Row:
    sequence: int
    data: dict[str, Any]


class Feed:
    """Rows of one execution, in order, with a number each."""

    def __init__(self) -> None:
        self.rows: deque[Row] = deque(maxlen=KEPT_ROWS)
        self.changed = asyncio.Event()

    def after(self, sequence: int) -> list[Row]:
        return [row for row in self.rows if row.sequence > sequence]

    def add(self, row: Row) -> None:
        self.rows.append(row)
        self.changed.set()
        self.changed = asyncio.Event()


@dataclass
class Chain:
    """What the engine tells a workflow of its relations, kept for its activities."""

    root: str
    parent: str | None
    first_run: str
    continued_run: str | None
    workflow: str


@dataclass
class Telemetry:
    """Everything the worker reported. Add from any thread; read on the loop."""

    loop: asyncio.AbstractEventLoop
    events: dict[str, Feed] = field(default_factory=lambda: defaultdict(Feed))
    logs: dict[str, Feed] = field(default_factory=lambda: defaultdict(Feed))
    spans: "OrderedDict[str, list[ReadableSpan]]" = field(default_factory=OrderedDict)
    traces: dict[str, str] = field(default_factory=dict)
    """Execution id to trace id."""
    chains: dict[str, Chain] = field(default_factory=dict)
    sequence: int = 0

    def on_loop(self, call: Callable[..., None], *args: Any) -> None:
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(call, *args)

    def event(self, execution_id: str, run_id: str, kind: str, attributes: dict[str, Any]) -> None:
        """Report an event; from any thread."""
        self.on_loop(self._event, execution_id, run_id, kind, attributes, time.time_ns())

    def _event(self, execution_id: str, run_id: str, kind: str, attributes: dict[str, Any], moment: int) -> None:
        chain = self.chains.get(run_id) or Chain(execution_id, None, run_id, None, "")
        self.sequence += 1
        data = {
            "event_id": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{run_id}-{self.sequence}")),
            "event_timestamp": moment,
            "root_workflow_exec_id": chain.root,
            "parent_workflow_exec_id": chain.parent,
            "continued_run_id": chain.continued_run,
            "first_execution_run_id": chain.first_run,
            "schedule_id": None,
            "workflow_exec_id": execution_id,
            "workflow_run_id": run_id,
            "workflow_name": chain.workflow,
            "event_type": kind,
            "attributes": attributes,
        }
        self.events[execution_id].add(Row(self.sequence, data))

    def remember(self, run_id: str, chain: Chain) -> None:
        self.chains[run_id] = chain
        while len(self.chains) > KEPT_EXECUTIONS:
            self.chains.pop(next(iter(self.chains)))

    def log(self, execution_id: str, data: dict[str, Any]) -> None:
        """Report a log record; from any thread."""
        self.on_loop(self._log, execution_id, data)

    def _log(self, execution_id: str, data: dict[str, Any]) -> None:
        self.sequence += 1
        self.logs[execution_id].add(Row(self.sequence, data))

    def span(self, span: ReadableSpan) -> None:
        self.on_loop(self._span, span)

    def _span(self, span: ReadableSpan) -> None:
        trace_id = format(span.context.trace_id, "032x") if span.context else ""
        kept = self.spans.setdefault(trace_id, [])
        if len(kept) < KEPT_SPANS:
            kept.append(span)
        execution_id = (span.attributes or {}).get("temporalWorkflowID")
        if isinstance(execution_id, str):
            self.traces.setdefault(execution_id, trace_id)
        while len(self.spans) > KEPT_EXECUTIONS:
            self.spans.popitem(last=False)


class SpanKeeper(SpanExporter):
    """OpenTelemetry's exporter into memory."""

    def __init__(self, telemetry: Telemetry) -> None:
        self.telemetry = telemetry

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        for span in spans:
            self.telemetry.span(span)
        return SpanExportResult.SUCCESS


class LogKeeper(logging.Handler):
    """Log records of workflows and activities, with the span they were written in."""

    def __init__(self, telemetry: Telemetry) -> None:
        super().__init__()
        self.telemetry = telemetry

    def emit(self, record: logging.LogRecord) -> None:
        context: dict[str, Any] = getattr(record, "temporal_activity", None) or getattr(record, "temporal_workflow", {})
        execution_id = context.get("workflow_id")
        # The library's own words on a failing activity repeat what the activity has said.
        if not execution_id or record.getMessage().startswith("Completing activity as failed"):
            return
        span = trace.get_current_span().get_span_context()
        body = record.getMessage()
        if record.exc_info:
            body += "\n" + logging.Formatter().formatException(record.exc_info)
        attributes = {"engine_run_id": str(context.get("workflow_run_id") or context.get("run_id") or "")}
        for name in ("activity_id", "activity_type", "attempt", "workflow_type"):
            if name in context:
                attributes[name] = str(context[name])
        data = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds"),
            "trace_id": format(span.trace_id, "032x"),
            "span_id": format(span.span_id, "016x"),
            "severity_text": record.levelname,
            "body": body,
            "log_attributes": attributes,
        }
        self.telemetry.log(execution_id, data)
