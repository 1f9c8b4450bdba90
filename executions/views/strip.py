"""The strip above the tabs, loaded after the page: what happened when, and the range of time that is chosen."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from executions.permissions import allowed_operations
from executions.services import strip as strips
from executions.services import time_range as ranges
from executions.services import trace_reads
from executions.services.runs import Run
from executions.upstream import errors
from executions.views.errors import describe, with_headers
from executions.views.frame import RANGE, allowed, fetch, page_query, real_id
from executions.views.freshness import is_refresh, mark, unchanged

SECONDS = 15
"""Between refreshes of a run that goes on."""
NEEDS = {"steps": "history", "spans": "trace-summary", "events": "event-stream", "lines": "logs"}
"""What a viewer must be allowed to see a lane."""
WORDS = {"steps": "History", "spans": "Trace", "events": "Events", "lines": "Logs"}
"""What a lane is called: as its tab."""


@allowed("history")
def strip(request: HttpRequest, execution_id: str) -> HttpResponse:
    # What is no time the page says: here it is left out.
    run, wanted = fetch(request, real_id(execution_id)), ranges.of({name: request.GET.get(name) for name in RANGE})
    found, problem = None, None
    try:
        found = strips.of(run)
    except errors.UpstreamError as error:
        problem = describe(error, request.user)
    shown = _shown(request, run, found, wanted) if found else {}
    about = [one.action.action.id for one in shown.get("marks", [])]
    goes_on = not trace_reads.is_settled(run) or bool(problem or (found and (found.missing or found.goes_on)))
    now = mark(run.run_id, shown.get("lanes"), about, found and (found.missing, found.axis.last), problem, goes_on)
    if is_refresh(request) and (same := unchanged(request, now)):
        return same
    context = shown | {
        "run": run,
        "kept": f"?{request.GET.urlencode()}" if request.GET else "",
        "problem": problem,
        "wanted": wanted,
        "strip_mark": now,
        "polling": SECONDS if goes_on else 0,
        "pinned": "run" in request.GET,
        "page_query": page_query(request),
    }
    return with_headers(render(request, "executions/_strip.html", context))


def _shown(request: HttpRequest, run: Run, found: strips.Strip, wanted: ranges.TimeRange) -> dict[str, Any]:
    may = allowed_operations(request.user)
    return {
        "strip": found,
        "lanes": [(WORDS[lane.name], lane) for lane in found.lanes if NEEDS[lane.name] in may],
        "marks": strips.marks(found.axis, run),
        "chosen": strips.chosen(found.axis, wanted),
    }
