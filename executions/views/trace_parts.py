"""Parts of a waterfall that its page loads once it is there: all spans, what a text is found in, one span, its logs
and its events."""

from collections.abc import Callable

import msgspec
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from executions.permissions import check_allowed
from executions.services import (
    beside,
    history_index,
    run_spans,
    runs,
    span_history,
    span_logs,
    span_outcomes,
    span_page,
    trace_amended,
    trace_reads,
    under_way,
)
from executions.services.run_spans import RunSpans
from executions.services.traces import Trace
from executions.upstream import errors
from executions.views.errors import describe, with_headers
from executions.views.frame import execution_context

MOST_WANTED = 1_000
"""Characters that are looked for."""


def _json(content: bytes) -> HttpResponse:
    return with_headers(HttpResponse(content, content_type="application/json"))


def shown(request: HttpRequest, run: runs.Run, trace: Trace | None) -> RunSpans:
    """What of the execution's trace the page shows: its run's spans, or with `runs=all` those of all of them."""
    if trace is None:
        return RunSpans(None)
    return run_spans.whole(trace) if request.GET.get("runs") == "all" else run_spans.of(run, trace)


def _trace(request: HttpRequest, run: runs.Run) -> Trace | None:
    return shown(request, run, trace_reads.part(run)).trace


def _place(request: HttpRequest, run: runs.Run) -> tuple[Trace, int]:
    found = _trace(request, run)
    place = found.places.get(request.GET.get("span", "")) if found else None
    if found is None or place is None:
        raise errors.NotFound("This span is not in the trace.", status=404)
    return found, place


def _spans(request: HttpRequest, run: runs.Run) -> HttpResponse:
    found = _trace(request, run)
    return _json(found.columns if found else b"null")


def _found(request: HttpRequest, run: runs.Run) -> HttpResponse:
    found = _trace(request, run)
    if found is None:
        return _json(b"null")
    places = found.found(request.GET.get("q", "")[:MOST_WANTED])
    return _json(msgspec.json.encode({"version": found.version, "places": places}))


def _going(request: HttpRequest, run: runs.Run) -> HttpResponse:
    """What the history says has not ended, or ended otherwise than its span says, by place; with the lengths that
    follow from that."""
    check_allowed(request.user, "history")
    found = _trace(request, run)
    if found is None:
        return _json(b"null")
    index = history_index.of(run)
    going = under_way.of(run, found, index, beside.facts(run, index, only_attempts=True))
    left = max(len(under_way.opened(index)) - under_way.MOST, 0) if run.is_running else 0
    outcomes = span_outcomes.of(run, found, index)
    lengths = trace_amended.changed(found, outcomes.ends | under_way.ends(found, going))
    told = {"version": found.version, "going": outcomes.words | going, "left": left, "lengths": lengths}
    return _json(msgspec.json.encode(told))


def _span(request: HttpRequest, run: runs.Run) -> HttpResponse:
    trace, place = _place(request, run)
    context = execution_context(request, run, "trace")
    shown = {"trace": trace, "span": span_page.span_page(trace, place)}
    return with_headers(render(request, "executions/_span.html", context | shown))


def _logs(request: HttpRequest, run: runs.Run) -> HttpResponse:
    """Where they cannot be read, the pane says so in their place."""
    check_allowed(request.user, "logs")
    trace, place = _place(request, run)
    context = execution_context(request, run, "trace")
    try:
        context["logs"] = span_logs.read(run.execution_id, trace, place, request.GET.get("cursor", ""))
    except errors.UpstreamError as error:
        context["logs_problem"] = describe(error, request.user)
    return with_headers(render(request, "executions/_span_logs.html", context))


def _history(request: HttpRequest, run: runs.Run) -> HttpResponse:
    """Its activity in the history, and what was announced in its time; each says where it cannot be read."""
    check_allowed(request.user, "history")
    trace, place = _place(request, run)
    context = execution_context(request, run, "trace")
    context["found"] = found = span_history.of(run, trace, place)
    try:
        context["step"] = span_history.step_of(run, found)
    except errors.UpstreamError as error:
        context["history_problem"] = describe(error, request.user)
    try:
        # The id of another execution may be one that the API cannot be asked for.
        if "event-stream" in context["may"] and (found.has_page or not found.other):
            context["events"] = span_history.streamed(run, found)
    except errors.UpstreamError as error:
        context["events_problem"] = describe(error, request.user)
    return with_headers(render(request, "executions/_span_history.html", context))


PARTS: dict[str, Callable[[HttpRequest, runs.Run], HttpResponse]] = {
    "spans": _spans,
    "found": _found,
    "going": _going,
    "span": _span,
    "logs": _logs,
    "history": _history,
}
