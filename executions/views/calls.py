"""Talking to a workflow: signals, updates and queries."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from executions import forms
from executions.permissions import check_allowed
from executions.services import actions, answers, api, inputs, runs, schema_check, schemas, sent, text
from executions.services.actions import Done, Intent
from executions.services.misfits import Misfit
from executions.upstream import errors
from executions.upstream.types import Handler
from executions.views.acting import Unfit, form_page, get_or_post, initial, now_part, write_page
from executions.views.errors import Problem, describe, with_headers
from executions.views.frame import fetch_latest, real_id, unknown_run
from executions.views.freshness import secondary

NAMES_SHOWN = 50
MISFIT = "The input does not fit what the workflow declares for this name."


@get_or_post
def signal(request: HttpRequest, execution_id: str) -> HttpResponse:
    def prepare(one: str, data: dict[str, Any]) -> tuple[Intent, Callable[[], Any]]:
        client = api.client()

        def send() -> None:
            # Its answer is not kept: "accepted" is all that the API says.
            client.signal_workflow_execution(one, name=data["name"], input=data["input"])

        return _named("signal", one, data), send

    declared = _Declared(request, "signal")
    return write_page(
        request, execution_id, "signal", forms.CallForm, prepare, more=declared.more, check=declared.check
    )


@get_or_post
def update(request: HttpRequest, execution_id: str) -> HttpResponse:
    def prepare(one: str, data: dict[str, Any]) -> tuple[Intent, Callable[[], Any]]:
        send = partial(api.client().update_workflow_execution, one, name=data["name"], input=data["input"])
        return _named("update", one, data), lambda: text.decode(send().result)

    declared = _Declared(request, "update")
    return write_page(
        request, execution_id, "update", forms.CallForm, prepare, more=declared.more, check=declared.check
    )


@get_or_post
def query(request: HttpRequest, execution_id: str) -> HttpResponse:
    """A read that is sent by POST: its first use in a page is audited, repeats from there are counted.

    The page asks by script for the answer alone, so that what is being typed stays.
    """
    check_allowed(request.user, "query")
    real = real_id(execution_id)
    declared = _Declared(request, "query")
    if request.method != "POST":
        run = fetch_latest(request, real)
        if part := now_part(request, run, "query"):
            return part
        form = forms.QueryForm(initial=initial(request, run))
        return form_page(request, run, "query", form, more=declared.more(request, run, None))
    form = forms.QueryForm(request.POST)
    if not form.is_valid() or not declared.fits(real, form):
        return _answered(request, real, form, declared, status=422)
    data, received = form.cleaned_data, list[bytes]()
    send = partial(api.client().query_workflow_execution, real, name=data["name"], input=data["input"])

    def ask() -> Any:
        # Kept as it came, to be copied; the audit takes the value.
        received.append(bytes(send().result))
        return text.decode(received[0])

    try:
        done = actions.ask(request.user, request.POST.get("token", ""), _named("query", real, data), ask)
    except actions.StaleForm as error:
        return _answered(request, real, form, declared, problem=describe(error, request.user))
    answer = answers.answer(received[0]) if received else None
    return _answered(request, real, form, declared, done=done, answer=answer)


def _answered(
    request: HttpRequest,
    execution_id: str,
    form: forms.QueryForm,
    declared: "_Declared",
    *,
    done: Done | None = None,
    answer: answers.Answer | None = None,
    problem: Problem | None = None,
    status: int = 200,
) -> HttpResponse:
    """The answer in its place, or as a page of its own where there is no script."""
    error = done.error if done else None
    more: dict[str, Any] = {"answer": answer}
    if request.htmx and request.htmx.target == "answer":  # type: ignore[attr-defined]
        problem = describe(error, request.user) if error else problem
        more |= {"problem": problem, "form": form, "misfits": declared.misfits or _upstream(error), "alone": True}
        shown = render(request, "acting/_answer.html", more, status=problem.status if problem else status)
        return with_headers(shown, problem)
    # What was asked was about this execution; only an answer makes up for not knowing what it is now.
    now, _ = secondary(request, lambda: fetch_latest(request, execution_id)) if done else (None, None)
    run = now or (unknown_run(execution_id) if done else fetch_latest(request, execution_id))
    if now or not done:
        more |= declared.more(request, run, error)
    token = request.POST.get("token", "") if done else ""
    return form_page(request, run, "query", form, more=more, failed=done, problem=problem, token=token, status=status)


def _named(operation: str, execution_id: str, data: dict[str, Any]) -> Intent:
    """A signal, query or update as it will be sent."""
    body = {"name": data["name"]} if data["input"] is None else {"name": data["name"], "input": data["input"]}
    return Intent(operation, execution_id, data.get("reason", ""), data["name"], body)


def _upstream(error: errors.UpstreamError | None) -> list[Misfit]:
    """What the API's 422 says of parts of the input, as if we had found it."""
    if not isinstance(error, errors.Invalid):
        return []
    places = [(place.removeprefix("body.").split(".", 1), words) for place, words in error.fields]
    return [
        Misfit(parts[1] if parts[1:] else "", words) if parts[0] == "input" else Misfit(".".join(parts), words)
        for parts, words in places
    ]


