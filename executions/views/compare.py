"""Two runs side by side: of one execution, or of two."""

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import BadRequest
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from executions import ids
from executions.services import api, comparison, history_index, runs
from executions.services.comparison import Story
from executions.upstream import errors
from executions.views.errors import Problem, with_headers
from executions.views.frame import execution_context, execution_page, render_page
from executions.views.freshness import secondary

ROWS = 200
SUGGESTED = 20
VIEWS = {"all": "All", "differing": "Not the same", "slower": "Slower", "faster": "Faster"}


@dataclass(frozen=True, slots=True)
class Side:
    name: str
    """older or newer."""
    run: runs.Run
    story: Story
    problem: Problem | None

    @property
    def unreadable(self) -> bool:
        return not self.story.events and not self.problem


@execution_page("history", "compare")
def compare(request: HttpRequest, run: runs.Run) -> dict[str, Any] | HttpResponse:
    """The run that the address names, or the latest, with the one named by `with`, or the one before it."""
    if request.GET.get("part") == "suggestions":
        return _suggestions(request, run)
    given = request.GET.get("with", "").strip()
    known, _ = runs.of_execution(run.execution_id)
    context: dict[str, Any] = {"runs": known, "with": given}
    try:
        one, other = _pair(request, run, known, given)
    except errors.NotFound:
        context = execution_context(request, run, "compare") | context | {"missing": True}
        return render_page(request, "compare", context, status=404)
    context["other"] = other
    if other is None or (one.execution_id, one.run_id) == (other.execution_id, other.run_id):
        return context | {"same": other is not None}
    older, newer = (
        _side(request, *side) for side in zip(("older", "newer"), _in_order(one, other, known), strict=True)
    )
    return context | {"older": older, "newer": newer} | _compared(request, older, newer)


def _compared(request: HttpRequest, older: Side, newer: Side) -> dict[str, Any]:
    found: dict[str, Any] = {
        "two_executions": older.run.execution_id != newer.run.execution_id,
        "two_workflows": older.run.workflow != newer.run.workflow,
        "change": comparison.change(older.run.seconds, newer.run.seconds),
        "inputs": comparison.inputs(older.story.events, newer.story.events),
        "results": comparison.results(older.run, newer.run),
    }
    if not older.story.events or not newer.story.events:
        return found
    it = comparison.compare(older.story, newer.story, found["inputs"], found["results"])
    show = request.GET.get("show", "")
    page = Paginator(it.shown(show), ROWS).get_page(request.GET.get("page"))
    counts = it.counts
    return found | {
        "it": it,
        "page": page,
        "rows": comparison.rows(list(page.object_list)),
        "show": show if show in VIEWS else "all",
        "views": [(name, label, counts[name]) for name, label in VIEWS.items()],
        "differing": counts["differing"],
        "odd_side": newer if it.first and it.first.is_newer else older,
    }


def _pair(request: HttpRequest, run: runs.Run, known: list[runs.Run], given: str) -> tuple[runs.Run, runs.Run | None]:
    """The two runs to compare; the second is None if there is only one."""
    place = _place(run, known)
    if not given:
        # The list has the newest first: the run before, or the one after the first.
        beside = known[place + 1 : place + 2] or known[max(place - 1, 0) : place]
        return run, _whole(beside[0]) if beside else None
    other = _named(given)
    after = _place(other, known) - 1
    if not request.GET.get("run") and after >= 0:
        # A run alone is compared with what came of it.
        return _whole(known[after]), other
    return run, other


def _named(given: str) -> runs.Run:
    """The run of this id, or the latest run of the execution of this id. Raises NotFound."""
    if ids.is_run_id(given):
        try:
            return runs.run(api.client().get_run(given))
        except (errors.NotFound, errors.Invalid):
            # An execution's id may look like that, too.
            pass
    try:
        return runs.run(api.client().get_workflow_execution(ids.check(given)))
    except ValueError as error:
        raise BadRequest(str(error)) from None


def _place(run: runs.Run, known: list[runs.Run]) -> int:
    return next((place for place, one in enumerate(known) if one.run_id == run.run_id), -1)


def _whole(run: runs.Run) -> runs.Run:
    """The run with its result, which a list of runs leaves out."""
    return runs.run(api.client().get_run(run.run_id)) if run.run_id else run


def _in_order(one: runs.Run, other: runs.Run, known: list[runs.Run]) -> list[runs.Run]:
    """The older first: by its start, or by the API's list of runs where those are equal."""
    places = {run.run_id: -place for place, run in enumerate(known)}
    if one.started and other.started and one.started != other.started:
        return sorted((one, other), key=lambda run: run.started.timestamp() if run.started else 0)
    return sorted((one, other), key=lambda run: places.get(run.run_id, 0))


def _side(request: HttpRequest, name: str, run: runs.Run) -> Side:
    index, problem = secondary(request, lambda: history_index.of(run))
    return Side(name, run, Story((index and index.events) or (), index.steps if index else ()), problem)


def _suggestions(request: HttpRequest, run: runs.Run) -> HttpResponse:
    """Loaded after the page: other runs of this workflow that one may want to see beside this one."""
    name = run.execution.workflow_name or ""

    def latest(*status: str, size: int = SUGGESTED) -> list[runs.Run]:
        answer = api.client().list_runs(workflow_identifier=name, status=status, page_size=size)
        return [one for one in map(runs.run, answer.executions) if one.run_id != run.run_id]

    def found() -> dict[str, Any]:
        completed, failed = latest("COMPLETED", size=2), latest("FAILED", "TIMED_OUT", size=2)
        offered = [("Last completed", one) for one in completed[:1]] + [("Last failed", one) for one in failed[:1]]
        if run.status.value == "COMPLETED":
            # Beside one that went well, one that did not says more.
            offered.reverse()
        others = {one.execution_id: one for one in [*(one for _, one in offered), *latest()]}
        return {"offered": offered, "others": others.values()}

    offers, _ = secondary(request, found) if name else ({}, None)
    return with_headers(render(request, "executions/_compare_suggestions.html", {"run": run} | (offers or {})))
