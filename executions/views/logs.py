"""An execution's log lines: a page from the API, then live."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest

from executions.ids import to_path
from executions.services import api, runs
from executions.services import logs as services
from executions.views.errors import BadRequest
from executions.views.frame import execution_page, time_range


@execution_page("logs", "logs")
def logs(request: HttpRequest, run: runs.Run) -> dict[str, Any]:
    activity = request.GET.get("activity", "")
    if activity and not (activity.isascii() and activity.isdigit()):
        raise BadRequest("“activity” is the activity’s number.")
    # The newest lines first by default: that is where a live page goes on.
    order = "asc" if request.GET.get("order") == "asc" else "desc"
    answer = api.client().get_workflow_execution_logs(
        run.execution_id,
        run_id=run.run_id or None,
        activity_id=activity or None,
        order=order,
        cursor=request.GET.get("cursor") or None,
        limit=services.PAGE_SIZE,
        **time_range(request),
    )
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
        "activity": activity,
        "selected": request.GET.get("line", ""),
        "live": _live(request, run, lines, activity),
    }


def _live(request: HttpRequest, run: runs.Run, lines: list[services.LogRow], activity: str) -> dict[str, str] | None:
    """Where the page goes on live: from its newest line's time on; rows that it has are told by their address."""
    if request.GET.get("cursor") or request.GET.get("before"):
        return None
    newest = max((line.timestamp for line in lines), default="")
    query = {"run": run.run_id, "activity": activity, "after": newest}
    return {
        "path": f"/ws/executions/{to_path(run.execution_id)}/logs/",
        "query": urlencode({name: value for name, value in query.items() if value}),
    }