def _sendable(name: str) -> bool:
    """Whether a form can send this name."""
    return name == name.strip() and 0 < len(name) <= inputs.NAME_LIMIT and text.is_printable(name)


class _Declared:
    """What the execution's workflow declares for an operation, and whether an input fits it. Read once a request."""

    def __init__(self, request: HttpRequest, operation: str) -> None:
        self.request = request
        self.operation = operation
        self.name = (request.POST if request.method == "POST" else request.GET).get("name", "").strip()
        self.misfits: list[Misfit] = []
        self.found: tuple[list[Handler] | None, Problem | None] | None = None

    def handlers(self, run: runs.Run) -> tuple[list[Handler], Problem | None]:
        if self.found is None:
            self.found = secondary(self.request, lambda: runs.handlers(run, self.operation))
        return self.found[0] or [], self.found[1]

    def chosen(self, run: runs.Run) -> Handler | None:
        return next((one for one in self.handlers(run)[0] if one.name == self.name and _sendable(one.name)), None)

    def fits(self, execution_id: str, form: forms.CallForm) -> bool:
        """Whether a valid form's input fits. If not, the form's errors say so, and `misfits` where."""
        # A question that is asked again was checked when it was asked first.
        if self.operation == "query" and "again" in self.request.POST:
            return True
        handler = self.chosen(fetch_latest(self.request, execution_id))
        self.misfits = schema_check.check(handler.input_schema if handler else None, form.cleaned_data["input"])
        if self.misfits:
            form.add_error("input", MISFIT)
        return not self.misfits

    def check(self, execution_id: str, form: forms.CallForm) -> None:
        if not self.fits(execution_id, form):
            raise Unfit

    def more(self, request: HttpRequest, run: runs.Run, error: errors.UpstreamError | None) -> dict[str, Any]:
        """What the page shows besides its form."""
        handlers, problem = self.handlers(run)
        sendable = [one for one in handlers if _sendable(one.name)]
        chosen = self.chosen(run)
        return {
            "handlers": [(one.name, text.clean(one.name, 60)) for one in sendable[:NAMES_SHOWN]],
            "handlers_more": len(handlers) - len(sendable[:NAMES_SHOWN]),
            "handlers_problem": problem,
            "name": self.name,
            "description": text.clean(chosen.description or "", 2_000) if chosen else "",
            "undeclared": bool(handlers and self.name and not chosen),
            "drawn": schemas.draw(chosen.input_schema if chosen else None),
            "misfits": self.misfits or _upstream(error),
            "recent": [
                (one, text.escaped(one.input), text.one_line(text.decode(one.input.encode()), 80))
                for one in sent.recent_inputs(request.user, run.execution_id, self.operation, self.name)
            ],
        }
