"""The list of runs, and the way from an id to its page."""

import uuid
from dataclasses import replace
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import Resolver404, resolve

from executions import ids
from executions.forms import RunFilters
from executions.permissions import allowed_operations
from executions.services import reads, runs, statuses
from executions.upstream import errors
from executions.views.errors import describe, respond, with_headers
from executions.views.frame import allowed, page_url, render_page
from executions.views.freshness import as_of, away_of, current, is_refresh, mark, unchanged


@allowed("get")
def run_list(request: HttpRequest) -> HttpResponse:
    form = RunFilters(request.GET)
    filters = form.filters()
    context: dict[str, Any] = {
        "form": form,
        "statuses": _statuses(request),
        "filtered": any(value for name, value in request.GET.items() if name not in {"page", "sort", "order"}),
        "may": allowed_operations(request.user),
        "sort": filters.get("sort") or "start_time",
        "order": filters.get("order") or "desc",
    }
    if form.errors:
        return render_page(request, "runs", context, status=400)
    parameters = {"page_size": runs.PAGE_SIZE, **runs.parameters(filters)}
    try:
        answer = current(request, reads.page(parameters, age=reads.LIST_AGE if is_refresh(request) else 0.0))
    except errors.UpstreamError as error:
        problem = describe(error, request.user)
        return with_headers(render_page(request, "runs", {**context, "problem": problem}, problem.status), problem)
    found = [runs.run(one) for one in answer.executions]
    now = mark(sorted(context["may"]), [run.shown for run in found], answer.next_page_token)
    if is_refresh(request) and (same := unchanged(request, now)):
        return same
    context |= {
        "runs": found,
        "next_page": answer.next_page_token,
        "mark": now,
        "as_of": as_of(request),
        "away": away_of(request),
        # The form that selects makes one batch, however often it is sent.
        "token": uuid.uuid4().hex,
    }
    return render_page(request, "runs", context)


def _statuses(request: HttpRequest) -> list[tuple[statuses.Status, bool]]:
    chosen = request.GET.getlist("status")
    offered = [one for one in statuses.ALL if one.value != "RETRYING_AFTER_ERROR" or one.value in chosen]
    return [(one, one.value in chosen) for one in offered]


@allowed("get")
def open_execution(request: HttpRequest) -> HttpResponse:
    """An execution's page from its id, a run id, or a link to any of its pages."""
    given = request.GET.get("id", "").strip()
    if not given:
        return HttpResponseRedirect("/executions/")
    try:
        return HttpResponseRedirect(_linked(request, given) or _found(ids.check(given)))
    except ValueError as error:
        raise BadRequest(str(error)) from None
    except errors.NotFound as error:
        found = describe(error, request.user)
        return respond(request, replace(found, advice=_advice(given) or found.advice))


def _advice(given: str) -> str:
    """What else it may be that was given, where it looks like that."""
    if ids.is_short_run_id(given):
        return (
            "It looks like the beginning of a run id. A whole one has 36 characters: copy it from the run’s Overview. "
            f"By its beginning a run is found only among the newest {runs.NEWEST}."
        )
    if ids.is_trace_id(given):
        return "It looks like a trace id, by which the API cannot find anything. Open an execution’s id or a run id."
    return ""


def _found(given: str) -> str:
    """The page of the execution with this id; failing that, of the run whose id this is, or the beginning of it."""
    try:
        return page_url("overview", reads.execution(given, age=0.0).value.execution_id)
    except errors.NotFound as missing:
        if ids.is_short_run_id(given) and (short := runs.beginning_with(given)):
            return page_url("overview", short.execution_id, run=short.run_id)
        if not ids.is_run_id(given):
            raise
        try:
            run = reads.run(given, age=0.0).value
        except (errors.NotFound, errors.Invalid):
            raise missing from None
    return page_url("overview", run.execution_id, run=given)


def _linked(request: HttpRequest, given: str) -> str:
    """The address in a link to one of this console's execution pages; nothing for anything else.

    It is built anew from what the link says, so that it leads nowhere else.
    """
    try:
        parts = urlsplit(given)
        ours = {*settings.PUBLIC_ORIGINS, f"{request.scheme}://{request.get_host()}"}
        if f"{parts.scheme}://{parts.netloc}" not in ours:
            return ""
        match = resolve(unquote(parts.path))
    except (ValueError, Resolver404):
        return ""
    if "execution_id" not in match.kwargs:
        return ""
    address = page_url(match.view_name, ids.from_path(match.kwargs["execution_id"]))
    query = QueryDict(parts.query).urlencode()
    return address + (f"?{query}" if query else "") + (f"#{quote(parts.fragment)}" if parts.fragment else "")
