"""What the API promises and the engine does not do by itself. Everything that the sandbox makes up is listed here.

errors           the API's codes and words for the engine's refusals
not running      a closed run cannot be signalled, updated, canceled or terminated (the engine accepts a cancel)
declared         workflows, signals, queries and updates take inputs of a declared shape (the engine takes anything)
reset points     only a completed workflow task will do (the engine takes some others)
order, filters   of runs, over the newest 2,000 of them (the engine's store has too few of either)
run ids          the API's differ from the engine's
people           who started an execution, and its search keys, stand in the engine's memo
ends             a stream ends with its execution, also where no event says so (`http/watch.py`)
"""

import base64
import json
import re
import uuid
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta
from temporalio.client import WorkflowExecutionDescription, WorkflowExecutionStatus

from console.sandbox.workflows import DECLARATIONS
from console.sandbox.workflows.declare import Handler, Nothing

MOST_RUNS = 2_000
DEPLOYMENT = "sandbox"
CURRENT_USER = "user-42"
"""Whoever calls, whatever the key."""
_NAMESPACE = uuid.UUID("6f1d1c8e-5a52-4a5e-9f6b-0d9c3c4b7a10")
_PLACE = re.compile(r"[^.\[\]]+")


class ApiError(Exception):
    """An error answer of the API."""

    def __init__(self, http_status: int, detail: Any, code: str | None = None, /, **more: Any) -> None:
        super().__init__(str(detail))
        self.http_status = http_status
        self.body = {"detail": detail, **({"code": code} if code else {}), **more}


def not_found(what: str, wanted: str) -> ApiError:
    return ApiError(404, f"{what} {wanted} not found", "WF_1100")


def not_running(status: str) -> ApiError:
    return ApiError(409, f"Workflow execution is not running: {status}", "WF_1102", status=status)


def platform_failed(http_status: int = 500) -> ApiError:
    return ApiError(http_status, "An error occurred", "WF_1103")


def misfit(place: list[str | int], words: str, kind: str = "value_error") -> ApiError:
    """A 422 in FastAPI's form: what is wrong, and where."""
    return ApiError(422, [{"loc": place, "msg": words, "type": kind}])


def misfit_of(place: list[str | int], error: msgspec.ValidationError) -> ApiError:
    """The same for something that has not the declared shape."""
    words, _, path = str(error).partition(" - at ")
    missing = re.fullmatch(r"Object missing required field `(.+)`", words)
    parts = [int(part) if part.isdigit() else part for part in _PLACE.findall(path.strip("`").removeprefix("$"))]
    if missing:
        return misfit([*place, *parts, missing[1]], "Field required", "missing")
    return misfit([*place, *parts], words)


def run_id(engine_run_id: str) -> str:
    """The API's id of a run."""
    return str(uuid.uuid5(_NAMESPACE, engine_run_id))


def workflow_id(name: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, name))


def registration_id(name: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, "registration-" + name))


def status_name(status: WorkflowExecutionStatus | None) -> str:
    return status.name if status else "RUNNING"


def check_running(description: WorkflowExecutionDescription) -> None:
    if description.status != WorkflowExecutionStatus.RUNNING:
        raise not_running(status_name(description.status))


Kind = Literal["signal", "query", "update"]
_DECLARED = {"signal": "signals", "query": "queries", "update": "updates"}


def arguments(workflow: str, kind: Kind, name: str, given: dict[str, Any] | None) -> list[Any]:
    """What to call a handler with. ApiError unless it is declared, and the input has the declared shape."""
    declared: list[Handler] = getattr(DECLARATIONS[workflow], _DECLARED[kind]) if workflow in DECLARATIONS else []
    handler = next((one for one in declared if one.name == name), None)
    if handler is None:
        names = ", ".join(one.name for one in declared) or "none"
        raise ApiError(422, f"{kind.capitalize()} {name!r} is not declared; declared: {names}", "WF_1001")
    check_input(given or {}, handler.input)
    return [] if handler.input is Nothing else [given or {}]


def check_input(given: dict[str, Any], shape: type[msgspec.Struct]) -> None:
    try:
        msgspec.convert(given, shape)
    except msgspec.ValidationError as error:
        raise misfit_of(["body", "input"], error) from None


