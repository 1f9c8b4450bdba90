"""What all pages of an execution share: who may see them, which run they show, and the frame around them."""

import functools
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec
from urllib.parse import urlencode, urlsplit

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from executions import ids
from executions.operations import BY_SLUG
from executions.permissions import allowed_operations, check_allowed
from executions.services import api, audit, reads, runs, text
from executions.services import time_range as ranges
from executions.upstream import errors
from executions.upstream.types import Execution
from executions.views.errors import NotATime, Problem, describe, respond, with_headers
from executions.views.freshness import as_of, away_of, current, is_late, is_patient, is_refresh, mark

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]
Part = Callable[[HttpRequest, runs.Run], dict[str, Any] | HttpResponse]
RANGE = ("after", "before")


def allowed(operation: str) -> Callable[[View[P]], View[P]]:
    """A page to read, for those who may use the operation."""

    def wrap(view: View[P]) -> View[P]:
        @require_safe
        @functools.wraps(view)
        def inner(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            check_allowed(request.user, operation)
            return view(request, *args, **kwargs)

        return inner

    return wrap


def execution_page(operation: str, tab: str) -> Callable[[Part], View[[str]]]:
    """A tab of an execution's page. The part gives what its template needs, or an answer of its own.

    Without the execution there is no page. Where only the part fails, the frame around it stays.
    """

    def wrap(part: Part) -> View[[str]]:
        @require_safe
        @functools.wraps(part)
        def inner(request: HttpRequest, execution_id: str) -> HttpResponse:
            check_allowed(request.user, operation)
            if (address := turned(request)) is not None:
                return address
            run = fetch(request, real_id(execution_id))
            if (away := away_of(request)) and not (tab == "overview" and request.GET.get("part") in {None, "facts"}):
                # The part would have to be asked for as well.
                return _without_part(request, run, tab, away)
            try:
                # What is no time is said, also where the part has nothing to choose from.
                time_range(request)
                found = part(request, run)
            except (errors.UpstreamError, BadRequest) as error:
                return _without_part(request, run, tab, describe(error, request.user))
            if isinstance(found, HttpResponse):
                return found
            return render_page(request, tab, execution_context(request, run, tab) | found)

        return inner

    return wrap


def _without_part(request: HttpRequest, run: runs.Run, tab: str, problem: Problem) -> HttpResponse:
    if is_refresh(request) or (request.htmx and request.htmx.target != "part"):  # type: ignore[attr-defined]
        return respond(request, problem)
    context = execution_context(request, run, tab) | {"problem": problem}
    return with_headers(render_page(request, "failed", context, status=problem.status), problem)


def real_id(segment: str) -> str:
    """The execution id that a path's segment stands for; BadRequest if it cannot be one."""
    try:
        return ids.from_path(segment)
    except ValueError as error:
        raise BadRequest(str(error)) from None


def run_parameter(request: HttpRequest) -> str:
    """The `run` of the address: a run id of the API, or nothing for the latest."""
    run_id = request.GET.get("run", "")
    if run_id and not ids.is_run_id(run_id):
        raise BadRequest("The address names a run that cannot exist: a run id is a UUID.")
    return run_id


def fetch(request: HttpRequest, execution_id: str) -> runs.Run:
    """The run that the address names; NotFound if it belongs to another execution."""
    run_id, age, patient = run_parameter(request), reads.AGE if is_refresh(request) else 0.0, is_patient(request)
    if not run_id:
        return runs.run(current(request, reads.execution(execution_id, age=age, patient=patient)))
    return _its_run(execution_id, current(request, reads.run(run_id, age=age, patient=patient)))


def _its_run(execution_id: str, found: Execution) -> runs.Run:
    if found.execution_id != execution_id:
        raise errors.NotFound("This run belongs to another execution.", status=404)
    return runs.run(found)


def fetch_latest(request: HttpRequest, execution_id: str) -> runs.Run:
    """The latest run, which is what actions act on. A run that the address names has to be the execution's, too.

    Before something is sent, only what the API says now to this request will do.
    """
    run_id = run_parameter(request)
    if request.method == "POST":
        latest = runs.run(api.client().get_workflow_execution(execution_id))
        if run_id not in {"", latest.run_id}:
            _its_run(execution_id, api.client().get_run(run_id))
        return latest
    found = reads.execution(execution_id, age=0.0)
    if found.problem and request.htmx:  # type: ignore[attr-defined]
        # A part of a form has no place to say that it is old: what is there stays.
        raise found.problem
    latest = runs.run(current(request, found))
    if run_id not in {"", latest.run_id} and not away_of(request):
        _its_run(execution_id, current(request, reads.run(run_id, age=0.0)))
    return latest


def unknown_run(execution_id: str) -> runs.Run:
    """An execution of which the API tells nothing now: what a page of our own knowledge stands under."""
    return runs.run(Execution(execution_id=execution_id))


def time_range(request: HttpRequest) -> dict[str, str | None]:
    """The chosen range of time, `after` and `before`, in ISO format and in this order."""
    given = {name: request.GET.get(name) for name in RANGE}
    for name, value in given.items():
        if value and text.parse_iso(value) is None:
            words = f"“{name}” in the address is “{text.clean(value, 60)}”, which is not a time."
            raise NotATime(f"{words} Write it like 2026-01-31T14:05:00Z.")
    chosen = ranges.of(given)
    ends = zip(RANGE, (chosen.after, chosen.before), strict=True)
    return {name: moment.isoformat() if moment else None for name, moment in ends}


def turned(request: HttpRequest) -> HttpResponse | None:
    """To the same page with the range the right way round, for scripts and links too; None where it is."""
    if not ranges.is_reversed(*(text.parse_iso(request.GET.get(name, "")) for name in RANGE)):
        return None
    query = request.GET.copy()
    query["after"], query["before"] = request.GET["before"], request.GET["after"]
    return HttpResponseRedirect(f"?{query.urlencode()}")


def page_query(request: HttpRequest) -> QueryDict:
    """Of the page that a part is loaded into."""
    return QueryDict(urlsplit(request.headers.get("HX-Current-URL", "")).query)


def render_page(request: HttpRequest, name: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """The page, or only its changing part where htmx asked for that part (its target's id is `part`).

    `name` is the template's, in its folder: `acting/action` is `acting/action.html`, its part `acting/_action.html`.
    """
    whole = not (request.htmx and request.htmx.target == "part")  # type: ignore[attr-defined]
    folder, _, page = name.rpartition("/")
    template = f"{folder or 'executions'}/{'' if whole else '_'}{page}.html"
    return with_headers(render(request, template, context, status=status))


def execution_context(request: HttpRequest, run: runs.Run, tab: str) -> dict[str, Any]:
    """What the frame of an execution's pages needs."""
    may = allowed_operations(request.user)
    chosen = {"run": request.GET.get("run", "")}
    chosen |= {name: moment for name in RANGE if text.parse_iso(moment := request.GET.get(name, ""))}
    chosen = {name: value for name, value in chosen.items() if value}
    link = {**chosen, "run": run.run_id} if run.run_id else chosen
    canceling, count = audit.cancel_requested(run), audit.count(run.execution_id)
    asked = canceling.action.id if canceling else None
    return {
        "run": run,
        "tab": tab,
        "may": may,
        "offered": offered(may, run),
        "kept": "?" + urlencode(chosen) if chosen else "",
        "pinned": "run" in chosen,
        "link_query": urlencode(link),
        "action_count": count,
        "canceling": canceling,
        "as_of": as_of(request),
        "away": away_of(request),
        "late": is_late(request),
        "mark": mark(sorted(may), run.shown, asked, count, audit.outcomes(run.execution_id)),
    }


def offered(may: frozenset[str], run: runs.Run) -> list[tuple[str, str, str]]:
    """The actions that make sense now and that the user may do: slug, label, danger."""
    sensible = ["signal", "query", "update", "reset", "cancel", "terminate"] if run.is_running else ["query", "reset"]
    return [(slug, BY_SLUG[slug].label, BY_SLUG[slug].danger) for slug in sensible if slug in may]


def page_url(name: str, execution_id: str, **query: str) -> str:
    """The address of one of an execution's pages."""
    address = reverse(name, args=[execution_id])
    kept = {key: value for key, value in query.items() if value}
    return f"{address}?{urlencode(kept)}" if kept else address


def download(content: bytes, name: str, kind: str = "application/json") -> HttpResponse:
    """Content exactly as given, as a file of that name."""
    response = HttpResponse(content, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return with_headers(response)


def see_other(address: str) -> HttpResponse:
    """After a POST: go and look there."""
    return HttpResponseRedirect(address, status=303)
