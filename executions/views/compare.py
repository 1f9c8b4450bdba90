"""Two runs of an execution side by side."""

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpRequest

from executions import ids
from executions.services import api, comparison, history, runs, text
from executions.services.history import EventRow
from executions.upstream import errors
from executions.views.errors import Problem
from executions.views.frame import execution_page
from executions.views.freshness import secondary
from executions.views.history import fetch_history


@dataclass(frozen=True, slots=True)
class Side:
    run: runs.Run
    events: list[EventRow]
    problem: Problem | None
    result: str

    @property
    def unreadable(self) -> bool:
        return not self.events and not self.problem


@execution_page("history", "compare")
def compare(request: HttpRequest, run: runs.Run) -> dict[str, Any]:
    """The run that the address names, or the latest, with the one named by `with`, or the one before it."""
    known = runs.of_execution(run.execution_id)
    one, other = _pair(request, run, known)
    context = {"runs": known, "with": request.GET.get("with", "")}
    if other is None or one.run_id == other.run_id:
        return context
    older, newer = (_side(request, side) for side in _in_order(one, other, known))
    readable = older.events and newer.events
    return context | {
        "older": older,
        "newer": newer,
        "it": comparison.compare(older.events, newer.events) if readable else None,
        "differences": comparison.results(older.run, newer.run),
    }


def _pair(request: HttpRequest, run: runs.Run, known: list[runs.Run]) -> tuple[runs.Run, runs.Run | None]:
    """The two runs to compare; the second is None if there is only one."""
    other_id = request.GET.get("with", "")
    place = _place(run, known)
    if not other_id:
        # The list has the newest first: the run before, or the one after the first.
        beside = known[place + 1 : place + 2] or known[max(place - 1, 0) : place]
        return run, _whole(beside[0]) if beside else None
    if not ids.is_run_id(other_id):
        raise BadRequest("The address names a run that cannot exist: a run id is a UUID.")
    other = runs.run(api.client().get_run(other_id))
    if other.execution_id != run.execution_id:
        raise errors.NotFound("This run belongs to another execution.", status=404)
    after = _place(other, known) - 1
    if not request.GET.get("run") and after >= 0:
        # A run alone is compared with what came of it.
        return _whole(known[after]), other
    return run, other


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


def _side(request: HttpRequest, run: runs.Run) -> Side:
    events, problem = secondary(request, lambda: history.rows(fetch_history(run)))
    result = text.decode(run.execution.result)
    return Side(run, events or [], problem, text.pretty(result) if result is not None else "")
