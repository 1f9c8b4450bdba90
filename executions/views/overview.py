"""An execution at a glance."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from executions.services import api, audit, history, runs, text
from executions.upstream import errors
from executions.views.errors import describe
from executions.views.frame import execution_context, execution_page, render_page
from executions.views.history import fetch_history

RUNS_SHOWN = 20


@execution_page("get")
def overview(request: HttpRequest, run: runs.Run) -> HttpResponse:
    part = request.GET.get("part", "")
    if part == "cause":
        return _cause(request, run)
    if part == "runs":
        return _runs(request, run)
    result = text.decode(run.execution.result)
    context = execution_context(request, run, "overview") | {
        "result": text.pretty(result) if result is not None else "",
        "recent_actions": audit.entries(audit.of_execution(run.execution_id)[:3]),
        "polling": run.is_running,
    }
    return render_page(request, "overview", context)


def _cause(request: HttpRequest, run: runs.Run) -> HttpResponse:
    """Loaded after the page: the history may be large, and the overview does not wait for it."""
    events = history.rows(fetch_history(run))
    context = {"run": run, "cause": history.cause(events or [])}
    return render(request, "executions/_cause.html", context)


def _runs(request: HttpRequest, run: runs.Run) -> HttpResponse:
    """The execution's other runs, from a search for its id: the API has no list of them."""
    try:
        answer = api.client().list_runs(search=run.execution_id, page_size=100)
        latest = api.client().get_workflow_execution(run.execution_id)
    except errors.UpstreamError as error:
        return render(request, "_problem.html", {"problem": describe(error, request.user)})
    found = [runs.run(one) for one in answer.executions if one.execution_id == run.execution_id]
    context = {"run": run, "runs": found[:RUNS_SHOWN], "latest": latest.run_id or ""}
    return render(request, "executions/_run_switch.html", context)
