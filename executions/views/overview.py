"""An execution at a glance."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone

from executions.permissions import check_allowed
from executions.services import audit, history_index, payloads, reads, runs, text
from executions.services import time_range as ranges
from executions.views.errors import with_headers
from executions.views.frame import execution_context, execution_page, page_query, page_url, time_range
from executions.views.freshness import secondary, unchanged

RUNS_SHOWN = 20


@execution_page("get", "overview")
def overview(request: HttpRequest, run: runs.Run) -> dict[str, Any] | HttpResponse:
    match request.GET.get("part"):
        case "facts":
            return _facts(request, run)
        case "watch":
            return _watch(run)
        case "runs":
            return _runs(request, run)
        case "pinned":
            return _pinned(request, run)
        case "payloads":
            return _payloads(request, run)
    result, during = text.decode(run.execution.result), ranges.of(time_range(request))
    return {
        "result": payloads.payload(result),
        "fails": payloads.fails(run.status.value),
        "recent_actions": audit.entries(audit.during(audit.of_execution(run.execution_id), during)[:3]),
        "during": during,
        "ended_by": audit.ended_by(run),
    }


def _facts(request: HttpRequest, run: runs.Run) -> HttpResponse:
    """The top of the page, once it says something else than what is there: until then its buttons stay in place."""
    context = execution_context(request, run, "")
    if same := unchanged(request, context["mark"]):
        return same
    response = with_headers(render(request, "executions/_facts_refreshed.html", context))
    # What depends on it asks anew: a tab's part, and the card of an open form that says the same.
    response["HX-Trigger"] = "facts-changed"
    return response


def _watch(run: runs.Run) -> HttpResponse:
    """For the pages that watch an execution without showing it."""
    status = {"status": run.status.value, "word": run.status.word, "over": run.status.over, "run": run.run_id}
    status |= {"now": timezone.now().isoformat()}
    return with_headers(JsonResponse(status))


def _runs(request: HttpRequest, run: runs.Run) -> HttpResponse:
    """Loaded after the page: the execution's runs."""
    found, _ = runs.of_execution(run.execution_id)
    latest = reads.execution(run.execution_id, age=reads.AGE)
    # Which is the latest now is not told by an answer from before.
    latest_id = "" if latest.problem else latest.value.run_id or ""
    context = {"run": run, "runs": found[:RUNS_SHOWN], "latest": latest_id}
    return with_headers(render(request, "executions/_run_switch.html", context))


def _pinned(request: HttpRequest, run: runs.Run) -> HttpResponse:
    """Loaded after the page: whether it is of this run only. Where there is no other one, nothing."""
    listed, _ = secondary(request, lambda: runs.of_execution(run.execution_id, age=reads.AGE))
    found, is_all = listed or ([], False)
    if is_all and all(one.run_id == run.run_id for one in found):
        return with_headers(HttpResponse())
    page = page_query(request)
    context = {
        "pinned": True,
        "tab": request.GET.get("tab"),
        "all_runs": "all" in request.GET,
        "its": (run.started, run.ended) if not (page.get("after") or page.get("before")) else (None, None),
        "page_query": page,
    }
    return with_headers(render(request, "executions/_pinned.html", context))


def _payloads(request: HttpRequest, run: runs.Run) -> HttpResponse:
    """Loaded after the page, which does not wait for the history: what the run was started with, and its failure."""
    check_allowed(request.user, "history")
    index, problem = secondary(request, lambda: history_index.of(run))
    events = (index and index.events) or []
    context = {
        "run": run,
        "problem": problem,
        "unreadable": not events and not problem,
        "input": payloads.given(events),
        "whole": page_url("history", run.execution_id, download="event", event=str(events[0].id), run=run.run_id)
        if events
        else "",
        "failure": payloads.failure(events, run.status.value),
        "fails": payloads.fails(run.status.value),
    }
    return with_headers(render(request, "executions/_overview_payloads.html", context))
