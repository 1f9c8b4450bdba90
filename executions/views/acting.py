"""What the pages that act share: a form, one POST, and a redirect to the page that shows what came of it.

Whatever goes wrong, the form is kept as it was filled in, and the page says whether something was sent.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from executions.operations import BY_SLUG
from executions.permissions import check_allowed
from executions.services import actions, audit, runs, sent, statuses, text
from executions.services.actions import Done, Intent
from executions.services.outcomes import Result
from executions.upstream import errors
from executions.views.errors import Problem, describe, with_headers
from executions.views.frame import (
    execution_context,
    fetch_latest,
    page_url,
    real_id,
    render_page,
    run_parameter,
    see_other,
    unknown_run,
)
from executions.views.freshness import secondary

get_or_post = require_http_methods(["GET", "HEAD", "POST"])
Prepare = Callable[[str, dict[str, Any]], tuple[Intent, Callable[[], Any]]]
"""From the execution's id and what the form says: what is wanted, and the one call that does it."""
More = Callable[[HttpRequest, runs.Run, errors.UpstreamError | None], dict[str, Any]]
"""What an operation's page shows besides its form."""


class Unfit(Exception):
    """What the form says does not fit the execution; the form's errors say why."""


Check = Callable[[str, Any], None]
"""From the execution's id and a valid form, just before it is sent. Adds to the form's errors and raises Unfit."""


def write_page(
    request: HttpRequest,
    segment: str,
    operation: str,
    make_form: Callable[..., Any],
    prepare: Prepare,
    *,
    more: More = lambda request, run, error: {},
    check: Check = lambda execution_id, form: None,
) -> HttpResponse:
    """The form; what is wrong with it; or the action, sent once, and a redirect to what came of it."""
    check_allowed(request.user, operation)
    execution_id = real_id(segment)
    if request.method != "POST":
        run = fetch_latest(request, execution_id)
        if part := now_part(request, run, operation):
            return part
        form = make_form(initial=initial(request, run))
        return form_page(request, run, operation, form, more=more(request, run, None))
    posted = _Posted(request, execution_id, operation, make_form(request.POST), more, check)
    return posted.act(prepare) if posted.form.is_valid() else posted.wrong()


def now_part(request: HttpRequest, run: runs.Run, operation: str) -> HttpResponse | None:
    """What an open form says of the execution, asked for when that has changed; what is typed stays."""
    if not request.htmx or request.htmx.target != "now":  # type: ignore[attr-defined]
        return None
    context = {"run": run, "operation": BY_SLUG[operation], "canceling": audit.cancel_requested(run), "refreshed": True}
    return with_headers(render(request, "acting/_now.html", context))


def shown(run: runs.Run) -> actions.Shown:
    """What a form's token says of the run that the form shows."""
    cancel = audit.cancel_requested(run)
    return actions.Shown(run.run_id, run.status.value, cancel.action.id.hex if cancel else "")


def initial(request: HttpRequest, run: runs.Run) -> dict[str, str]:
    """What the address fills in. An event of another run than the latest is no point of a reset."""
    initial = {"name": text.clean(request.GET.get("name", ""))}
    if run_parameter(request) in {"", run.run_id}:
        initial["event_id"] = request.GET.get("event_id", "")
    return initial


