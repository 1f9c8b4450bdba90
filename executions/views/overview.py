"""An execution at a glance."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from executions.services import api, audit, causes, history, runs, text
from executions.views.errors import with_headers
from executions.views.frame import execution_context, execution_page
from executions.views.history import fetch_history

RUNS_SHOWN = 20


@execution_page("get", "overview")
def overview(request: HttpRequest, run: runs.Run) -> dict[str, Any] | HttpResponse:
    match request.GET.get("part"):
        case "facts":
            return _facts(request, run)
        case "cause":
            return _cause(request, run)
        case "runs":
            return _runs(request, run)
    result = text.decode(run.execution.result)
    return {
        "result": text.pretty(result) if result is not None else "",
        "recent_actions": audit.entries(audit.of_execution(run.execution_id)[:3]),
        "polling": run.is_running,
    }


def _facts(request: HttpRequest, run: runs.Run) -> HttpResponse:
    """The top of the page, once the status is another than `was`: until then its buttons stay where they are."""
    if run.status.value == request.GET.get("was"):
        return HttpResponse(status=204)
    return with_headers(render(request, "executions/_facts.html", execution_context(request, run, "")))


def _cause(request: HttpRequest, run: runs.Run) -> HttpResponse:
    """Loaded after the page: the history may be large, and the overview does not wait for it."""
    events = history.rows(fetch_history(run))
    return with_headers(render(request, "executions/_cause.html", {"run": run, "cause": causes.cause(events or [])}))


def _runs(request: HttpRequest, run: runs.Run) -> HttpResponse:
    """Loaded after the page: the execution's runs, from a search for its id, since the API has no list of them."""
    answer = api.client().list_runs(search=run.execution_id, page_size=100)
    latest = api.client().get_workflow_execution(run.execution_id)
    found = [runs.run(one) for one in answer.executions if one.execution_id == run.execution_id]
    context = {"run": run, "runs": found[:RUNS_SHOWN], "latest": latest.run_id or ""}
    return with_headers(render(request, "executions/_run_switch.html", context))
