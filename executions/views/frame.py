"""What all pages of an execution share: who may see them, which run they show, and the frame around them."""

import functools
import re
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from executions import ids
from executions.models import ActionRequested
from executions.operations import BY_SLUG
from executions.permissions import allowed_operations, check_allowed
from executions.services import api, runs, text
from executions.upstream import errors
from executions.views.errors import BadRequest

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]
_UUID = re.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def allowed(operation: str) -> Callable[[View[P]], View[P]]:
    """Let in only who may use the operation."""

    def wrap(view: View[P]) -> View[P]:
        @functools.wraps(view)
        def inner(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            check_allowed(request.user, operation)
            return view(request, *args, **kwargs)

        return inner

    return wrap


def execution_page(operation: str) -> Callable[[Callable[[HttpRequest, runs.Run], HttpResponse]], View[[str]]]:
    """A page about one execution: checks the right and the id, and fetches the run that the address names."""

    def wrap(view: Callable[[HttpRequest, runs.Run], HttpResponse]) -> View[[str]]:
        @functools.wraps(view)
        def inner(request: HttpRequest, execution_id: str) -> HttpResponse:
            check_allowed(request.user, operation)
            return view(request, fetch(request, real_id(execution_id)))

        return inner

    return wrap


def real_id(segment: str) -> str:
    """The execution id that a path's segment stands for; BadRequest if it cannot be one."""
    try:
        return ids.from_path(segment)
    except ValueError as error:
        raise BadRequest(str(error)) from None


def run_parameter(request: HttpRequest) -> str:
    """The `run` of the address: a run id of the API, or nothing for the latest."""
    run_id = request.GET.get("run", "")
    if run_id and not _UUID.fullmatch(run_id):
        raise BadRequest("The address names a run that cannot exist: a run id is a UUID.")
    return run_id


def fetch(request: HttpRequest, execution_id: str) -> runs.Run:
    """The run that the address names; NotFound if it belongs to another execution."""
    run_id = run_parameter(request)
    if not run_id:
        return runs.run(api.client().get_workflow_execution(execution_id))
    found = api.client().get_run(run_id)
    if found.execution_id != execution_id:
        raise errors.NotFound("This run belongs to another execution.", code=None, status=404, detail="")
    return runs.run(found)


def time_range(request: HttpRequest) -> dict[str, str | None]:
    """The chosen range of time, `after` and `before`, in ISO format."""
    chosen: dict[str, str | None] = {}
    for name in ("after", "before"):
        value = request.GET.get(name, "")
        moment = text.parse_time(value)
        if value and moment is None:
            raise BadRequest(f"“{name}” is not a time. Write it like 2026-01-31T14:05:00Z.")
        chosen[name] = moment.isoformat() if moment else None
    return chosen


def render_page(request: HttpRequest, name: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """The page, or only its changing part where htmx asked for that part (its target's id is `part`)."""
    whole = not (request.htmx and request.htmx.target == "part")  # type: ignore[attr-defined]
    template = f"executions/{name}.html" if whole else f"executions/_{name}.html"
    response = render(request, template, context, status=status)
    response["Vary"] = "HX-Request, HX-Target"
    response["Cache-Control"] = "no-store"
    return response


def execution_context(request: HttpRequest, run: runs.Run, tab: str) -> dict[str, Any]:
    """What the frame of an execution's pages needs."""
    may = allowed_operations(request.user)
    chosen = {name: request.GET[name] for name in ("run", "after", "before") if request.GET.get(name)}
    link = {**chosen, "run": run.run_id} if run.run_id else chosen
    return {
        "run": run,
        "tab": tab,
        "may": may,
        "offered": offered(may, run),
        "id_path": ids.to_segment(run.execution_id),
        "kept": "?" + urlencode(chosen) if chosen else "",
        "pinned": "run" in chosen,
        "link_query": urlencode(link),
        "action_count": ActionRequested.objects.filter(execution_id=run.execution_id).count(),
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


def see_other(address: str) -> HttpResponse:
    """After a POST: go and look there."""
    return HttpResponseRedirect(address, status=303)
