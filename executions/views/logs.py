"""An execution's log lines: a page from the API, then live."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import BadRequest
from django.http import HttpRequest

from executions import ids
from executions.services import api, runs
from executions.services import logs as services
from executions.upstream.types import LogPage
from executions.views.frame import RANGE, execution_page, time_range

AROUND = timedelta(milliseconds=1)
"""Past a line's own time, so that a page that ends there has the line."""

LATE = timedelta(seconds=5)
"""By how much workers' clocks, and the ways of their lines, may differ."""


@execution_page("logs", "logs")
def logs(request: HttpRequest, run: runs.Run) -> dict[str, Any]:
    # The newest lines first by default: that is where a live page goes on.
    order = "asc" if request.GET.get("order") == "asc" else "desc"
    answer = _page(request, run, order, **time_range(request))
    lines, selected = services.rows(answer.results), request.GET.get("line", "")
    around = _around(request, order, lines, selected)
    if around:
        answer = _page(request, run, order, **around)
        lines = services.rows(answer.results)
    severities, query = request.GET.getlist("severity"), request.GET.get("q", "")
    return {
        "lines": services.matching(lines, severities=severities, query=query),
        "fetched": len(lines),
        "next_cursor": answer.next_cursor,
        "order": order,
        "severities": services.SEVERITIES,
        "chosen": severities,
        "query": query,
        "selected": selected,
        "around": bool(around),
        "live": None if around else _live(request, run, lines),
    }


def _activity(request: HttpRequest) -> str:
    activity = request.GET.get("activity", "")
    if activity and not ids.is_activity_id(activity):
        raise BadRequest("“activity” is the activity’s number.")
    return activity


def _page(request: HttpRequest, run: runs.Run, order: str, **window: str | None) -> LogPage:
    return api.client().get_workflow_execution_logs(
        run.execution_id,
        run_id=run.run_id or None,
        activity_id=_activity(request) or None,
        order=order,
        cursor=request.GET.get("cursor") or None,
        limit=services.PAGE_SIZE,
        **window,
    )


def _around(request: HttpRequest, order: str, lines: list[services.LogRow], selected: str) -> dict[str, str] | None:
    """The range that begins with the line in the address, where the page that was asked for does not have it."""
    moment = services.time_of(selected)
    chosen = any(request.GET.get(name) for name in ("cursor", *RANGE))
    if moment is None or chosen or any(line.address == selected for line in lines):
        return None
    return {"after": moment.isoformat()} if order == "asc" else {"before": (moment + AROUND).isoformat()}


def _live(request: HttpRequest, run: runs.Run, lines: list[services.LogRow]) -> dict[str, str] | None:
    """Where the page goes on live: a little before its newest line; rows that it has are told by their address."""
    if request.GET.get("cursor") or request.GET.get("before"):
        return None
    times = [line.time for line in lines if line.time]
    after = max(min(times), max(times) - LATE).isoformat() if times else time_range(request)["after"] or ""
    query = {"run": run.run_id, "activity": _activity(request), "after": after}
    return {
        "path": f"/ws/executions/{ids.to_path(run.execution_id)}/logs/",
        "query": urlencode({name: value for name, value in query.items() if value}),
    }
