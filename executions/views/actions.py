"""Acting on one execution: a form, a confirmation, one POST, and a redirect to the page that shows what came of it."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from executions import forms
from executions.operations import BY_SLUG
from executions.permissions import check_allowed
from executions.services import actions, api, history, runs, text
from executions.services.actions import Done, Intent
from executions.upstream import errors
from executions.views.errors import Problem, describe, with_headers
from executions.views.frame import (
    execution_context,
    fetch_latest,
    page_url,
    real_id,
    render_page,
    run_parameter,
    secondary,
    see_other,
    unknown_run,
)
from executions.views.history import fetch_history

get_or_post = require_http_methods(["GET", "HEAD", "POST"])
Prepare = Callable[[str, dict[str, Any]], tuple[Intent, Callable[[], Any]]]
"""From the execution's id and what the form says: what is wanted, and the one call that does it."""
More = Callable[[HttpRequest, runs.Run, errors.UpstreamError | None], dict[str, Any]]
"""What an operation's page shows besides its form."""


@get_or_post
def cancel(request: HttpRequest, execution_id: str) -> HttpResponse:
    def prepare(one: str, data: dict[str, Any]) -> tuple[Intent, Callable[[], Any]]:
        return Intent("cancel", one, data["reason"]), partial(api.client().cancel_workflow_execution, one)

    return _write(request, execution_id, "cancel", forms.ReasonForm, prepare)


@get_or_post
def terminate(request: HttpRequest, execution_id: str) -> HttpResponse:
    def prepare(one: str, data: dict[str, Any]) -> tuple[Intent, Callable[[], Any]]:
        return Intent("terminate", one, data["reason"]), partial(api.client().terminate_workflow_execution, one)

    form = partial(forms.TerminateForm, expected=real_id(execution_id)[-6:])
    return _write(request, execution_id, "terminate", form, prepare)


@get_or_post
def signal(request: HttpRequest, execution_id: str) -> HttpResponse:
    def prepare(one: str, data: dict[str, Any]) -> tuple[Intent, Callable[[], Any]]:
        client = api.client()

        def send() -> None:
            # Its answer is not kept: "accepted" is all that the API says.
            client.signal_workflow_execution(one, name=data["name"], input=data["input"])

        return _named("signal", one, data), send

    return _write(request, execution_id, "signal", forms.CallForm, prepare, more=_handlers("signal"))


@get_or_post
def update(request: HttpRequest, execution_id: str) -> HttpResponse:
    def prepare(one: str, data: dict[str, Any]) -> tuple[Intent, Callable[[], Any]]:
        send = partial(api.client().update_workflow_execution, one, name=data["name"], input=data["input"])
        return _named("update", one, data), lambda: text.decode(send().result)

    return _write(request, execution_id, "update", forms.CallForm, prepare, more=_handlers("update"))


@get_or_post
def reset(request: HttpRequest, execution_id: str) -> HttpResponse:
    def prepare(one: str, data: dict[str, Any]) -> tuple[Intent, Callable[[], Any]]:
        body = {name: data[name] for name in ("event_id", "exclude_signals", "exclude_updates", "reason")}
        left_out = [kind for kind in ("signals", "updates") if data[f"exclude_{kind}"]]
        detail = ", ".join([f"to event {data['event_id']}", *(f"without later {kind}" for kind in left_out)])
        intent = Intent("reset", one, data["reason"], body=body, detail=detail)
        return intent, partial(api.client().reset_workflow, one, **body)

    return _write(request, execution_id, "reset", forms.ResetForm, prepare, more=_points)


def _write(
    request: HttpRequest,
    segment: str,
    operation: str,
    make_form: Callable[..., Any],
    prepare: Prepare,
    *,
    more: More = lambda request, run, error: {},
) -> HttpResponse:
    """The form; what is wrong with it; or the action, sent once, and a redirect to what came of it."""
    check_allowed(request.user, operation)
    execution_id = real_id(segment)
    if request.method != "POST":
        run = fetch_latest(request, execution_id)
        form = make_form(initial=_initial(request, run))
        return _form_page(request, run, operation, form, more=more(request, run, None))
    form = make_form(request.POST)
    if not form.is_valid():
        run = fetch_latest(request, execution_id)
        return _form_page(request, run, operation, form, status=422, more=more(request, run, None))
    try:
        intent, call = prepare(execution_id, form.cleaned_data)
        done = actions.perform(request.user, request.POST.get("token", ""), intent, call)
    except actions.AlreadyDone as before:
        messages.info(request, "This form was sent before. Nothing was sent again; this is what came of it.")
        return see_other(page_url("actions", execution_id, action=str(before.action_id)))
    if done.error:
        run, shown = _after(request, execution_id, done.error, more)
        return _form_page(request, run, operation, form, failed=done, more=shown)
    messages.success(request, f"{BY_SLUG[operation].label}: accepted by the Workflows API.")
    return see_other(page_url("actions", execution_id, action=str(done.action_id)))


