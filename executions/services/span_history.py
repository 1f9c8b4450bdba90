"""What the history and the event stream have of a span: its activity's events, and what was announced in its time."""

from dataclasses import dataclass

from django.conf import settings

from executions.services import api, events, history_index, joined, text
from executions.services.events import StreamRow
from executions.services.joined import Activity
from executions.services.runs import Run
from executions.services.shared import Shared
from executions.services.slices import in_slices
from executions.services.steps import Step
from executions.services.time_range import TimeRange
from executions.services.traces import Trace

EVENTS_READ = 1_000
"""What one call to the API gives at most. They cannot be asked for by time."""
SHOWN = 12
AGE = 15.0
"""Seconds that the events may be old: they are the same for every span that somebody looks at."""
_pages = Shared(at_once=5, stands_in=False)


@dataclass(frozen=True, slots=True)
class SpanHistory:
    activity: Activity | None
    other: str
    """The execution that the span says it is of, where that is not the one shown."""
    step: Step | None
    during: TimeRange
    """The span's time."""


@dataclass(frozen=True, slots=True)
class SpanEvents:
    rows: list[StreamRow]
    """The first of them."""
    count: int
    read: int
    """How many events were looked through."""
    is_all: bool
    """Whether those were all there are."""


def of(run: Run, trace: Trace, place: int) -> SpanHistory:
    """Raises UpstreamError."""
    node = trace.nodes[place]
    begun, ended = text.parse_time(node.begin), text.parse_time(node.until)
    during = joined.around(begun, ended if node.end else None) if begun else TimeRange()
    activity = joined.activity_of(trace, place)
    owner = activity.execution_id if activity else joined.workflow_of(node)
    other = owner if owner and owner != run.execution_id else ""
    step = None
    if activity and not other:
        step = joined.step_of(history_index.of(run), activity.id, activity.begun, activity.ended)
    return SpanHistory(activity, other, step, during)


def streamed(run: Run, found: SpanHistory) -> SpanEvents:
    """Its activity's events, and in its time those of no activity. Raises UpstreamError."""
    execution_id, client = found.other or run.execution_id, api.client()

    def call() -> tuple[list[StreamRow], bool]:
        page = client.get_workflow_events(workflow_exec_id=execution_id, limit=EVENTS_READ)
        return [events.row(event) for event in in_slices(page.events)], not page.next_cursor

    known = _pages.read(
        (client, execution_id),
        call,
        age=AGE,
        size=lambda one: sum(500 + len(row.json) for row in one[0]),
        timeout=settings.UPSTREAM_TIMEOUT_SECONDS,
        patient=True,
    )
    rows, is_all = known.value
    number = found.activity.id if found.activity else ""
    its = [row for row in rows if found.during.has(row.time) and (not number or row.activity in {number, ""})]
    return SpanEvents(its[:SHOWN], len(its), len(rows), is_all)
