"""An execution's history: its steps or its events, a window of rows at a time."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.timezone import now

from executions.services import audit, beside, history_index, runs, standings, text, timeline
from executions.services.history_index import Index
from executions.services.history_rows import (
    FAILED,
    FIRST,
    LEAD,
    PENDING,
    RETRYING,
    WINDOW,
    Listing,
    News,
    Row,
    Wanted,
    Window,
    place_of,
    window,
)
from executions.services.standings import Standing
from executions.services.steps import Step
from executions.upstream import errors
from executions.views import history_address as address
from executions.views import history_files
from executions.views.errors import with_headers
from executions.views.frame import execution_context, execution_page
from executions.views.freshness import mark, unchanged

SEARCHED = "history-found"
"""The place of the rows: what asks for a search names it."""
NEWS_SHOWN = 200
"""New rows, and changed ones, that an open page gets at a time."""
UNSETTLED = timedelta(minutes=10)
"""How long what an operator did may still come to something else than its row says."""


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
    parts = {"event": _event, "rows": _rows, "news": _news}
    if answer := parts.get(request.GET.get("part", "")):
        return answer(request, run, shown)
    if same := unchanged(request, shown.context["part_mark"]):
        return same
    return shown.context | _opened(shown)


def _unreadable(request: HttpRequest, index: Index) -> dict[str, Any] | HttpResponse:
    """A history whose shape is not Temporal's, as it is. What a page that is open asks for gets that in its place."""
    found = {"unreadable": text.pretty_raw(index.raw)}
    if request.htmx and request.htmx.target != "part":  # type: ignore[attr-defined]
        return with_headers(render(request, "executions/_history_unreadable.html", found))
    return found


def _searched(request: HttpRequest, run: runs.Run, shown: "Shown") -> HttpResponse:
    """The rows that have the text, while one types it; the page's address follows."""
    answer = _answer(request, run, shown, "searched", _opened(shown))
    query = request.GET.urlencode()
    answer["HX-Replace-Url"] = f"{reverse('history', args=[run.execution_id])}{'?' if query else ''}{query}"
    return answer


@dataclass(frozen=True, slots=True)
class Shown:
    """What one address shows of a history."""

    index: Index
    listing: Listing
    rows: Sequence[Row]
    did: Sequence[audit.Entry]
    selected: str
    context: dict[str, Any]

    def around(self, rows: Window, *, ahead: bool = True, behind: bool = True) -> dict[str, Any]:
        """For the template of rows: these, and how many there are beyond each end; None for one that is not shown."""
        return {
            "rows": rows.rows,
            "ahead": rows.ahead if ahead else None,
            "behind": rows.behind if behind else None,
        }


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


def _opened(shown: Shown) -> dict[str, Any]:
    """The first rows; if the address names one, those around it."""
    place = place_of(shown.rows, shown.selected, shown.index) if shown.selected else None
    opened = window(shown.rows, (place or 0) - LEAD, FIRST)
    return shown.around(opened) | {
        "missing": bool(shown.selected) and place is None,
        "selected_id": None if place is None else shown.rows[place].id,
        **_sums(shown),
    }


def _sums(shown: Shown) -> dict[str, Any]:
    """How many rows there are, and how many each filter would leave beside the others."""
    index, listing = shown.index, shown.listing
    failed = index.failed(compact=listing.wanted.compact)
    has = {FAILED: failed, RETRYING: listing.retrying, PENDING: index.pending if shown.context["polling"] else []}
    return {
        "count": len(shown.rows),
        "total": listing.total,
        "unit": "step" if listing.wanted.compact else "event",
        "events": len(index.events or ()),
        "counts": [*listing.kinds().items()],
        "first_failed": failed[0] if failed else None,
        "states": [(one, listing.count(one)) for one in has if has[one] or listing.wanted.state == one],
    }


def _standings(run: runs.Run, index: Index, wanted: Wanted) -> dict[int, Standing]:
    """How activities are doing that have not ended. The page does not wait for it, unless it is what is looked for."""
    if not (run.is_running and index.open_activities):
        return {}
    is_asked = bool(wanted.query) or wanted.state == RETRYING
    facts = beside.facts(run, index, only_attempts=True, ask=is_asked)
    return standings.by_step(index.open_activities, facts, failing=not wanted.query)


def _rows(request: HttpRequest, run: runs.Run, shown: Shown) -> HttpResponse:
    """More rows, `past` one or `ahead` of it, in the order shown."""
    past, ahead = request.GET.get("past", ""), request.GET.get("ahead", "")
    place = place_of(shown.rows, past or ahead, shown.index)
    if place is None:
        return with_headers(HttpResponse(status=204))
    if past:
        found = shown.around(window(shown.rows, place + 1), ahead=False)
    else:
        found = shown.around(window(shown.rows, place - WINDOW, min(place, WINDOW)), behind=False)
    return _answer(request, run, shown, "rows", found)


def _news(request: HttpRequest, run: runs.Run, shown: Shown) -> HttpResponse:
    """What came after the event, and the number of actions, that `since` names; and the rows that it changed."""
    if same := unchanged(request, shown.context["rows_mark"]):
        return same
    since = re.fullmatch(r"(\d{1,18})\.(\d{1,9})", request.GET.get("since", ""), re.ASCII)
    if not since:
        raise BadRequest("“since” is not what it was given as.")
    did = shown.did[: max(len(shown.did) - int(since[2]), 0)]
    news = News(int(since[1]), frozenset(str(one.action.id) for one in did), now() - UNSETTLED)
    rows = [row for row in shown.rows if news.is_new(row)]
    changed = [row for row in shown.rows if news.is_changed(row)]
    follows = not shown.context["axis"] and shown.listing.wanted.state != RETRYING
    if len(rows) + len(changed) > NEWS_SHOWN or not follows:
        # After a long time in the dark, or a storm, the page begins anew, and nothing between is missing. So it does
        # where there is a time axis, which goes on, and where old rows come and go.
        answer = _answer(request, run, shown, "", _opened(shown))
        answer["HX-Retarget"], answer["HX-Reswap"] = "#part", "innerHTML"
        return answer
    return _answer(request, run, shown, "news", {"rows": rows, "changed": changed, **_sums(shown)})


def _event(request: HttpRequest, run: runs.Run, shown: Shown) -> HttpResponse:
    """What a row has inside, for when it is opened."""
    place = place_of(shown.rows, shown.selected, shown.index)
    if place is None:
        raise errors.NotFound("The history has no such event, or the filters leave it out.", status=404)
    row = shown.rows[place]
    standing = _standing(run, shown.index, row) if isinstance(row, Step) and run.is_running else None
    axis = shown.context["axis"]
    found = {"row": row, "standing": standing, "stack_id": f"stack-{row.id}", "zoom": axis and axis.around(row)}
    return _answer(request, run, shown, "body", found)


def _standing(run: runs.Run, index: Index, step: Step) -> Standing | None:
    """How an activity is doing that has not ended."""
    if step.kind != "activity" or step.closed is not None:
        return None
    return standings.of(step, beside.facts(run, index, only_attempts=True))


def _answer(request: HttpRequest, run: runs.Run, shown: Shown, part: str, found: dict[str, Any]) -> HttpResponse:
    context = execution_context(request, run, "history") | shown.context | found
    context["page_query"] = address.of_page(request.GET)
    name = f"_history_{part}" if part else "_history"
    return with_headers(render(request, f"executions/{name}.html", context))
