"""An execution's trace: waterfall, events, and OpenTelemetry's own JSON."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from executions.permissions import check_allowed
from executions.services import api, otlp, reads, runs, span_page, text, trace_events, trace_reads, waterfall
from executions.services import time_range as ranges
from executions.services.traces import Trace
from executions.views import trace_parts
from executions.views.frame import download, execution_page, time_range
from executions.views.freshness import is_refresh, mark, secondary, unchanged

Shown = dict[str, Any] | HttpResponse


@execution_page("trace-summary", "trace")
def trace(request: HttpRequest, run: runs.Run) -> Shown:
    """The API gives traces by execution: the waterfall shows the run's own spans, or with `runs=all` all of them."""
    if part := trace_parts.PARTS.get(request.GET.get("part", "")):
        return part(request, run)
    views: dict[str, Callable[[HttpRequest, runs.Run], Shown]] = {
        "waterfall": _waterfall,
        "events": _events,
        "otel": _otel,
    }
    view = request.GET.get("view", "")
    shown = view if view in views else "waterfall"
    check_allowed(request.user, {"events": "trace-events", "otel": "trace-otel"}.get(shown, "trace-summary"))
    if shown == "otel" and request.GET.get("download"):
        return _download(run, as_received=request.GET["download"] != "otlp")
    found = views[shown](request, run)
    if isinstance(found, HttpResponse):
        return found
    all_runs = shown != "waterfall" or request.GET.get("runs") == "all"
    return {"view": shown, "query": request.GET.get("q", ""), "all_runs": all_runs, **found}


def _waterfall(request: HttpRequest, run: runs.Run) -> Shown:
    whole = trace_reads.read(run, age=reads.AGE if is_refresh(request) else 0.0)
    its = trace_parts.shown(request, run, whole)
    found = its.trace
    if whole and not is_refresh(request) and _is_of_another_run(request, whole, found):
        query = request.GET.copy()
        query["runs"] = "all"
        return HttpResponseRedirect(f"?{query.urlencode()}")
    info, problem = secondary(request, lambda: api.client().get_workflow_execution_trace_info(run.execution_id))
    about = (info.otel_trace_id, info.has_trace_data) if info else problem
    now = mark(found.version if found else None, its.others, about, run.is_running)
    if is_refresh(request) and (same := unchanged(request, now)):
        return same
    shown: dict[str, Any] = {"info": info, "info_problem": problem, "polling": run.is_running, "trace_mark": now}
    shown["its"] = its
    return shown | ({} if found is None else _drawn(request, found))


def _is_of_another_run(request: HttpRequest, whole: Trace, shown: Trace | None) -> bool:
    """Whether the span that the address names is one of those that are left out."""
    selected = request.GET.get("span", "")
    return selected in whole.places and not (shown and selected in shown.places)


def _drawn(request: HttpRequest, trace: Trace) -> dict[str, Any]:
    during, selected = ranges.of(time_range(request)), request.GET.get("span", "")
    shown, place = waterfall.shown_range(trace, during.after, during.before), trace.places.get(selected)
    return {
        "trace": trace,
        "shown": shown,
        "none_chosen": bool(during) and waterfall.is_apart(trace, during.after, during.before),
        "zoom": ((shown.first - trace.first) // 1_000, (shown.last - trace.first) // 1_000),
        "rows": waterfall.rows(trace, shown, selected),
        "ticks": waterfall.ticks(trace, shown),
        "failed_shown": sum(shown.has(trace.nodes[place]) for place in trace.failed),
        "ended": waterfall.ended(trace, shown),
        "in_small": waterfall.in_small(trace),
        "window": waterfall.window(trace, shown),
        "selected": selected,
        "span": None if place is None else span_page.span_page(trace, place),
    }


def _events(request: HttpRequest, run: runs.Run) -> Shown:
    answer = api.client().get_workflow_execution_trace_events(
        run.execution_id, merge_same_id_events=True, include_internal_events=bool(request.GET.get("internal"))
    )
    during, every = ranges.of(time_range(request)), trace_events.event_rows(answer, request.GET.get("q", ""))
    rows = [row for row in every if during.has(row.time)]
    only_failed = bool(request.GET.get("failed"))
    kept = [row for row in rows if row.failed] if only_failed else rows
    return {
        "events": kept[: trace_events.MOST],
        "count": len(kept),
        "failed_count": sum(row.failed for row in rows),
        "only_failed": only_failed,
        "internal": request.GET.get("internal"),
        "beyond": len(every) - len(rows),
        "during": during,
    }


def _otel(request: HttpRequest, run: runs.Run) -> Shown:
    answer = api.client().get_workflow_execution_trace_otel(run.execution_id)
    found = text.pretty_raw(answer.otel_trace_data)
    return {
        "otel": "" if found == "null" else found,
        "source": text.clean(answer.data_source or "—", 50),
        "during": ranges.of(time_range(request)),
        "is_known": otlp.is_known(answer.otel_trace_data),
    }


def _download(run: runs.Run, *, as_received: bool) -> HttpResponse:
    """As OTLP, which other tools take, or as received; that too where it is in no form we know."""
    answer = api.client().get_workflow_execution_trace_otel(run.execution_id)
    name = f"trace-{run.run_id or 'latest'}"
    if not as_received and (made := otlp.standard(answer.otel_trace_data)):
        return download(made, f"{name}.otlp.json")
    return download(bytes(answer.otel_trace_data) or b"null", f"{name}.json")
