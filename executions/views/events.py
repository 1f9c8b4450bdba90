"""An execution's events: the stream, from its first event on."""

from typing import Any

from django.http import HttpRequest

from executions.ids import to_path
from executions.services import api, runs
from executions.services import events as services
from executions.views.frame import execution_page


@execution_page("event-stream", "events")
def events(request: HttpRequest, run: runs.Run) -> dict[str, Any]:
    answer = api.client().get_workflow_events(
        workflow_exec_id=run.execution_id,
        limit=services.PAGE_SIZE,
        cursor=request.GET.get("cursor") or None,
    )
    rows = [services.row(event) for event in answer.events]
    groups, query = request.GET.getlist("type"), request.GET.get("q", "")
    return {
        "events": services.matching(rows, groups=groups, query=query),
        "fetched": len(rows),
        "next_cursor": answer.next_cursor,
        "groups": services.GROUPS,
        "chosen": groups,
        "query": query,
        "selected": request.GET.get("event", ""),
        # The stream begins at the first event; those on the page are told by their id.
        "live": None
        if request.GET.get("cursor")
        else {"path": f"/ws/executions/{to_path(run.execution_id)}/events/", "query": ""},
    }
