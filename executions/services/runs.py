"""The list of runs: the page's filters as the API's parameters, and its answer as rows."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from executions.services import api, reads, statuses, text
from executions.upstream import errors
from executions.upstream.types import Execution, Handler

PAGE_SIZE = 50
NEWEST = 100
"""Runs among which one is looked for by the beginning of its id: one call’s."""


@dataclass(frozen=True, slots=True)
class Run:
    """An execution's run as a page shows it."""

    execution_id: str
    run_id: str
    workflow: str
    status: statuses.Status
    started: datetime | None
    ended: datetime | None
    user: str
    parent: str
    root: str
    deployment: str
    execution: Execution

    @property
    def is_running(self) -> bool:
        return not self.status.over

    @property
    def shown(self) -> tuple[object, ...]:
        """What a page says of it that may change."""
        return self.execution_id, self.run_id, self.status.value, self.workflow, self.started, self.ended, self.user

    @property
    def seconds(self) -> float | None:
        """How long it ran; None while it runs, or when the API did not say."""
        if self.started and self.ended:
            return (self.ended - self.started).total_seconds()
        return None


def run(execution: Execution) -> Run:
    return Run(
        execution_id=execution.execution_id,
        run_id=execution.run_id or "",
        workflow=text.clean(execution.workflow_name or "—", 200),
        status=statuses.status(execution.status),
        started=text.parse_time(execution.start_time),
        ended=text.parse_time(execution.end_time),
        user=text.clean(execution.user_id or "", 100),
        parent=execution.parent_execution_id or "",
        root=execution.root_execution_id or "",
        deployment=text.clean(execution.deployment_name or "", 100),
        execution=execution,
    )


def parameters(filters: dict[str, Any]) -> dict[str, Any]:
    """The cleaned filters of the list's form as keyword arguments of `Client.list_runs`; empty ones are left out."""
    names = {
        "status": "status",
        "workflow": "workflow_identifier",
        "q": "search",
        "deployment": "deployment_name",
        "user": "user_id",
        "tag": "workflow_tags",
        "search_key": "search_key",
        "root": "root_execution_id",
        "started_after": "start_time_after",
        "started_before": "start_time_before",
        "ended_after": "end_time_after",
        "ended_before": "end_time_before",
        "sort": "sort_by",
        "order": "order",
        "page": "next_page_token",
    }
    return {api: filters[ours] for ours, api in names.items() if filters.get(ours)}


def of_execution(execution_id: str, *, age: float | None = None) -> tuple[list[Run], bool]:
    """The execution's runs, the newest first, from a search for its id, since the API has no list of them; and whether
    these are all. An id that is part of many others may have more, beyond the search's first page.

    `age`: the seconds that the answer may be old; without it the API is asked now. Raises UpstreamError.
    """
    search: dict[str, Any] = {"search": execution_id, "page_size": 100}
    answer = api.client().list_runs(**search) if age is None else reads.page(search, age=age).value
    found = [run(one) for one in answer.executions if one.execution_id == execution_id]
    return found, not answer.next_page_token


def beginning_with(short: str) -> Run | None:
    """Of the newest runs the one whose id begins like this, as pages show it; None if there is not just one.

    That is a help: an API that cannot be asked finds none.
    """
    try:
        newest = api.client().list_runs(page_size=NEWEST).executions
    except errors.UpstreamError:
        return None
    found = [run(one) for one in newest if (one.run_id or "").lower().startswith(short.lower())]
    return found[0] if len(found) == 1 else None


def handlers(run: Run, operation: str) -> list[Handler]:
    """The signals, queries or updates that the run's workflow declares; none if it has no registration.

    Raises UpstreamError.
    """
    answer = api.client().get_workflow_registrations(
        workflow_id=run.execution.workflow_id, with_workflow=True, limit=20, workflow_search=run.execution.workflow_name
    )
    for registration in answer.workflow_registrations:
        if run.deployment in ("", registration.deployment_name or ""):
            definition = registration.definition
            declared = {"signal": definition.signals, "query": definition.queries, "update": definition.updates}
            return declared[operation] or []
    return []
