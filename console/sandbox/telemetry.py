"""Events, log records and spans, in memory and bounded; readers wait for what is new."""

import asyncio
import logging
import time
import uuid
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import temporalio
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

KEPT_ROWS = 20_000
"""Events, log records or spans kept of one execution."""
KEPT_EXECUTIONS = 2_000
"""Executions that any of those are kept of; the oldest go first."""
_LIBRARY = str(Path(temporalio.__path__[0])) + "/"
_FROM_OUTSIDE = ("QueryWorkflow:", "HandleQuery:", "SignalWorkflow:", "StartWorkflowUpdate:")
"""Spans that are in no execution's trace: what is sent to a workflow has a trace of its own."""
T = TypeVar("T")


@dataclass
class Row:
    sequence: int
    data: dict[str, Any]


class Feed:
    """Rows of one execution, in order, with a number each."""

    def __init__(self) -> None:
        self.rows: deque[Row] = deque(maxlen=KEPT_ROWS)
        self.changed = asyncio.Event()
        """Set at the next row, and replaced by a new one: take it before reading, and nothing is missed."""

    @property
    def last(self) -> int:
        return self.rows[-1].sequence if self.rows else 0

    def after(self, sequence: int) -> list[Row]:
        """The rows with a higher number, from the end: a reader that keeps up does not pay for the past."""
        found: list[Row] = []
        for row in reversed(self.rows):
            if row.sequence <= sequence:
                break
            found.append(row)
        return found[::-1]

    def add(self, row: Row) -> None:
        self.rows.append(row)
        self.wake()

    def wake(self) -> None:
        """Let readers look again."""
        self.changed.set()
        self.changed = asyncio.Event()


class Kept(OrderedDict[str, T]):
    """A dictionary that forgets its oldest entries."""

    def __init__(self, most: int, make: Callable[[], T] | None = None) -> None:
        super().__init__()
        self.most = most
        self.make = make

    def __missing__(self, key: str) -> T:
        if self.make is None:
            raise KeyError(key)
        self[key] = found = self.make()
        return found

    def __setitem__(self, key: str, value: T) -> None:
        super().__setitem__(key, value)
        while len(self) > self.most:
            self.popitem(last=False)


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
    events: Kept[Feed] = field(default_factory=lambda: Kept(KEPT_EXECUTIONS, Feed))
    logs: Kept[Feed] = field(default_factory=lambda: Kept(KEPT_EXECUTIONS, Feed))
    spans: Kept[list[ReadableSpan]] = field(default_factory=lambda: Kept(KEPT_EXECUTIONS, list))
    """By trace id."""
    traces: Kept[str] = field(default_factory=lambda: Kept(KEPT_EXECUTIONS))
    """Execution id to the id of its latest trace."""
    chains: Kept[Chain] = field(default_factory=lambda: Kept(KEPT_EXECUTIONS))
    """By the engine's run id."""
    sequence: int = 0

    def _on_loop(self, call: Callable[..., None], *args: Any) -> None:
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(call, *args)

    def wake(self, execution_id: str) -> None:
        """Let an execution's streams look again; on the loop."""
        for feeds in (self.events, self.logs):
            if execution_id in feeds:
                feeds[execution_id].wake()

    def remember(self, run_id: str, chain: Chain) -> None:
        self._on_loop(self.chains.__setitem__, run_id, chain)

    def event(self, execution_id: str, run_id: str, kind: str, attributes: dict[str, Any]) -> None:
        self._on_loop(self._event, execution_id, run_id, kind, attributes, time.time_ns())

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

    def log(self, execution_id: str, data: dict[str, Any]) -> None:
        self._on_loop(self._log, execution_id, data)

    def _log(self, execution_id: str, data: dict[str, Any]) -> None:
        self.sequence += 1
        self.logs[execution_id].add(Row(self.sequence, data))

    def span(self, span: ReadableSpan) -> None:
        self._on_loop(self._span, span)

    def _span(self, span: ReadableSpan) -> None:
        if span.name.startswith(_FROM_OUTSIDE):
            return
        trace_id = format(span.context.trace_id, "032x") if span.context else ""
        kept = self.spans[trace_id]
        if len(kept) < KEPT_ROWS:
            kept.append(span)
        if span.name.startswith("RunWorkflow:"):
            self.traces[str((span.attributes or {})["temporalWorkflowID"])] = trace_id


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
        # The library's own words repeat what the history says.
        if not execution_id or record.pathname.startswith(_LIBRARY):
            return
        span = trace.get_current_span().get_span_context()
        body = record.getMessage()
        if record.exc_info:
            body += "\n" + logging.Formatter().formatException(record.exc_info)
        attributes = {"workflow_run_id": str(context.get("workflow_run_id") or context.get("run_id") or "")}
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
