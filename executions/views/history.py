"""An execution's history: its steps or its events, a window of rows at a time."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from executions.services import attempts, audit, beside, history_index, runs, standings, text, timeline
from executions.services.history_index import Index
from executions.services.history_rows import RETRYING, Listing, Wanted
from executions.services.standings import Standing
from executions.views import history_address as address
from executions.views import history_files, history_parts
from executions.views.errors import with_headers
from executions.views.frame import execution_page
from executions.views.freshness import mark, unchanged
from executions.views.history_parts import Shown

SEARCHED = "history-found"
"""The place of the rows: what asks for a search names it."""


@execution_page("history", "history")
def history(request: HttpRequest, run: runs.Run) -> dict[str, Any] | HttpResponse:
    """The page; a file of it; or the part that an open page asks for."""
    if form := request.GET.get("download") or request.GET.get("payloads"):
        return history_files.answer(run, form, request.GET.get("event", ""))
    is_search = request.htmx.target == SEARCHED  # type: ignore[attr-defined]
    if is_search:
        request.GET = address.filled(request.GET)  # type: ignore[assignment]
    request.GET = address.with_order(request.GET, run)  # type: ignore[assignment]
    index = history_index.of(run)
    if index.events is None:
        return _unreadable(request, index)
    shown = _shown(request, run, index)
    if is_search:
        return _searched(request, run, shown)
    if part := history_parts.PARTS.get(request.GET.get("part", "")):
        return part(request, run, shown)
    if same := unchanged(request, shown.context["part_mark"]):
        return same
    return shown.context | history_parts.opened(shown)


def _unreadable(request: HttpRequest, index: Index) -> dict[str, Any] | HttpResponse:
    """A history whose shape is not Temporal's, as it is. What a page that is open asks for gets that in its place."""
    found = {"unreadable": text.pretty_raw(index.raw)}
    if request.htmx and request.htmx.target != "part":  # type: ignore[attr-defined]
        return with_headers(render(request, "executions/_history_unreadable.html", found))
    return found


def _searched(request: HttpRequest, run: runs.Run, shown: Shown) -> HttpResponse:
    """The rows that have the text, while one types it; the page's address follows."""
    answer = history_parts.answer(request, run, shown, "searched", history_parts.opened(shown))
    query = request.GET.urlencode()
    answer["HX-Replace-Url"] = f"{reverse('history', args=[run.execution_id])}{'?' if query else ''}{query}"
    return answer


def _shown(request: HttpRequest, run: runs.Run, index: Index) -> Shown:
    selected = request.GET.get("event", "")
    view = address.view_of(request, index, selected)
    wanted = address.wanted(request, view)
    did = audit.entries(audit.of_run(run).defer("input")[: audit.RUN_LIMIT], answers=False)
    listing = Listing(index, wanted, did, _standings(run, index, wanted))
    order = "desc" if wanted.newest_first else "asc"
    kept = address.pairs(request, address.KEPT)
    kept += [("run", run.run_id)] if run.run_id else []
    last = index.events[-1].id if index.events else 0
    outcomes = [(one.action.id, one.result) for one in did]
    now_shown = mark(run.run_id, last, len(index.events or ()), outcomes, listing.retrying)
    return Shown(
        index,
        listing,
        listing.rows,
        did,
        selected,
        {
            "view": view,
            "views": address.VIEWS,
            "wanted": wanted,
            "order": order,
            "query": wanted.query,
            "kinds": wanted.kinds,
            "open": view == "json" and bool(request.GET.get("open")),
            "asked_with": [
                pair for pair in address.pairs(request, (*address.KEPT, *address.ALSO_KEPT)) if pair[0] != "q"
            ],
            "selected": selected,
            "asked": urlencode([*kept, ("view", view), ("order", order)]),
            "since": f"{last}.{len(did)}",
            "rows_mark": now_shown,
            # Its rows follow by themselves: only of another run the whole is anew.
            "part_mark": mark(run.run_id),
            "polling": max(2, len(index.events or ()) // 1_000) if run.is_running else 0,
            "axis": timeline.of_run(run, index, wanted) if view == "timeline" else None,
            "standings": listing.standings,
        },
    )


def _standings(run: runs.Run, index: Index, wanted: Wanted) -> dict[int, Standing]:
    """How activities are doing that have not ended. The page waits for it only where it is looked for, and not long."""
    if not (run.is_running and index.open_activities):
        return {}
    read = attempts.soon if wanted.state == RETRYING else attempts.known_or_soon if wanted.query else attempts.known
    facts = beside.facts(run, index, only_attempts=True, read=read)
    return standings.by_step(index, facts, failing=not wanted.query)
