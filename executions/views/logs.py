"""An execution's log lines: a page from the API, then live, with older and newer ones fetched as the reader goes."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import BadRequest
from django.http import HttpRequest
from django.urls import reverse
from django.utils.timezone import now

from executions import ids
from executions.services import log_pages, reads, runs, text
from executions.services import logs as services
from executions.services import time_range as ranges
from executions.upstream.types import LogPage
from executions.views.frame import RANGE, execution_page, time_range
from executions.views.freshness import secondary

QUIET = timedelta(minutes=1)
"""So long after a run's end no more lines are expected."""


@execution_page("logs", "logs")
def logs(request: HttpRequest, run: runs.Run) -> dict[str, Any]:
    # The newest lines first by default: that is where a live page goes on.
    order = "asc" if request.GET.get("order") == "asc" else "desc"
    scope = scope_of(request, run.execution_id, "" if request.GET.get("runs") == "all" else run.run_id)
    answer = log_pages.read(scope, order, request.GET.get("cursor", ""))
    lines, selected = services.rows(answer.results), request.GET.get("line", "")
    around = _around(request, scope, order, lines, selected)
    if around:
        answer = log_pages.read(around, order)
        lines = services.rows(answer.results)
    shown = services.matching(lines, **wanted(request))
    live = _live(request, run, scope, lines, answer, inside=bool(around or request.GET.get("cursor")))
    return {
        "lines": shown,
        "fetched": len(lines),
        "counted": len(lines) - _again(lines, shown, live),
        "next_cursor": answer.next_cursor,
        "order": order,
        "severities": services.SEVERITIES,
        "chosen": request.GET.getlist("severity"),
        "query": request.GET.get("q", ""),
        "only": bool(request.GET.get("only")),
        "activities": services.activities(lines),
        "activity": scope.activity,
        "all_runs": request.GET.get("runs") == "all",
        "selected": selected,
        "around": bool(around),
        "during": ranges.of({name: request.GET.get(name) for name in RANGE}),
        "live": live,
    }


def wanted(request: HttpRequest) -> dict[str, Any]:
    """Which of the lines that were fetched the list shows. The text only finds, unless only its lines are wanted."""
    query = request.GET.get("q", "") if request.GET.get("only") else ""
    return {"severities": request.GET.getlist("severity"), "query": query}


def scope_of(request: HttpRequest, execution_id: str, run_id: str) -> log_pages.Scope:
    """The lines that the address asks for. BadRequest where it cannot mean any."""
    activity = request.GET.get("activity", "")
    if activity and not ids.is_activity_id(activity):
        raise BadRequest("“activity” is the activity’s number.")
    return log_pages.Scope(execution_id=execution_id, run_id=run_id, activity=activity, **time_range(request))


def _around(
    request: HttpRequest, scope: log_pages.Scope, order: str, lines: list[services.LogRow], selected: str
) -> log_pages.Scope | None:
    """The range that begins with the line in the address, where the page that was asked for does not have it."""
    moment = services.time_of(selected)
    chosen = any(request.GET.get(name) for name in ("cursor", *RANGE))
    if moment is None or chosen or any(line.address == selected for line in lines):
        return None
    return scope.newer(moment) if order == "asc" else scope.older(moment)


def _live(
    request: HttpRequest,
    run: runs.Run,
    scope: log_pages.Scope,
    lines: list[services.LogRow],
    answer: LogPage,
    *,
    inside: bool,
) -> dict[str, Any]:
    """How the list goes on. `inside`: the page begins somewhere between the first line and the newest."""
    oldest_first = request.GET.get("order") == "asc"
    at_start, at_end = (not inside, not answer.next_cursor) if oldest_first else (not answer.next_cursor, not inside)
    query = {"run": scope.run_id, "activity": scope.activity}
    after = (now() - services.LATE).isoformat()
    if at_end:
        after = _after(lines, all_known=at_start) or scope.after or ""
    kept = [(name, value) for name, values in request.GET.lists() for value in values if name in KEPT]
    return {
        "path": f"/ws/executions/{ids.to_path(run.execution_id)}/logs/",
        "query": urlencode({name: value for name, value in (query | {"after": after}).items() if value}),
        "rest": _rest(request, run, scope),
        "pages": f"{reverse('log-rows', args=[run.execution_id])}?{urlencode([('run', scope.run_id), *kept])}",
        "after": after,
        "at_start": at_start,
        "at_end": at_end,
        "cursor": answer.next_cursor or "",
        "run": "" if request.GET.get("run") else scope.run_id,
    }


def _rest(request: HttpRequest, run: runs.Run, scope: log_pages.Scope) -> str:
    """Why no more lines are awaited, if so."""
    if request.GET.get("before"):
        return "range"
    return "over" if is_over(request, run, of_all=not scope.run_id) else ""


def _again(lines: list[services.LogRow], shown: list[services.LogRow], live: dict[str, Any]) -> int:
    """How many of the lines that are hidden the stream brings again: only then does the page count them."""
    after = None if live["rest"] else text.parse_iso(live["after"])
    late = [sum(bool(after and line.time and line.time >= after) for line in some) for some in (lines, shown)]
    return late[0] - late[1]


KEPT = ("activity", "severity", "q", "only", *RANGE)
"""What the address says about which lines are wanted."""


def is_over(request: HttpRequest, run: runs.Run, *, of_all: bool) -> bool:
    """Whether nothing more will come: of the page's run, or of all runs, whose latest may be another."""
    if not (_is_quiet(run) and of_all and request.GET.get("run")):
        return _is_quiet(run)
    latest, _ = secondary(request, lambda: reads.execution(run.execution_id, age=reads.AGE))
    return latest is not None and latest.problem is None and _is_quiet(runs.run(latest.value))


def _is_quiet(run: runs.Run) -> bool:
    """Whether it has been over for so long that nothing more will come."""
    return run.status.over and run.ended is not None and now() - run.ended > QUIET


def _after(lines: list[services.LogRow], *, all_known: bool) -> str:
    """Where the stream begins: a little before the newest line; rows that the page has are told by their address.

    Of the oldest line's moment there may be more on the page before, which are not new. Lines of a clock that runs
    ahead do not count: those of the others come before them.
    """
    times = [line.time for line in lines if line.time]
    if not times:
        return ""
    oldest = min(times) if all_known else text.moved(min(times), timedelta(microseconds=1))
    moment = now()
    start = text.moved(min(max(times), moment), -services.LATE)
    return (max(oldest, start) if oldest <= moment else start).isoformat()
