"""The strip above the tabs, loaded after the page: what happened when, and the range of time that is chosen."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from executions.permissions import allowed_operations
from executions.services import strip as strips
from executions.services import text
from executions.upstream import errors
from executions.views.errors import describe, with_headers
from executions.views.frame import allowed, fetch, real_id, time_range
from executions.views.freshness import is_refresh, mark, unchanged

SECONDS = 15
"""Between refreshes of a run that goes on."""
NEEDS = {"steps": "history", "spans": "trace-summary", "events": "event-stream", "lines": "logs"}
"""What a viewer must be allowed to see a lane."""
WORDS = {"steps": "history", "spans": "trace", "events": "events", "lines": "logs"}
"""What a lane that is missing is called."""


@allowed("history")
def strip(request: HttpRequest, execution_id: str) -> HttpResponse:
    run, chosen = fetch(request, real_id(execution_id)), time_range(request)
    found, problem = None, None
    try:
        found = strips.of(run)
    except errors.UpstreamError as error:
        problem = describe(error, request.user)
    may = allowed_operations(request.user)
    marks = strips.marks(found.axis, run) if found else []
    lanes = [lane for lane in found.lanes if NEEDS[lane.name] in may] if found else []
    now = mark(
        run.run_id, lanes, [one.action.action.id for one in marks], found and (found.missing, found.axis.last), problem
    )
    if is_refresh(request) and (same := unchanged(request, now)):
        return same
    after, before = (text.parse_iso(chosen[name] or "") for name in ("after", "before"))
    context = {
        "run": run,
        "strip": found,
        "lanes": lanes,
        "marks": marks,
        "problem": problem,
        "chosen": strips.chosen(found.axis, after, before) if found else None,
        "after": after,
        "before": before,
        "strip_mark": now,
        "missing": [WORDS[name] for name in found.missing if NEEDS[name] in may] if found else [],
        "polling": SECONDS if run.is_running or problem or (found and found.missing) else 0,
        "pinned": "run" in request.GET,
    }
    return with_headers(render(request, "executions/_strip.html", context))
