"""The API's answers that pages are made of, shared by all who look at the same: an execution, a run, a page of runs,
and a history that is looked at again.

For pages that are read, and for nothing else: what is sent is decided on an answer of its own.
"""

import sys
from collections.abc import Callable, Hashable
from typing import Any, Protocol, TypeVar

from django.conf import settings
from msgspec import Raw, structs

from executions.services import api
from executions.services.shared import Known, Shared
from executions.upstream.types import Execution, RunPage

T = TypeVar("T")
AGE, LIST_AGE = 1.0, 0.4
"""Seconds that an answer may be old for a page that refreshes itself. A page that is opened asks anew.

With the list's own rhythm, a new run is on the page within two seconds.
"""
_shared = Shared()
_histories = Shared(at_once=10, stands_in=False, kept_bytes=160 << 20, all_bytes=200 << 20)
"""Apart: long ones are slow, and hold up nothing else. The longest fits, and a few shorter ones with it."""


def execution(execution_id: str, *, age: float, patient: bool = False) -> Known[Execution]:
    """The execution's latest run; for who is `patient` nothing earlier stands in soon. Raises UpstreamError."""
    client = api.client()

    def call() -> Execution:
        return _own(client.get_workflow_execution(execution_id))

    return _read("execution", execution_id, age, size, call, patient=patient)


def run(run_id: str, *, age: float, patient: bool = False) -> Known[Execution]:
    """Raises UpstreamError."""
    client = api.client()
    return _read("run", run_id, age, size, lambda: _own(client.get_run(run_id)), patient=patient)


def page(parameters: dict[str, Any], *, age: float) -> Known[RunPage]:
    """A page of the list of runs, by the parameters of `Client.list_runs`. Raises UpstreamError."""
    client = api.client()

    def call() -> RunPage:
        found = client.list_runs(**parameters)
        return RunPage(executions=[_own(one) for one in found.executions], next_page_token=found.next_page_token)

    return _read("page", repr(sorted(parameters.items())), age, _page_size, call)


class Sized(Protocol):
    @property
    def size(self) -> int: ...


S = TypeVar("S", bound=Sized)


def history(key: Hashable, call: Callable[[], S], *, age: float) -> S:
    """What is made of a history that the call brings, or is about to bring others. Raises UpstreamError.

    `key` says of which run it is and how that run was: another history than the one before its last event.
    """
    return _read("history", key, age, lambda found: found.size, call, answers=_histories).value


def _read(
    kind: str,
    key: Hashable,
    age: float,
    size: Callable[[T], int],
    call: Callable[[], T],
    *,
    answers: Shared = _shared,
    patient: bool = False,
) -> Known[T]:
    # A client stands for an API and a key. Without a key there is none, and that is said here.
    timeout = settings.UPSTREAM_TIMEOUT_SECONDS
    return answers.read((api.client(), kind, key), call, age=age, size=size, timeout=timeout, patient=patient)


def _own(found: Execution) -> Execution:
    """The same without the answer that it came in: a payload as received is a view into all of that."""
    return structs.replace(found, result=found.result.copy(), search_keys=found.search_keys.copy())


def size(found: Execution) -> int:
    """The bytes that it takes to keep, nearly."""
    parts = structs.astuple(found)
    return sum(memoryview(part).nbytes if isinstance(part, Raw) else sys.getsizeof(part) for part in parts)


def _page_size(page: RunPage) -> int:
    return sys.getsizeof(page.next_page_token) + sum(size(one) for one in page.executions)
