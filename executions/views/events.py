"""An execution's events: the stream, from its first event on."""

from typing import Any

from django.http import HttpRequest
from django.utils.timezone import now

from executions.ids import to_path
from executions.services import events as services
from executions.services import fetched_events, logs, runs, text
from executions.services import time_range as ranges
from executions.services.slices import in_slices
from executions.views.frame import execution_page, time_range
from executions.views.logs import is_over


@execution_page("event-stream", "events")
def events(request: HttpRequest, run: runs.Run) -> dict[str, Any]:
    during = ranges.of(time_range(request))
    # Of a chosen time a page looks through all that the API gives in one answer.
    limit = fetched_events.MOST if during else services.PAGE_SIZE
    answer = fetched_events.read(run.execution_id, limit=limit, cursor=request.GET.get("cursor", ""))
    rows = [services.row(event) for event in in_slices(answer.events)]
    groups, query, only = request.GET.getlist("type"), request.GET.get("q", ""), bool(request.GET.get("only"))
    # The text only finds, unless only its events are wanted.
    shown = services.matching(rows, groups=groups, query=query if only else "", during=during)
    live = None if request.GET.get("cursor") else _live(request, run, rows, during, more=bool(answer.next_cursor))
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
        "during": during,
        # The stream brings those that are hidden again.
        "counted": len(shown) if live and not live["rest"] else len(rows),
        "live": live,
    }


def _live(
    request: HttpRequest, run: runs.Run, rows: list[services.StreamRow], during: ranges.TimeRange, *, more: bool
) -> dict[str, str]:
    """The stream begins at the first event; those on the page are told by their id."""
    rest = "over" if not more and is_over(request, run, of_all=True) else ""
    if end := during.before:
        # Events come in the order of their time, nearly: past its end no more are awaited.
        times = [row.time for row in rows if row.time] if more else [now()]
        rest = "range" if times and max(times) > text.moved(end, logs.LATE) else rest
    return {"path": f"/ws/executions/{to_path(run.execution_id)}/events/", "query": "", "rest": rest}
