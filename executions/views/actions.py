"""Acting on one execution: a form, a confirmation, one POST, and a redirect to the page that shows what came of it."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from executions import forms
from executions.operations import BY_SLUG
from executions.permissions import check_allowed
from executions.services import actions, api, history, runs, text
from executions.services.actions import Done, Intent
from executions.upstream import errors
from executions.upstream.types import Execution
from executions.views.errors import describe
from executions.views.frame import execution_context, fetch, page_url, real_id, render_page, see_other
from executions.views.history import fetch_history

get_or_post = require_http_methods(["GET", "HEAD", "POST"])


def _form_page(
    request: HttpRequest,
    run: runs.Run,
    operation: str,
    form: forms.ActionForm,
    *,
    failed: Done | None = None,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    """The operation's form. After a failure it is kept as it was filled in, with a fresh token and what happened."""
    found = describe(failed.error, request.user) if failed and failed.error else None
    context = execution_context(request, run, operation) | {
        "operation": BY_SLUG[operation],
        "form": form,
        "token": actions.new_token(request.user, operation, run.execution_id),
        "problem": found,
        "failed": failed,
        **more,
    }
    return render_page(request, "action", context, status=found.status if found else status)


def _act(
    request: HttpRequest,
    operation: str,
    execution_id: str,
    form: forms.ActionForm,
    intent: Intent,
    call: Callable[[], Any],
) -> HttpResponse | Done:
    """Send once; a redirect where it worked, or was sent before. The caller shows its form again for what failed."""
    try:
        done = actions.perform(request.user, intent, form.cleaned_data["token"], call)
    except actions.AlreadyDone as before:
        messages.info(request, "This form was sent before. Nothing was sent again; this is what came of it.")
        return see_other(page_url("actions", execution_id, action=str(before.action_id)))
    if done.error:
        return done
    messages.success(request, f"{BY_SLUG[operation].label}: accepted by the Workflows API.")
    return see_other(page_url("actions", execution_id, action=str(done.action_id)))


def _simple(
    request: HttpRequest, segment: str, operation: str, form_for: Callable[[Any], Any], call: Callable[[str], Any]
) -> HttpResponse:
    """Cancel and terminate: a reason, and no body."""
    check_allowed(request.user, operation)
    execution_id = real_id(segment)
    if request.method != "POST":
        run = fetch(request, execution_id)
        return _form_page(request, run, operation, form_for(None))
    form = form_for(request.POST)
    if not form.is_valid():
        return _form_page(request, fetch(request, execution_id), operation, form, status=422)
    intent = Intent(operation, execution_id, form.cleaned_data["run_id"], form.cleaned_data["reason"])
    done = _act(request, operation, execution_id, form, intent, lambda: call(execution_id))
    if isinstance(done, Done):
        return _form_page(request, _now(request, execution_id), operation, form, failed=done)
    return done


def _now(request: HttpRequest, execution_id: str) -> runs.Run:
    """The execution for a page about a failure; where the API does not answer that either, what we know of it."""
    try:
        return fetch(request, execution_id)
    except errors.UpstreamError:
        return runs.run(Execution(execution_id=execution_id, workflow_name=""))


@get_or_post
def cancel(request: HttpRequest, execution_id: str) -> HttpResponse:
    return _simple(
        request, execution_id, "cancel", forms.ReasonForm, lambda one: api.client().cancel_workflow_execution(one)
    )


@get_or_post
def terminate(request: HttpRequest, execution_id: str) -> HttpResponse:
    expected = real_id(execution_id)[-6:]

    def form_for(data: Any) -> forms.TerminateForm:
        return forms.TerminateForm(data, expected=expected)

    return _simple(
        request, execution_id, "terminate", form_for, lambda one: api.client().terminate_workflow_execution(one)
    )


