"""The API's answers that pages are made of, shared by all who look at the same: an execution, a run, a page of runs."""

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from executions.services import api
from executions.services.shared import Known, Shared
from executions.upstream.types import Execution, RunPage

T = TypeVar("T")
AGE = 1.0
"""Seconds that an answer may be old for a page that refreshes itself. A page that is opened asks anew."""
_shared = Shared()


def execution(execution_id: str, *, age: float) -> Known[Execution]:
    """The execution's latest run. Raises UpstreamError."""
    return _read("execution", execution_id, age, _size, lambda: api.client().get_workflow_execution(execution_id))


def run(run_id: str, *, age: float) -> Known[Execution]:
    """Raises UpstreamError."""
    return _read("run", run_id, age, _size, lambda: api.client().get_run(run_id))


def page(parameters: dict[str, Any], *, age: float) -> Known[RunPage]:
    """A page of the list of runs, by the parameters of `Client.list_runs`. Raises UpstreamError."""
    key = repr(sorted(parameters.items()))
    return _read("page", key, age, _page_size, lambda: api.client().list_runs(**parameters))


def _read(kind: str, key: Hashable, age: float, size: Callable[[T], int], call: Callable[[], T]) -> Known[T]:
    # A client stands for an API and a key. Without a key there is none, and that is said here.
    return _shared.read((api.client(), kind, key), call, age=age, size=size)


def _size(execution: Execution) -> int:
    return 1_000 + len(bytes(execution.result)) + len(bytes(execution.search_keys))


def _page_size(page: RunPage) -> int:
    return sum(_size(one) for one in page.executions)
