"""An execution's history: its steps or its events, a window of rows at a time."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.timezone import now

from executions.services import audit, beside, history_index, runs, standings, temporal, text, timeline
from executions.services import history as histories
from executions.services.history_index import Index
from executions.services.history_rows import FIRST, LEAD, WINDOW, News, Row, Wanted, Window, listed, place_of, window
from executions.services.standings import Standing
from executions.services.steps import Step
from executions.upstream import errors
from executions.views import history_files
from executions.views.errors import with_headers
from executions.views.frame import execution_context, execution_page, time_range
from executions.views.freshness import mark, unchanged

VIEWS = ("compact", "all", "timeline", "json")
KEPT = ("type", "state", "name", "q", "after", "before", "open")
"""Of the address, what the parts of the page ask with; and always the run."""
ALSO_KEPT = ("view", "order", "run")
"""What a search leaves in the address besides."""
SEARCHED = "history-found"
"""The place of the rows: what asks for a search names it."""
NEWS_SHOWN = 200
"""New rows, and changed ones, that an open page gets at a time."""
UNSETTLED = timedelta(minutes=10)
"""How long what an operator did may still come to something else than its row says."""


@execution_page("history", "history")
def history(request: HttpRequest, run: runs.Run) -> dict[str, Any] | HttpResponse:
    """While it runs the newest rows come first: that is where it grows."""
    if form := request.GET.get("download") or request.GET.get("payloads"):
        return history_files.answer(run, form, request.GET.get("event", ""))
    is_search = request.htmx.target == SEARCHED  # type: ignore[attr-defined]
    if is_search:
        # What was left empty stays out of the address, and of all links.
        request.GET = _filled(request.GET)  # type: ignore[assignment]
    index = history_index.of(run)
    if index.events is None:
        return {"unreadable": text.pretty_raw(index.raw)}
    shown = _shown(request, run, index)
    if is_search:
        return _searched(request, run, shown)
    parts = {"event": _event, "rows": _rows, "news": _news}
    if answer := parts.get(request.GET.get("part", "")):
        return answer(request, run, shown)
    if same := unchanged(request, shown.context["part_mark"]):
        return same
    return shown.context | _opened(shown)


def _filled(query: QueryDict) -> QueryDict:
    found = query.copy()
    for name, values in query.lists():
        found.setlist(name, [one for one in values if one])
        if not found.getlist(name):
            del found[name]
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
    selected, wanted = request.GET.get("event", ""), _wanted(request, run)
    view = _view(request, index, selected)
    wanted = replace(wanted, compact=view in {"compact", "timeline"})
    did = audit.entries(audit.of_run(run).defer("input")[: audit.RUN_LIMIT], answers=False)
    order = "desc" if wanted.newest_first else "asc"
    kept = [pair for pair in _pairs(request) if pair[0] in KEPT]
    kept += [("run", run.run_id)] if run.run_id else []
    last = index.events[-1].id if index.events else 0
    now_shown = mark(run.run_id, last, len(index.events or ()), [(one.action.id, one.result) for one in did])
    return Shown(
        index,
        listed(index, wanted, did),
        did,
        selected,
        {
            "view": view,
            "views": VIEWS,
            "wanted": wanted,
            "order": order,
            "query": wanted.query,
            "kinds": wanted.kinds,
            "open": view == "json" and bool(request.GET.get("open")),
            "asked_with": [pair for pair in _pairs(request) if pair[0] in (*KEPT, *ALSO_KEPT) and pair[0] != "q"],
            "selected": selected,
            "asked": urlencode([*kept, ("view", view), ("order", order)]),
            "since": f"{last}.{len(did)}",
            "rows_mark": now_shown,
            # Its rows follow by themselves: only of another run the whole is anew.
            "part_mark": mark(run.run_id),
            "polling": max(2, len(index.events or ()) // 1_000) if run.is_running else 0,
            "axis": _axis(run, index, wanted) if view == "timeline" else None,
        },
    )


def _pairs(request: HttpRequest) -> list[tuple[str, str]]:
    """The parameters of the address, one after the other."""
    return [(name, value) for name, values in request.GET.lists() for value in values]


def _view(request: HttpRequest, index: Index, selected: str) -> str:
    view = request.GET.get("view", "")
    if view in VIEWS:
        return view
    # A link to an event that the steps leave out shows it nevertheless.
    hidden = index.is_hidden(temporal.number(selected))
    return "all" if hidden else "compact"


def _wanted(request: HttpRequest, run: runs.Run) -> Wanted:
    chosen = time_range(request)
    order = request.GET.get("order") or ("desc" if run.is_running else "asc")
    return Wanted(
        kinds=tuple(request.GET.getlist("type")),
        state=request.GET.get("state", ""),
        name=request.GET.get("name", ""),
        query=request.GET.get("q", ""),
        after=text.parse_iso(chosen["after"] or ""),
        before=text.parse_iso(chosen["before"] or ""),
        newest_first=order == "desc",
    )


def _axis(run: runs.Run, index: Index, wanted: Wanted) -> timeline.Axis | None:
    """Of the whole run, or of the range that is chosen."""
    whole = timeline.of_run(run, index)
    if whole is None or not (wanted.after or wanted.before):
        return whole
    first = wanted.after.timestamp() if wanted.after else whole.first
    return timeline.Axis(first, wanted.before.timestamp() if wanted.before else whole.last)


def _opened(shown: Shown) -> dict[str, Any]:
    """The first rows; if the address names one, those around it."""
    place = place_of(shown.rows, shown.selected, shown.index) if shown.selected else None
    opened = window(shown.rows, (place or 0) - LEAD, FIRST)
    index, compact = shown.index, shown.context["wanted"].compact
    did = [(histories.OPERATOR, len(shown.did))] if shown.did else []
    return shown.around(opened) | {
        "missing": bool(shown.selected) and place is None,
        "selected_id": None if place is None else shown.rows[place].id,
        "count": len(shown.rows),
        "total": len(index.events or ()),
        "by_operators": len(shown.did),
        "counts": [*index.counts(compact=compact).items(), *did],
        "failed": index.failed(compact=compact),
        "pending": index.pending if shown.context["polling"] else [],
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
    if len(rows) + len(changed) > NEWS_SHOWN or shown.context["axis"]:
        # After a long time in the dark, or a storm, the page begins anew, and nothing between is missing. So it does
        # where there is a time axis, which goes on.
        answer = _answer(request, run, shown, "", _opened(shown))
        answer["HX-Retarget"], answer["HX-Reswap"] = "#part", "innerHTML"
        return answer
    context = {"rows": rows, "changed": changed, "count": len(shown.rows), "total": len(shown.index.events or ())}
    return _answer(request, run, shown, "news", context)


def _event(request: HttpRequest, run: runs.Run, shown: Shown) -> HttpResponse:
    """What a row has inside, for when it is opened."""
    place = place_of(shown.rows, shown.selected, shown.index)
    if place is None:
        raise errors.NotFound("The history has no such event, or the filters leave it out.", status=404)
    row = shown.rows[place]
    standing = _standing(run, shown.index, row) if isinstance(row, Step) and run.is_running else None
    return _answer(request, run, shown, "body", {"row": row, "standing": standing, "stack_id": f"stack-{row.id}"})


def _standing(run: runs.Run, index: Index, step: Step) -> Standing | None:
    """How an activity is doing that has not ended."""
    if step.kind != "activity" or step.closed is not None:
        return None
    return standings.of(step, beside.facts(run, index, only_attempts=True))


def _answer(request: HttpRequest, run: runs.Run, shown: Shown, part: str, found: dict[str, Any]) -> HttpResponse:
    context = execution_context(request, run, "history") | shown.context | found
    name = f"_history_{part}" if part else "_history"
    return with_headers(render(request, f"executions/{name}.html", context))
