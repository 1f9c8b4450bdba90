"""An execution's events: the stream, from its first event on."""

from typing import Any

from django.http import HttpRequest

from executions.ids import to_path
from executions.services import api, runs
from executions.services import events as services
from executions.views.frame import execution_page
from executions.views.logs import is_over


@execution_page("event-stream", "events")
def events(request: HttpRequest, run: runs.Run) -> dict[str, Any]:
    answer = api.client().get_workflow_events(
        workflow_exec_id=run.execution_id,
        limit=services.PAGE_SIZE,
        cursor=request.GET.get("cursor") or None,
    )
    rows = [services.row(event) for event in answer.events]
    groups, query, only = request.GET.getlist("type"), request.GET.get("q", ""), bool(request.GET.get("only"))
    # The text only finds, unless only its events are wanted.
    shown = services.matching(rows, groups=groups, query=query if only else "")
    return {
        "events": shown,
        "fetched": len(rows),
        "next_cursor": answer.next_cursor,
        "groups": services.GROUPS,
        "chosen": groups,
        "query": query,
        "only": only,
        # Of updates of custom tasks that follow one another the latest stands for all.
        "folded": request.GET.get("updates") != "each",
        "has_tasks": any(row.task for row in rows),
        # Tasks are put together from all their events, also from those that the filters hide.
        "unseen_tasks": [row for row in rows if row.task or row.begins] if len(shown) < len(rows) else [],
        "task_words": services.TASK_WORDS,
        "selected": request.GET.get("event", ""),
        # The stream begins at the first event; those on the page are told by their id.
        "live": None
        if request.GET.get("cursor")
        else {
            "path": f"/ws/executions/{to_path(run.execution_id)}/events/",
            "query": "",
            "rest": "over" if not answer.next_cursor and is_over(request, run, of_all=True) else "",
        },
    }
