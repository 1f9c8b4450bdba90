"""Resetting an execution: choosing the point, seeing what it does, and doing it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from executions import forms
from executions.permissions import check_allowed
from executions.services import api, causes, history_index, rehearsal, reset_points, runs, temporal, text
from executions.services.actions import Intent
from executions.services.history import EventRow
from executions.services.rehearsal import Rehearsal
from executions.services.reset_points import ResetPoint
from executions.upstream import errors
from executions.views.acting import Unfit, get_or_post, write_page
from executions.views.errors import with_headers
from executions.views.frame import fetch_latest, real_id, run_parameter
from executions.views.freshness import secondary

FRAGMENTS = {"points": "acting/_reset_points.html", "rehearsal": "acting/_rehearsal.html"}
"""What htmx asks for by the id of its place: the points that match, and what the chosen one does."""
GROWN = "grown"
SECONDS = 5
"""Between looks whether the history of a running execution has grown; longer for a long one."""


@get_or_post
def reset(request: HttpRequest, execution_id: str) -> HttpResponse:
    def prepare(one: str, data: dict[str, Any]) -> tuple[Intent, Callable[[], Any]]:
        body = {name: data[name] for name in ("event_id", "exclude_signals", "exclude_updates", "reason")}
        left_out = [kind for kind in ("signals", "updates") if data[f"exclude_{kind}"]]
        detail = ", ".join([f"to event {data['event_id']}", *(f"without later {kind}" for kind in left_out)])
        intent = Intent("reset", one, data["reason"], body=body, detail=detail)
        return intent, partial(api.client().reset_workflow, one, **body)

    target = request.htmx.target if request.method == "GET" else None  # type: ignore[attr-defined]
    if target in FRAGMENTS or target == GROWN:
        return _fragment(request, execution_id, target)
    return write_page(request, execution_id, "reset", forms.ResetForm, prepare, more=_more, check=_check_point)


def _check_point(execution_id: str, form: forms.ResetForm) -> None:
    """A number that is no point is not sent, as far as the history can be read."""
    try:
        known = reset_points.point_ids(api.client().get_workflow_execution_history(execution_id))
    except errors.UpstreamError:
        return
    event_id = form.cleaned_data["event_id"]
    if known is not None and event_id not in known:
        form.add_error("event_id", f"Event {event_id} is not a point at which a reset can start.")
        raise Unfit


def _fragment(request: HttpRequest, execution_id: str, target: str) -> HttpResponse:
    check_allowed(request.user, "reset")
    run = fetch_latest(request, real_id(execution_id))
    if target == GROWN:
        return _grown(request, run)
    context = _more(request, run, None) | {"run": run, "oob": True}
    if run_parameter(request) not in {"", run.run_id}:
        context |= {"moved_on": True, "chosen": None, "rehearsed": None, "button": _button(None)}
    response = with_headers(render(request, FRAGMENTS[target], context))
    response["HX-Replace-Url"] = context["address"]
    return response


def _grown(request: HttpRequest, run: runs.Run) -> HttpResponse:
    """How many events have come since the page was shown; nothing as long as there are none."""
    now = len(history_index.of(run).events or [])
    more = now - temporal.number(request.GET.get("seen"))
    if more <= 0:
        return HttpResponse(status=204)
    return with_headers(render(request, "acting/_grown.html", {"run": run, "grown": more}))


@dataclass(frozen=True, slots=True)
class Choice:
    """What the address says, or what was sent: the point as it was written, and the two switches."""

    event_id: str
    exclude_signals: bool
    exclude_updates: bool
    query: str

    @property
    def number(self) -> int:
        return temporal.number(self.event_id)

    @property
    def shown_id(self) -> str:
        return text.clean(self.event_id, 40)

    def address(self, run: runs.Run, point: ResetPoint | None) -> str:
        """The page's address with this choice. It names the run: in another, the event is another."""
        given = {
            "event_id": str(point.event_id) if point else "",
            "exclude_signals": "on" if self.exclude_signals else "",
            "exclude_updates": "on" if self.exclude_updates else "",
            "q": self.query,
            "run": run.run_id,
        }
        return f"{reverse('reset', args=[run.execution_id])}?{urlencode({k: v for k, v in given.items() if v})}"


