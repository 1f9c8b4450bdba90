"""What the Workflows API answers.

Lenient on purpose: unknown fields are ignored, everything but ids may be missing, statuses and times stay the text that
came (new ones will come), payloads stay raw JSON until a page shows them. What workflows fill in themselves (bodies of
log records, attributes, schemas) may have any type: one odd record must not take the page away from the others.
"""

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Raw, Struct, field

EMPTY = Raw(b"")
"""A payload that was not sent."""

# Decoded as whatever came, then made what they are declared to be by `__post_init__`.
if TYPE_CHECKING:
    Attributes = dict[str, Any]
    Text = str
else:
    Attributes = Text = Any


def _attributes(value: Any) -> dict[str, Any] | None:
    return value if value is None or isinstance(value, dict) else {"value": value}


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else msgspec.json.encode(value).decode()


class Execution(Struct, kw_only=True):
    """An execution, in one of its runs. Times are ISO text; `total_duration_ms` counts milliseconds."""

    execution_id: str
    workflow_name: str | None = None
    workflow_id: str | None = None
    deployment_name: str | None = None
    parent_execution_id: str | None = None
    root_execution_id: str | None = None
    run_id: str | None = None
    user_id: str | None = None
    status: str | None = None
    start_time: str | None = None
    end_time: str | None = None
    total_duration_ms: float | None = None
    search_keys: Raw = EMPTY
    result: Raw = EMPTY


class RunPage(Struct, kw_only=True):
    executions: list[Execution]
    next_page_token: str | None = None


class History(Struct, kw_only=True):
    """A history as received. `events` is None where the answer is not `{"events": [...]}`."""

    raw: bytes
    events: list[Raw] | None = None


class LogRecord(Struct, kw_only=True):
    timestamp: str | None = None
    trace_id: str | None = None
    span_id: str | None = None
    severity_text: str | None = None
    body: Text | None = None
    log_attributes: Attributes | None = None

    def __post_init__(self) -> None:
        self.body = _text(self.body)
        self.log_attributes = _attributes(self.log_attributes)


class LogPage(Struct, kw_only=True):
    results: list[LogRecord]
    next_cursor: str | None = None


class TraceInfo(Struct, kw_only=True):
    otel_trace_id: str | None = None
    has_trace_data: bool | None = None


class TraceOtel(Execution, kw_only=True):
    data_source: str | None = None
    otel_trace_id: str | None = None
    otel_trace_data: Raw = EMPTY


class TraceEvent(Struct, kw_only=True):
    """An event of a trace. `timestamp_unix_nano` in nanoseconds, `*_unix_ms` in milliseconds since 1970."""

    id: str | None = None
    name: str | None = None
    type: str | None = None
    timestamp_unix_nano: int | None = None
    attributes: Raw = EMPTY
    internal: bool | None = None
    status: str | None = None
    start_time_unix_ms: int | None = None
    end_time_unix_ms: int | None = None
    error: Text | None = None

    def __post_init__(self) -> None:
        self.error = _text(self.error)


class Span(Struct, kw_only=True):
    """A span of the summary's tree. One without an end is still running. `events` is a list of `TraceEvent`."""

    span_id: str
    name: str | None = None
    start_time_unix_nano: int | None = None
    end_time_unix_nano: int | None = None
    attributes: Raw = EMPTY
    events: Raw = EMPTY
    children: "list[Span] | None" = None


class TraceSummary(Execution, kw_only=True):
    span_tree: Span | None = None


class TraceEvents(Execution, kw_only=True):
    events: list[TraceEvent] | None = None


class SignalAnswer(Struct, kw_only=True):
    message: str | None = None


class QueryAnswer(Struct, kw_only=True):
    query_name: str | None = None
    result: Raw = EMPTY


class UpdateAnswer(Struct, kw_only=True):
    update_name: str | None = None
    result: Raw = EMPTY


class BatchResult(Struct, kw_only=True):
    status: str | None = None
    error: str | None = None


class BatchAnswer(Struct, kw_only=True):
    results: dict[str, BatchResult] = field(default_factory=dict)


class WorkflowEvent(Struct, kw_only=True):
    """An event of the stream. `event_timestamp` counts nanoseconds since 1970."""

    event_id: str | None = None
    event_timestamp: int | None = None
    event_type: str | None = None
    workflow_exec_id: str | None = None
    workflow_run_id: str | None = None
    workflow_name: str | None = None
    root_workflow_exec_id: str | None = None
    parent_workflow_exec_id: str | None = None
    attributes: Raw = EMPTY


class EventPage(Struct, kw_only=True):
    events: list[WorkflowEvent]
    next_cursor: str | None = None


class StreamEvent(Struct, kw_only=True):
    """A message of the event stream. `broker_sequence` is ordered, unique and good for resuming."""

    data: WorkflowEvent
    stream: str | None = None
    timestamp: str | None = None
    broker_sequence: int | None = None


class Handler(Struct, kw_only=True):
    """A signal, query or update that a workflow declares."""

    name: str
    description: str | None = None
    input_schema: Attributes | None = None
    """JSON Schema; None if it is not an object, which says nothing about the fields."""

    def __post_init__(self) -> None:
        self.input_schema = self.input_schema if isinstance(self.input_schema, dict) else None


class Definition(Struct, kw_only=True):
    signals: list[Handler] | None = None
    queries: list[Handler] | None = None
    updates: list[Handler] | None = None
    input_schema: Attributes | None = None

    def __post_init__(self) -> None:
        self.input_schema = self.input_schema if isinstance(self.input_schema, dict) else None


class Registration(Struct, kw_only=True):
    id: str
    definition: Definition
    workflow_id: str | None = None
    deployment_name: str | None = None
    active: bool | None = None


class RegistrationPage(Struct, kw_only=True):
    workflow_registrations: list[Registration]
    next_cursor: str | None = None


class RegistrationAnswer(Struct, kw_only=True):
    workflow_registration: Registration


class HistoryEvents(Struct, kw_only=True):
    """Only to find the events without decoding them."""

    events: list[Raw]
