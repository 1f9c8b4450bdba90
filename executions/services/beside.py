"""What is known of a run beside its history, asked for where it counts. Where that fails, it is left out."""

from collections.abc import Callable
from typing import TypeVar

from django.conf import settings
from django.utils import timezone

from executions.services import api, attempts, runs, why
from executions.services.attempts import Announced
from executions.services.history_index import Index
from executions.services.shared import Shared
from executions.services.waits import Facts
from executions.upstream import errors

T = TypeVar("T")
DECLARED_AGE = 60.0
"""Seconds for which a workflow's signals are not asked for again."""
_declared = Shared()


def facts(
    run: runs.Run, index: Index, *, only_attempts: bool = False, read: Callable[[str], Announced | None] | None = None
) -> Facts:
    """`only_attempts`: of activities nothing else has to be known. `read`: how to learn what is announced of them."""
    announced, declared = None, None
    if why.needs_attempts(index.steps) and not run.status.over:
        announced = _or_none(lambda: (read or attempts.announced)(run.execution_id))
    if not only_attempts and why.needs_signals(index.steps):
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