@dataclass(frozen=True, slots=True)
class _Posted:
    """A form that was sent. Unless it was accepted it is shown again, as it was filled in, with what came of it."""

    request: HttpRequest
    execution_id: str
    operation: str
    form: Form
    more: More
    check: Check

    def act(self, prepare: Prepare) -> HttpResponse:
        seen: list[runs.Run] = []

        def look() -> actions.Shown:
            self.check(self.execution_id, self.form)
            seen.append(fetch_latest(self.request, self.execution_id))
            return shown(seen[-1])

        intent, call = prepare(self.execution_id, self.form.cleaned_data)
        try:
            done = actions.perform(self.request.user, self.token, intent, call, look)
        except actions.AlreadyDone as before:
            messages.info(self.request, "This form was sent before. Nothing was sent again; this is what came of it.")
            return self._record(before.action_id)
        except actions.Changed as change:
            return self._page(seen[-1], status=409, more=_changed(change.before))
        except Unfit:
            return self.wrong()
        except (actions.StaleForm, errors.UpstreamError) as error:
            return self.stale(error) if isinstance(error, actions.StaleForm) else self.unseen(error)
        if done.error:
            return self.failed(done, done.error, seen[-1])
        messages.success(self.request, f"{BY_SLUG[self.operation].label}: accepted by the Workflows API.")
        return self._record(done.action_id)

    @property
    def token(self) -> str:
        return self.request.POST.get("token", "")

    def wrong(self) -> HttpResponse:
        """Filled in wrongly. What has changed since it was opened is said now, not only after the next try."""
        try:
            run = fetch_latest(self.request, self.execution_id)
        except errors.UpstreamError as error:
            return self.unseen(error)
        now = shown(run)
        try:
            before = actions.read_token(self.token, self.request.user, self.operation, self.execution_id).shown
        except actions.StaleForm:
            before = now
        return self._page(run, status=422, more={} if before == now else _changed(before))

    def stale(self, error: actions.StaleForm) -> HttpResponse:
        """From a form that is too old, or not this user's: nothing was sent."""
        problem = describe(error, self.request.user)
        try:
            return self._page(fetch_latest(self.request, self.execution_id), problem=problem)
        except errors.UpstreamError as missing:
            return self.unseen(missing)

    def unseen(self, error: errors.UpstreamError) -> HttpResponse:
        """What the execution is now could not be read: nothing was sent, and the form still is about what it showed."""
        failed, run = Done(None, Result.NOT_SENT, error), unknown_run(self.execution_id)
        return self._form_page(run, failed=failed, token=self.token, more={})

    def failed(self, done: Done, error: errors.UpstreamError, seen: runs.Run) -> HttpResponse:
        """It was not accepted, or nobody knows. An API that did not answer is not asked again."""
        run = None
        if not isinstance(error, errors.NoAnswer):
            run, _ = secondary(self.request, lambda: fetch_latest(self.request, self.execution_id))
        if run is None:
            return self._form_page(seen, failed=done, more={"seen_before": True})
        return self._page(run, error, failed=done)

    def _page(
        self, run: runs.Run, error: errors.UpstreamError | None = None, more: dict[str, Any] | None = None, **how: Any
    ) -> HttpResponse:
        return self._form_page(run, more=self.more(self.request, run, error) | (more or {}), **how)

    def _form_page(self, run: runs.Run, **how: Any) -> HttpResponse:
        return form_page(self.request, run, self.operation, self.form, **how)

    def _record(self, action_id: uuid.UUID | None) -> HttpResponse:
        return see_other(page_url("actions", self.execution_id, action=str(action_id)))


def _changed(before: actions.Shown) -> dict[str, Any]:
    """For a page that says what the execution was; what it is now stands there anyway."""
    return {"before": before, "before_status": statuses.status(before.status)}


def form_page(
    request: HttpRequest,
    run: runs.Run,
    operation: str,
    form: Form,
    *,
    more: dict[str, Any],
    failed: Done | None = None,
    problem: Problem | None = None,
    token: str = "",
    status: int = 200,
) -> HttpResponse:
    """The operation's form. After a failure it is kept as it was filled in, with a fresh token and what happened."""
    if failed and failed.error:
        problem = describe(failed.error, request.user)
    is_write = BY_SLUG[operation].kind == "write"
    context = execution_context(request, run, operation) | {
        "operation": BY_SLUG[operation],
        "form": form,
        "token": token or actions.new_token(request.user, operation, run.execution_id, shown(run)),
        "problem": problem,
        # Whether it may have happened matters where it changes something.
        "failed": failed if is_write else None,
        # The page of a failure says it already.
        "just_sent": sent.just_sent(request.user, run.execution_id, operation) if is_write and not failed else None,
        "pinned": run_parameter(request) not in {"", run.run_id},
        **more,
    }
    return with_headers(
        render_page(request, "acting/action", context, status=problem.status if problem else status), problem
    )
