"""An execution's trace: waterfall, events, and OpenTelemetry's own JSON."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

from executions.permissions import check_allowed
from executions.services import api, runs, text, traces
from executions.views.frame import download, execution_page
from executions.views.freshness import secondary


@execution_page("trace-summary", "trace")
def trace(request: HttpRequest, run: runs.Run) -> dict[str, Any] | HttpResponse:
    """The API gives traces by execution, so an earlier run shows the same trace."""
    views: dict[str, Callable[[HttpRequest, runs.Run], dict[str, Any]]] = {
        "waterfall": _waterfall,
        "events": _events,
        "otel": _otel,
    }
    view = request.GET.get("view", "")
    shown = view if view in views else "waterfall"
    check_allowed(request.user, {"events": "trace-events", "otel": "trace-otel"}.get(shown, "trace-summary"))
    if shown == "otel" and request.GET.get("download"):
        return _download(run)
    return {"view": shown, "query": request.GET.get("q", ""), **views[shown](request, run)}


def _waterfall(request: HttpRequest, run: runs.Run) -> dict[str, Any]:
    summary = api.client().get_workflow_execution_trace_summary(run.execution_id)
    info, problem = secondary(request, lambda: api.client().get_workflow_execution_trace_info(run.execution_id))
    return {
        "info": info,
        "info_problem": problem,
        "waterfall": traces.waterfall(summary, request.GET.get("q", "")),
        "selected": request.GET.get("span", ""),
        "polling": run.is_running,
    }


def _events(request: HttpRequest, run: runs.Run) -> dict[str, Any]:
    answer = api.client().get_workflow_execution_trace_events(
        run.execution_id, merge_same_id_events=True, include_internal_events=bool(request.GET.get("internal"))
    )
    return {"events": traces.event_rows(answer, request.GET.get("q", "")), "internal": request.GET.get("internal")}


def _otel(request: HttpRequest, run: runs.Run) -> dict[str, Any]:
    answer = api.client().get_workflow_execution_trace_otel(run.execution_id)
    found = text.pretty_raw(answer.otel_trace_data)
    return {"otel": "" if found == "null" else found, "source": text.clean(answer.data_source or "—", 50)}


def _download(run: runs.Run) -> HttpResponse:
    answer = api.client().get_workflow_execution_trace_otel(run.execution_id)
    return download(bytes(answer.otel_trace_data) or b"null", f"trace-{run.run_id or 'latest'}.json")
