"""What a history's page shows, and the parts that it asks for while it is open: rows, news, what a row has inside."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.timezone import now

from executions.services import audit, beside, runs, standings
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
    Window,
    place_of,
    window,
)
from executions.services.standings import Standing
from executions.services.steps import Step
from executions.upstream import errors
from executions.views import history_address as address
from executions.views.errors import with_headers
from executions.views.frame import execution_context
from executions.views.freshness import unchanged

NEWS_SHOWN = 200
"""New rows, and changed ones, that an open page gets at a time."""
UNSETTLED = timedelta(minutes=10)
"""How long what an operator did may still come to something else than its row says."""


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


def opened(shown: Shown) -> dict[str, Any]:
    """The first rows; if the address names one, those around it."""
    place = place_of(shown.rows, shown.selected, shown.index) if shown.selected else None
    first = window(shown.rows, (place or 0) - LEAD, FIRST)
    return shown.around(first) | {
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
    return answer(request, run, shown, "rows", found)


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
        anew = answer(request, run, shown, "", opened(shown))
        anew["HX-Retarget"], anew["HX-Reswap"] = "#part", "innerHTML"
        return anew
    return answer(request, run, shown, "news", {"rows": rows, "changed": changed, **_sums(shown)})


def _event(request: HttpRequest, run: runs.Run, shown: Shown) -> HttpResponse:
    """What a row has inside, for when it is opened."""
    place = place_of(shown.rows, shown.selected, shown.index)
    if place is None:
        raise errors.NotFound("The history has no such event, or the filters leave it out.", status=404)
    row = shown.rows[place]
    standing = _standing(run, shown.index, row) if isinstance(row, Step) and run.is_running else None
    axis = shown.context["axis"]
    found = {"row": row, "standing": standing, "stack_id": f"stack-{row.id}", "zoom": axis and axis.around(row)}
    return answer(request, run, shown, "body", found)


def _standing(run: runs.Run, index: Index, step: Step) -> Standing | None:
    """How an activity is doing that has not ended."""
    if step.kind != "activity" or step.closed is not None:
        return None
    return standings.of(step, beside.facts(run, index, only_attempts=True))


def answer(request: HttpRequest, run: runs.Run, shown: Shown, part: str, found: dict[str, Any]) -> HttpResponse:
    """A part of the page by the name of its template; the whole of what the tab shows without one."""
    context = execution_context(request, run, "history") | shown.context | found
    context["page_query"] = address.of_page(request.GET)
    name = f"_history_{part}" if part else "_history"
    return with_headers(render(request, f"executions/{name}.html", context))


PARTS = {"rows": _rows, "news": _news, "event": _event}
"""By what `part` says."""
