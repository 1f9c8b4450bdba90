"""From a row of one tab to the same thing on another: an address that goes there."""

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from executions import ids
from executions.permissions import check_allowed
from executions.services import history_index, joined, temporal, text, trace_reads
from executions.services.history import EventRow
from executions.services.runs import Run
from executions.services.steps import Step
from executions.services.time_range import TimeRange
from executions.upstream import errors
from executions.views.errors import with_headers
from executions.views.frame import allowed, fetch, page_url, real_id

NEEDS = {"history": "history", "trace": "trace-summary", "logs": "logs", "events": "event-stream"}
"""The tabs that one can go to, and what a viewer must be allowed for each."""


@allowed("history")
def go(request: HttpRequest, execution_id: str) -> HttpResponse:
    """`to` a tab, from an `event` of the history, or an `activity` by its number, `at` a time. Without what belongs to
    it there, the tab shows its time."""
    to = request.GET.get("to", "")
    if to not in NEEDS:
        raise BadRequest("“to” is one of history, trace, logs and events.")
    check_allowed(request.user, NEEDS[to])
    run = fetch(request, real_id(execution_id))
    index, at = history_index.of(run), text.parse_iso(request.GET.get("at", ""))
    row: Step | EventRow | None
    if activity := request.GET.get("activity", "")[:60]:
        row = joined.step_of(index, activity, at, at)
    else:
        row = joined.event_or_step(index, temporal.number(request.GET.get("event", "")))
    if row is None and at is None:
        raise errors.NotFound("The history has no such event or activity.", status=404)
    during = joined.time_of(row) if row else joined.around(at, at) if at else TimeRange()
    query = _selected(run, to, row, activity) or _time(during)
    address = page_url(to, run.execution_id, **({"run": run.run_id} | query))
    return with_headers(HttpResponseRedirect(address))


def _selected(run: Run, to: str, row: Step | EventRow | None, activity: str) -> dict[str, str]:
    """What says, in the tab's address, which one is meant; empty where it has no such thing."""
    if to == "history":
        return {"event": str(row.id)} if row else {}
    number = joined.activity_id(row) if isinstance(row, Step) else ""
    if to == "logs":
        return {"activity": number} if ids.is_activity_id(number) else {}
    if to == "trace" and isinstance(row, Step):
        trace = trace_reads.part(run)
        place = joined.span_of(trace, run.execution_id, row) if trace else None
        return {"span": trace.nodes[place].id} if trace and place is not None else {}
    return {}


def _time(during: TimeRange) -> dict[str, str]:
    ends = {"after": during.after, "before": during.before}
    return {name: moment.isoformat() for name, moment in ends.items() if moment}