def check_reset_point(history: dict[str, Any], event_id: int) -> None:
    done = "EVENT_TYPE_WORKFLOW_TASK_COMPLETED"
    points = [int(one["eventId"]) for one in history.get("events", []) if one["eventType"] == done]
    if event_id not in points:
        words = f"Event {event_id} is not a valid reset point"
        raise ApiError(422, words, "WF_1001", valid_reset_events=points)


Status = Literal[
    "RUNNING",
    "COMPLETED",
    "FAILED",
    "CANCELED",
    "TERMINATED",
    "CONTINUED_AS_NEW",
    "TIMED_OUT",
    "RETRYING_AFTER_ERROR",
]
SearchKey = Annotated[str, Meta(pattern=r"^[^:=]+(:.+|==|==:.+)?$")]


class RunQuery(msgspec.Struct, kw_only=True):
    """What a list of runs can be asked for."""

    workflow_identifier: str | None = None
    root_execution_id: str | None = None
    search: str | None = None
    status: list[Status] = []
    deployment_name: str | None = None
    sort_by: Literal["start_time", "end_time"] = "start_time"
    order: Literal["asc", "desc"] = "desc"
    start_time_after: datetime | None = None
    start_time_before: datetime | None = None
    end_time_after: datetime | None = None
    end_time_before: datetime | None = None
    user_id: str | None = None
    workflow_tags: Annotated[list[str], Meta(max_length=20)] = []
    include_internal: bool = True
    page_size: Annotated[int, Meta(ge=1, le=1000)] = 50
    next_page_token: str | None = None
    search_key: Annotated[list[SearchKey], Meta(max_length=3)] = []


def matches(run: dict[str, Any], search_keys: dict[str, Any], query: RunQuery) -> bool:
    """Whether a run passes the filters."""
    declaration = DECLARATIONS.get(run["workflow_name"])
    named = [run["workflow_name"], run["workflow_id"], run["execution_id"]]
    named += [declaration.display_name] if declaration else []
    user = CURRENT_USER if query.user_id == "current" else query.user_id
    wanted = (
        not query.workflow_identifier or query.workflow_identifier in (run["workflow_name"], run["workflow_id"]),
        not query.root_execution_id or query.root_execution_id == run["root_execution_id"],
        not query.search or any(query.search.casefold() in name.casefold() for name in named),
        not query.status or run["status"] in query.status,
        not query.deployment_name or query.deployment_name == run["deployment_name"],
        not user or user == run["user_id"],
        set(query.workflow_tags) <= set(declaration.tags if declaration else []),
        query.include_internal or not (declaration and declaration.internal),
        _within(run["start_time"], query.start_time_after, query.start_time_before),
        _within(run["end_time"], query.end_time_after, query.end_time_before),
        all(_has_key(search_keys, key) for key in query.search_key),
    )
    return all(wanted)


def _within(value: str | None, after: datetime | None, before: datetime | None) -> bool:
    if not after and not before:
        return True
    if value is None:
        return False
    moment = datetime.fromisoformat(value)
    return (not after or moment >= after) and (not before or moment <= before)


def _has_key(found: dict[str, Any], wanted: str) -> bool:
    """`key:value` similar, `key==:value` exact, `key` set at all, `key==` set to nothing."""
    key, _, value = wanted.partition(":")
    exact = key.endswith("==")
    key = key.removesuffix("==")
    if key not in found:
        return False
    if exact:
        return bool(found[key] == (value or None))
    return value.casefold() in str(found[key] or "").casefold()


def page_of(runs: list[dict[str, Any]], query: RunQuery) -> tuple[list[dict[str, Any]], str | None]:
    """A page of the runs in order, and the token of the next.

    A token names the place after the last run seen, not a number of runs: new ones do not shift the pages, and it
    outlives the run itself.
    """

    def place(run: dict[str, Any]) -> tuple[str, str]:
        # What still runs ends after everything else.
        return run[query.sort_by] or "9999", run["run_id"]

    descending = query.order == "desc"
    runs = sorted(runs, key=place, reverse=descending)
    if query.next_page_token:
        last = _place_in(query.next_page_token)
        runs = [run for run in runs if (place(run) < last if descending else place(run) > last)]
    page = runs[: query.page_size]
    more = len(runs) > len(page)
    return page, base64.urlsafe_b64encode(json.dumps(place(page[-1])).encode()).decode() if more else None


def _place_in(token: str) -> tuple[str, str]:
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(token), type=tuple[str, str])
    except (ValueError, msgspec.MsgspecError):
        raise misfit(["query", "next_page_token"], "Not a token of this list") from None
