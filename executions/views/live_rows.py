"""Rows for a live list that is in a browser already: pages of them as JSON, each row as the stream would send it."""

from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpRequest, JsonResponse
from django.template.loader import render_to_string

from executions.services import events as event_services
from executions.services import fetched_events, log_pages, text
from executions.services import logs as log_services
from executions.views.errors import with_headers
from executions.views.frame import allowed, real_id, run_parameter
from executions.views.logs import scope_of, wanted

MOST_EVENTS = 500
"""A page; the API gives up to 1,000."""


@allowed("logs")
def log_rows(request: HttpRequest, execution_id: str) -> JsonResponse:
    """The lines up to a moment, the newest first (`rows=older`), or from it on (`rows=newer`); `cursor` goes on."""
    scope, newer = scope_of(request, real_id(execution_id), run_parameter(request)), request.GET.get("rows") == "newer"
    if moment := request.GET.get("from"):
        start = text.parse_iso(moment)
        if start is None:
            raise BadRequest("“from” is not a time.")
        scope = scope.newer(start) if newer else scope.older(start)
    answer = log_pages.read(scope, "asc" if newer else "desc", request.GET.get("cursor", ""))
    lines = log_services.matching(log_services.rows(answer.results), **wanted(request))
    return _rows("log", "line", lines, answer.next_cursor, len(answer.results))


@allowed("event-stream")
def event_rows(request: HttpRequest, execution_id: str) -> JsonResponse:
    """The events from the first on; `cursor` goes on. All of them, since a reader looks for a place in their order."""
    answer = fetched_events.read(real_id(execution_id), limit=MOST_EVENTS, cursor=request.GET.get("cursor", ""))
    found = [event_services.row(event) for event in answer.events]
    return _rows("event", "event", found, answer.next_cursor, len(found))


def _rows(template: str, name: str, rows: list[Any], cursor: str | None, fetched: int) -> JsonResponse:
    items = [{"html": render_to_string(f"executions/_{template}_row.html", {name: row})} for row in rows]
    return with_headers(JsonResponse({"items": items, "next": cursor or "", "fetched": fetched}))