def _call(request: HttpRequest, segment: str, operation: str, call: Callable[..., Any]) -> HttpResponse:
    """Signal and update: a name and an input."""
    check_allowed(request.user, operation)
    execution_id = real_id(segment)
    if request.method != "POST":
        run = fetch(request, execution_id)
        form = forms.CallForm(initial={"name": request.GET.get("name", "")})
        return _form_page(request, run, operation, form, handlers=_handlers(run, operation))
    form = forms.CallForm(request.POST)
    if not form.is_valid():
        run = fetch(request, execution_id)
        return _form_page(request, run, operation, form, status=422, handlers=_handlers(run, operation))
    value, body = form.cleaned_data["input"]
    name = form.cleaned_data["name"]
    intent = Intent(operation, execution_id, form.cleaned_data["run_id"], form.cleaned_data["reason"], name, body)
    done = _act(request, operation, execution_id, form, intent, lambda: call(execution_id, name=name, input=value))
    if isinstance(done, Done):
        run = _now(request, execution_id)
        return _form_page(request, run, operation, form, failed=done, handlers=_handlers(run, operation))
    return done


@get_or_post
def signal(request: HttpRequest, execution_id: str) -> HttpResponse:
    def send(one: str, **body: Any) -> None:
        # A signal has no answer worth keeping: "accepted" is all the API says.
        api.client().signal_workflow_execution(one, **body)

    return _call(request, execution_id, "signal", send)


@get_or_post
def update(request: HttpRequest, execution_id: str) -> HttpResponse:
    def send(one: str, **body: Any) -> Any:
        return text.decode(api.client().update_workflow_execution(one, **body).result)

    return _call(request, execution_id, "update", send)


@get_or_post
def query(request: HttpRequest, execution_id: str) -> HttpResponse:
    """A read that is sent by POST: its first use in a page is audited, and it may be repeated from there."""
    check_allowed(request.user, "query")
    real = real_id(execution_id)
    run = fetch(request, real)
    handlers = _handlers(run, "query")
    if request.method != "POST":
        form = forms.QueryForm(initial={"name": request.GET.get("name", "")})
        return _form_page(request, run, "query", form, handlers=handlers)
    form = forms.QueryForm(request.POST)
    if not form.is_valid():
        return _form_page(request, run, "query", form, status=422, handlers=handlers)
    value, body = form.cleaned_data["input"]
    name, token = form.cleaned_data["name"], form.cleaned_data["token"]
    done = actions.ask(
        request.user,
        Intent("query", real, form.cleaned_data["run_id"], name=name, body=body),
        token,
        lambda: text.decode(api.client().query_workflow_execution(real, name=name, input=value).result),
    )
    answer = None if done.error else text.pretty(done.answer)
    more = {"answer": answer, "handlers": handlers, "token": token}
    return _form_page(request, run, "query", form, failed=done if done.error else None, **more)


def _handlers(run: runs.Run, operation: str) -> list[Any]:
    """The names that the workflow declares, to choose from; none where that cannot be had."""
    try:
        return runs.handlers(run, operation)
    except errors.UpstreamError:
        return []


@get_or_post
def reset(request: HttpRequest, execution_id: str) -> HttpResponse:
    check_allowed(request.user, "reset")
    real = real_id(execution_id)
    if request.method != "POST":
        run = fetch(request, real)
        form = forms.ResetForm(initial={"event_id": request.GET.get("event_id", "")})
        return _form_page(request, run, "reset", form, **_points(run))
    form = forms.ResetForm(request.POST)
    if not form.is_valid():
        run = fetch(request, real)
        return _form_page(request, run, "reset", form, status=422, **_points(run))
    data = form.cleaned_data
    switches = {"exclude_signals": data["exclude_signals"], "exclude_updates": data["exclude_updates"]}
    detail = f"to event {data['event_id']}" + "".join(
        f", {name.replace('_', ' ')}" for name, on in switches.items() if on
    )
    done = _act(
        request,
        "reset",
        real,
        form,
        Intent("reset", real, data["run_id"], data["reason"], detail=detail),
        lambda: api.client().reset_workflow(real, event_id=data["event_id"], reason=data["reason"], **switches),
    )
    if isinstance(done, Done):
        run = _now(request, real)
        valid = done.error.valid_reset_events if isinstance(done.error, errors.Invalid) else []
        return _form_page(request, run, "reset", form, failed=done, **_points(run, valid))
    return done


def _points(run: runs.Run, valid: list[int] | None = None) -> dict[str, Any]:
    """Where the reset may start, from the history; failing that, from the API's own answer."""
    try:
        events = history.rows(fetch_history(run)) or []
    except errors.UpstreamError:
        events = []
    found = history.reset_points(events)
    known = {point.event_id for point in found}
    found += [history.ResetPoint(event_id, None, "", "") for event_id in valid or [] if event_id not in known]
    return {"points": found}