@get_or_post
def query(request: HttpRequest, execution_id: str) -> HttpResponse:
    """A read that is sent by POST: its first use in a page is audited, repeats from there are counted."""
    check_allowed(request.user, "query")
    real = real_id(execution_id)
    run = fetch_latest(request, real)
    more = _handlers("query")(request, run, None)
    if request.method != "POST":
        return _form_page(request, run, "query", forms.QueryForm(initial=_initial(request, run)), more=more)
    form = forms.QueryForm(request.POST)
    if not form.is_valid():
        return _form_page(request, run, "query", form, status=422, more=more)
    data, token = form.cleaned_data, request.POST.get("token", "")
    send = partial(api.client().query_workflow_execution, real, name=data["name"], input=data["input"])
    done = actions.ask(request.user, token, _named("query", real, data), lambda: text.decode(send().result))
    more |= {"answer": None if done.error else text.pretty(done.answer), "token": token}
    return _form_page(request, run, "query", form, failed=done if done.error else None, more=more)


def _named(operation: str, execution_id: str, data: dict[str, Any]) -> Intent:
    """A signal, query or update as it will be sent."""
    body = {"name": data["name"]} if data["input"] is None else {"name": data["name"], "input": data["input"]}
    return Intent(operation, execution_id, data.get("reason", ""), data["name"], body)


def _initial(request: HttpRequest, run: runs.Run) -> dict[str, str]:
    """What the address fills in. An event of another run than the latest is no point of a reset."""
    initial = {"name": request.GET.get("name", "")}
    if run_parameter(request) in {"", run.run_id}:
        initial["event_id"] = request.GET.get("event_id", "")
    return initial


def _after(
    request: HttpRequest, execution_id: str, error: errors.UpstreamError, more: More
) -> tuple[runs.Run, dict[str, Any]]:
    """The execution after a failure, and what its form shows. An API that did not answer is not asked again."""
    if not isinstance(error, errors.NoAnswer):
        run, _ = secondary(request, lambda: fetch_latest(request, execution_id))
        if run:
            return run, more(request, run, error)
    return unknown_run(execution_id), {}


def _form_page(
    request: HttpRequest,
    run: runs.Run,
    operation: str,
    form: Form,
    *,
    more: dict[str, Any],
    failed: Done | None = None,
    status: int = 200,
) -> HttpResponse:
    """The operation's form. After a failure it is kept as it was filled in, with a fresh token and what happened."""
    problem: Problem | None = describe(failed.error, request.user) if failed and failed.error else None
    context = execution_context(request, run, operation) | {
        "operation": BY_SLUG[operation],
        "form": form,
        "token": actions.new_token(request.user, operation, run.execution_id, run.run_id),
        "problem": problem,
        # Whether it may have happened matters where it changes something.
        "failed": failed if BY_SLUG[operation].kind == "write" else None,
        "pinned": run_parameter(request) not in {"", run.run_id},
        **more,
    }
    return with_headers(render_page(request, "action", context, status=problem.status if problem else status), problem)


def _handlers(operation: str) -> More:
    def more(request: HttpRequest, run: runs.Run, error: errors.UpstreamError | None) -> dict[str, Any]:
        found, problem = secondary(request, lambda: runs.handlers(run, operation))
        return {"handlers": found or [], "handlers_problem": problem}

    return more


def _points(request: HttpRequest, run: runs.Run, error: errors.UpstreamError | None) -> dict[str, Any]:
    """Where the reset may start, from the history; failing that, from the API's own answer."""
    events, problem = secondary(request, lambda: history.rows(fetch_history(run)) or [])
    found = history.reset_points(events or [])
    known = {point.event_id for point in found}
    valid = error.valid_reset_events if isinstance(error, errors.Invalid) else ()
    found += [history.ResetPoint(event_id, None, "", "") for event_id in valid if event_id not in known]
    return {"points": found, "points_problem": problem}
