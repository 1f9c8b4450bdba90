"""What the history and the event stream have of a span: its activity's events, and what was announced in its time."""

from dataclasses import dataclass

from django.conf import settings

from executions import ids
from executions.services import api, events, fetched_events, history_index, joined, text
from executions.services.events import StreamRow
from executions.services.joined import Activity
from executions.services.runs import Run
from executions.services.shared import Shared
from executions.services.slices import in_slices
from executions.services.steps import Step
from executions.services.time_range import TimeRange
from executions.services.traces import Trace

SHOWN = 12
AGE = 15.0
"""Seconds that the events may be old: they are the same for every span that somebody looks at."""
_pages = Shared(at_once=5, stands_in=False)


@dataclass(frozen=True, slots=True)
class SpanHistory:
    activity: Activity | None
    other: str
    """The execution that the span says it is of, where that is not the one shown."""
    during: TimeRange
    """The span's time."""
    around: TimeRange
    """A little more than that: what a link to another tab shows."""

    @property
    def has_page(self) -> bool:
        """Whether the other execution can have one: its id comes from a worker, and may be any text."""
        return ids.is_execution_id(self.other)

    @property
    def shown_other(self) -> str:
        return text.clean(self.other, 200)


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
    """What the span itself says."""
    node = trace.nodes[place]
    begun, ended = text.parse_time(node.begin), text.parse_time(node.until) if node.end else None
    activity = joined.activity_of(trace, place)
    owner = activity.execution_id if activity else node.workflow
    other = owner if owner and owner != run.execution_id else ""
    return SpanHistory(activity, other, TimeRange(begun, ended), joined.around(begun, ended) if begun else TimeRange())


def step_of(run: Run, found: SpanHistory) -> Step | None:
    """Its activity in the history. Raises UpstreamError."""
    activity = found.activity
    if activity is None or found.other:
        return None
    return joined.step_of(history_index.of(run), activity.id, activity.begun, activity.ended)


def streamed(run: Run, found: SpanHistory) -> SpanEvents:
    """Its activity's events, as far as clocks agree, and in its time those of no activity; of a span of no single
    activity, all those in its time. Raises UpstreamError.
    """
    # They cannot be asked for by time.
    execution_id, client = found.other or run.execution_id, api.client()

    def call() -> tuple[list[StreamRow], bool]:
        page = client.get_workflow_events(workflow_exec_id=execution_id, limit=fetched_events.MOST)
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
    number, wide = found.activity.id if found.activity else "", joined.widened(found.during)
    its = [
        row
        for row in rows
        if (wide.has(row.time) if number and row.activity == number else found.during.has(row.time))
        and (not number or row.activity in {number, ""})
    ]
    return SpanEvents(its[:SHOWN], len(its), len(rows), is_all)
