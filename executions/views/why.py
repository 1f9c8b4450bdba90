"""Why an execution is not moving: the sentence at the top of its pages, loaded after them."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from executions.permissions import allowed_operations
from executions.services import audit, beside, children, history_index, runs, standings, why
from executions.services.standings import Standing
from executions.services.why import Ended, Why
from executions.upstream import errors
from executions.views.errors import describe, with_headers
from executions.views.frame import allowed, fetch, real_id
from executions.views.freshness import is_refresh, mark, unchanged

SECONDS = 4
"""Between refreshes of a run that goes on; more for a long history."""
AFTER_FAILURE = 10


@allowed("get")
def sentence(request: HttpRequest, execution_id: str) -> HttpResponse:
    run = fetch(request, real_id(execution_id))
    problem, told = None, Told()
    try:
        told = _told(run)
    except errors.UpstreamError as error:
        problem, told = describe(error, request.user), Told(seconds=AFTER_FAILURE)
    may = allowed_operations(request.user)
    rows = told.rows if _shows_rows(request) and "history" in may else ()
    now = mark(run.run_id, told.why, rows, problem)
    if is_refresh(request) and (same := unchanged(request, now)):
        return same
    context = {
        "run": run,
        "why": told.why,
        "standings": rows,
        "problem": problem,
        "why_mark": now,
        "polling": told.seconds if run.is_running or problem else 0,
        "pinned": "run" in request.GET,
        "may": may,
    }
    return with_headers(render(request, "executions/_why.html", context))


def _shows_rows(request: HttpRequest) -> bool:
    """Whether the page has rows of activities, which say how those are doing."""
    path = request.htmx.current_url_abs_path or ""  # type: ignore[attr-defined]
    return path.partition("?")[0].endswith("/history/")


@dataclass(frozen=True, slots=True)
class Told:
    why: Why | None = None
    seconds: int = SECONDS
    """How soon to look again; 0 for not at all."""
    rows: tuple[Standing, ...] = ()
    """How the activities are doing that have not ended."""


def _told(run: runs.Run) -> Told:
    if run.status.value == "COMPLETED":
        return Told(why.completed(run), 0)
    if run.status.value == "CONTINUED_AS_NEW":
        return Told(why.continued(run, _next_run(run)), 0)
    index = history_index.of(run)
    if index.events is None:
        return Told(why.unreadable(), AFTER_FAILURE)
    facts = beside.facts(run, index)
    if run.status.over:
        entry = audit.ended_by(run)
        by = Ended(entry.action.username, entry.action.reason) if entry else None
        return Told(why.over(run, index.events, index.steps, facts, by=by), 0)
    asked = audit.cancel_requested(run) is not None
    found = why.running(index.events, index.steps, facts, asked=asked)
    if found.child:
        found = why.with_child(found, children.look(found.child))
    rows = tuple(standings.standings(index.steps, facts))
    return Told(found, max(SECONDS, len(index.events) // 1_000), rows)


def _next_run(run: runs.Run) -> runs.Run | None:
    """The run that began when this one ended. The engine's id of it is not the API's."""
    # Newest first, and only those of this execution.
    found, _ = runs.of_execution(run.execution_id)
    place = next((place for place, one in enumerate(found) if one.run_id == run.run_id), 0)
    return found[place - 1] if place else None