def _choice(request: HttpRequest, run: runs.Run) -> Choice:
    given = request.POST if request.method == "POST" else request.GET
    of_this_run = request.method == "POST" or run_parameter(request) in {"", run.run_id}
    return Choice(
        given.get("event_id", "").strip() if of_this_run else "",
        bool(given.get("exclude_signals")),
        bool(given.get("exclude_updates")),
        text.clean(request.GET.get("q", "").strip(), 200),
    )


def _more(request: HttpRequest, run: runs.Run, error: errors.UpstreamError | None) -> dict[str, Any]:
    """The points, the one that is chosen, and what a reset to it does; failing that, the API's own points."""
    choice = _choice(request, run)
    read, problem = secondary(request, lambda: history_index.of(run).events)
    events = read or []
    cause = causes.cause(events) if run.status.over else None
    found = _offered(events, error)
    last = max([one.id for one in events[-1:]] + [one.event_id for one in found[:1]], default=0)
    suggested = reset_points.suggestion(run, events, found) if events else None
    nearest = reset_points.nearest_to(found, choice.number) if choice.number else None
    chosen = nearest if nearest and nearest.event_id == choice.number else None
    moved = request.method != "POST" and chosen is None and nearest is not None
    if moved:
        # An event between two points: the one before it.
        chosen = nearest
    elif request.method != "POST" and not choice.event_id:
        chosen = reset_points.preselected(found, suggested)
    rehearsed = _rehearsed(events, chosen, choice)
    return _listed(found, choice.query, last, [chosen, suggested.point if suggested else None]) | {
        "choice": choice,
        "chosen": chosen,
        "moved": moved,
        "no_number": request.method != "POST" and choice.event_id and not choice.number,
        "last_event": last,
        "nearest": nearest if chosen is None else None,
        "suggested": suggested,
        "points_problem": problem,
        "unreadable": read is None and not problem,
        "cause": cause,
        "rehearsed": rehearsed,
        "fails_alike": rehearsed is not None and rehearsal.fails_alike(run, cause, rehearsed),
        "button": _button(rehearsed),
        "event_count": len(events),
        "polling": max(SECONDS, len(events) // 500) if run.is_running and events else 0,
        "address": choice.address(run, chosen),
    }


def _offered(events: list[EventRow], error: errors.UpstreamError | None) -> list[ResetPoint]:
    """The history's points. Where the API has just named them, it knows best: those and no others."""
    found = reset_points.points(events)
    if not isinstance(error, errors.Invalid) or not error.valid_reset_events:
        return found
    known = {point.event_id: point for point in found}
    valid = sorted(set(error.valid_reset_events), reverse=True)
    return [known.get(event_id) or ResetPoint(event_id) for event_id in valid]


def _listed(found: list[ResetPoint], query: str, last: int, kept: list[ResetPoint | None]) -> dict[str, Any]:
    """The newest of the points that match; and, whatever is looked for, those that are worth it."""
    matching = reset_points.search(found, query, last)
    shown = matching[: reset_points.POINTS_SHOWN]
    extra = {point for point in kept if point and point not in shown}
    return {
        "points": sorted(extra, key=lambda point: -point.event_id) + shown,
        "point_count": len(found),
        "match_count": len(matching),
        "looked_for": reset_points.event_named(query, last),
        "first_match": matching[0] if matching else None,
        "window": reset_points.POINTS_SHOWN,
    }


def _rehearsed(events: list[EventRow], chosen: ResetPoint | None, choice: Choice) -> Rehearsal | None:
    """Nothing for a point that only the API knows."""
    if chosen is None or chosen.time is None or not events:
        return None
    switches = {"exclude_signals": choice.exclude_signals, "exclude_updates": choice.exclude_updates}
    return rehearsal.rehearse(events, chosen, **switches)


def _button(said: Rehearsal | None) -> dict[str, Any]:
    """What the button says that it does, and whether that is dangerous."""
    names = [text.clean(step.name or "—", 40) for step in said.runs_again] if said else []
    match names:
        case []:
            words = "Reset"
        case [one]:
            words = f"Reset, and run {one} again"
        case [one, other] if one != other:
            words = f"Reset, and run {one} and {other} again"
        case [one, *others] if set(others) == {one}:
            words = f"Reset, and run {one} again, {len(names)} times"
        case _:
            words = f"Reset, and run {len(names):,} activities again"
    return {"words": words, "is_danger": said is not None and said.repeats_effects}
