"""From a row of one tab to the same thing on another: an address that goes there."""

from datetime import datetime

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from executions import ids
from executions.permissions import check_allowed
from executions.services import history_index, joined, run_spans, temporal, text, trace_reads
from executions.services.history import EventRow
from executions.services.runs import Run
from executions.services.steps import Step
from executions.services.time_range import TimeRange
from executions.upstream import errors
from executions.views.errors import describe, with_headers
from executions.views.frame import allowed, fetch, page_url, real_id

NEEDS = {"history": "history", "trace": "trace-summary", "logs": "logs", "events": "event-stream"}
"""The tabs that one can go to, and what a viewer must be allowed for each."""


@allowed("history")
def go(request: HttpRequest, execution_id: str) -> HttpResponse:
    """`to` a tab, from an `event` of the history, or an `activity` by its number, `at` a time. Without what belongs to
    it there, or where that cannot be read, the tab shows its time.
    """
    to = request.GET.get("to", "")
    if to not in NEEDS:
        raise BadRequest("“to” is one of history, trace, logs and events.")
    check_allowed(request.user, NEEDS[to])
    run = fetch(request, real_id(execution_id))
    at, row, query = text.parse_iso(request.GET.get("at", "")), None, {}
    try:
        row = _row(request, run, at)
    except errors.UpstreamError as error:
        if at is None:
            raise
        _say(request, "history", error)
    if row is None and at is None:
        raise errors.NotFound("The history has no such event or activity.", status=404)
    try:
        query = _selected(run, to, row)
    except errors.UpstreamError as error:
        _say(request, "trace", error)
    during = joined.time_of(row) if row else joined.around(at, at) if at else TimeRange()
    address = page_url(to, run.execution_id, **({"run": run.run_id} | (query or _time(during))))
    return with_headers(HttpResponseRedirect(address))


def _row(request: HttpRequest, run: Run, at: datetime | None) -> Step | EventRow | None:
    """What the address names in the run's history. Raises UpstreamError."""
    index = history_index.of(run)
    if activity := request.GET.get("activity", ""):
        return joined.step_of(index, temporal.activity_id(activity), at, at)
    return joined.event_or_step(index, temporal.number(request.GET.get("event", "")))


def _say(request: HttpRequest, what: str, error: errors.UpstreamError) -> None:
    """On the page that it leads to."""
    title = describe(error, request.user).title
    messages.warning(request, f"The {what} could not be read: {title}. So here is all of the time that was looked for.")


def _selected(run: Run, to: str, row: Step | EventRow | None) -> dict[str, str]:
    """What says, in the tab's address, which one is meant; empty where it has no such thing. Raises UpstreamError."""
    if to == "history":
        return {"event": str(row.id)} if row else {}
    number = joined.activity_id(row) if isinstance(row, Step) else ""
    if to == "logs":
        return {"activity": number} if ids.is_activity_id(number) else {}
    if to == "trace" and isinstance(row, Step) and number:
        whole = trace_reads.part(run)
        trace = run_spans.of(run, whole).trace if whole else None
        place = joined.span_of(trace, run.execution_id, row) if trace else None
        return {"span": trace.nodes[place].id} if trace and place is not None else {}
    return {}


def _time(during: TimeRange) -> dict[str, str]:
    ends = {"after": during.after, "before": during.before}
    return {name: moment.isoformat() for name, moment in ends.items() if moment}
