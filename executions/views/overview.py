"""An execution at a glance."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from executions.services import api, audit, causes, history, runs, text
from executions.views.errors import with_headers
from executions.views.frame import execution_context, execution_page
from executions.views.history import canceled_elsewhere, fetch_history

RUNS_SHOWN = 20
ASKED_ONCE = 5_000
"""Events of a history that is not asked for again and again."""
STOP_POLLING = 286
"""The status by which htmx knows not to ask again."""


@execution_page("get", "overview")
def overview(request: HttpRequest, run: runs.Run) -> dict[str, Any] | HttpResponse:
    match request.GET.get("part"):
        case "facts":
            return _facts(request, run)
        case "cause":
            return _cause(request, run)
        case "canceled":
            return _canceled(request, run)
        case "runs":
            return _runs(request, run)
    result = text.decode(run.execution.result)
    return {
        "result": text.pretty(result) if result is not None else "",
        "recent_actions": audit.entries(audit.of_execution(run.execution_id)[:3]),
        "ended_by": audit.ended_by(run),
        "polling": run.is_running,
    }


def _facts(request: HttpRequest, run: runs.Run) -> HttpResponse:
    """The top of the page, once it says something else than what is there: until then its buttons stay in place."""
    context = execution_context(request, run, "")
    asked = str(context["canceling"].action.id) if context["canceling"] else ""
    if (run.status.value, asked) == (request.GET.get("was"), request.GET.get("asked", "")):
        return HttpResponse(status=204)
    response = with_headers(render(request, "executions/_facts.html", context))
    # An open form has a card that says the same.
    response["HX-Trigger"] = "facts-changed"
    return response


def _cause(request: HttpRequest, run: runs.Run) -> HttpResponse:
    """Loaded after the page: the history may be large, and the overview does not wait for it."""
    events = history.rows(fetch_history(run))
    return with_headers(render(request, "executions/_cause.html", {"run": run, "cause": causes.cause(events or [])}))


def _canceled(request: HttpRequest, run: runs.Run) -> HttpResponse:
    """Loaded after the page, and again while it runs: whether others than we asked it to cancel."""
    events = history.rows(fetch_history(run)) or []
    context = {"run": run, "canceled_elsewhere": canceled_elsewhere(run, events)}
    status = 200 if run.is_running and len(events) < ASKED_ONCE else STOP_POLLING
    return with_headers(render(request, "executions/_canceled_elsewhere.html", context, status=status))


def _runs(request: HttpRequest, run: runs.Run) -> HttpResponse:
    """Loaded after the page: the execution's runs."""
    found = runs.of_execution(run.execution_id)
    latest = api.client().get_workflow_execution(run.execution_id)
    context = {"run": run, "runs": found[:RUNS_SHOWN], "latest": latest.run_id or ""}
    return with_headers(render(request, "executions/_run_switch.html", context))
