"""Why an execution is not moving: the sentence at the top of its pages, loaded after them."""

from collections.abc import Callable
from typing import TypeVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from executions.permissions import allowed_operations
from executions.services import api, attempts, audit, history_index, runs, why
from executions.services.history_index import Index
from executions.services.shared import Shared
from executions.services.waits import Facts
from executions.services.why import Ended, Why
from executions.upstream import errors
from executions.views.errors import describe, with_headers
from executions.views.frame import allowed, fetch, real_id
from executions.views.freshness import is_refresh, mark, unchanged

T = TypeVar("T")
DECLARED_AGE = 60.0
"""Seconds for which a workflow's signals are not asked for again."""
SECONDS = 4
"""Between refreshes of a run that goes on; more for a long history."""
AFTER_FAILURE = 10
_declared = Shared()


@allowed("get")
def sentence(request: HttpRequest, execution_id: str) -> HttpResponse:
    run = fetch(request, real_id(execution_id))
    seconds, problem, found = SECONDS, None, None
    try:
        found, seconds = _why(run)
    except errors.UpstreamError as error:
        problem, seconds = describe(error, request.user), AFTER_FAILURE
    now = mark(run.run_id, found, problem)
    if is_refresh(request) and (same := unchanged(request, now)):
        return same
    context = {
        "run": run,
        "why": found,
        "problem": problem,
        "why_mark": now,
        "polling": seconds if run.is_running or problem else 0,
        "pinned": "run" in request.GET,
        "may": allowed_operations(request.user),
    }
    return with_headers(render(request, "executions/_why.html", context))


def _why(run: runs.Run) -> tuple[Why, int]:
    """The sentence, and how soon to look again."""
    if run.status.value == "COMPLETED":
        return why.completed(run), 0
    if run.status.value == "CONTINUED_AS_NEW":
        return why.continued(run, _next_run(run)), 0
    index = history_index.of(run)
    if index.events is None:
        return why.unreadable(), AFTER_FAILURE
    facts = _facts(run, index)
    if run.status.over:
        entry = audit.ended_by(run)
        by = Ended(entry.action.username, entry.action.reason) if entry else None
        return why.over(run, index.events, index.steps, facts, by=by), 0
    asked = audit.cancel_requested(run) is not None
    found = why.running(index.events, index.steps, facts, asked=asked)
    return found, max(SECONDS, len(index.events) // 1_000)


def _next_run(run: runs.Run) -> runs.Run | None:
    """The run that began when this one ended. The engine's id of it is not the API's."""
    # Newest first, and only those of this execution.
    found = runs.of_execution(run.execution_id)
    place = next((place for place, one in enumerate(found) if one.run_id == run.run_id), 0)
    return found[place - 1] if place else None


def _facts(run: runs.Run, index: Index) -> Facts:
    """What the history does not tell, asked for where it counts. Where that fails, the sentence says what it lacks."""
    announced, declared = None, None
    if why.needs_attempts(index.steps) and not run.status.over:
        announced = _or_none(lambda: attempts.announced(run.execution_id))
    if why.needs_signals(index.steps):
        declared = _or_none(lambda: _handlers(run))
    signals, updates = declared or (None, ())
    return Facts(timezone.now(), announced, why.run_ids(run, index.events or []), signals, updates)


def _or_none(call: Callable[[], T]) -> T | None:
    try:
        return call()
    except errors.UpstreamError:
        return None


def _handlers(run: runs.Run) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of the signals and of the updates that the workflow declares. Raises UpstreamError."""

    def call() -> tuple[tuple[str, ...], tuple[str, ...]]:
        signals, updates = (runs.handlers(run, kind) for kind in ("signal", "update"))
        return tuple(one.name for one in signals), tuple(one.name for one in updates)

    key = (api.client(), run.execution.workflow_id, run.execution.workflow_name, run.deployment)
    timeout = settings.UPSTREAM_TIMEOUT_SECONDS
    return _declared.read(key, call, age=DECLARED_AGE, size=lambda _: 1_000, timeout=timeout).value
