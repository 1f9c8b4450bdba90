"""What the API promises and the engine does not do by itself. Everything that the sandbox makes up stands here.

errors          the API's codes for the engine's refusals
not running     cancel and terminate of a closed run are refused (the engine accepts a cancel)
declared        signals, queries and updates have names and schemas (the engine takes any signal)
reset points    only a completed workflow task will do (the engine takes some others)
order, search   of runs, over at most 2,000 of them (the engine's store has neither)
run ids         the API's differ from the engine's
"""

import base64
import json
import uuid
from datetime import datetime
from typing import Any

import msgspec
from temporalio.client import WorkflowExecution, WorkflowExecutionDescription, WorkflowExecutionStatus

from console.sandbox.workflows import DECLARATIONS
from console.sandbox.workflows.declare import Declaration, Handler

MOST_RUNS = 2_000
DEPLOYMENT = "sandbox"
_NAMESPACE = uuid.UUID("6f1d1c8e-5a52-4a5e-9f6b-0d9c3c4b7a10")


class ApiError(Exception):
    """An error answer of the API."""

    def __init__(self, status: int, detail: Any, code: str | None = None, **more: Any) -> None:
        super().__init__(str(detail))
        self.status = status
        self.body = {"detail": detail, **({"code": code} if code else {}), **more}


def not_found(execution_id: str) -> ApiError:
    return ApiError(404, f"Workflow execution {execution_id} not found", "WF_1100")


def not_running(status: str) -> ApiError:
    return ApiError(409, f"Workflow execution is not running: {status}", "WF_1102", status=status)


def platform_failed(status: int = 500) -> ApiError:
    return ApiError(status, "An error occurred", "WF_1103")


def run_id(engine_run_id: str) -> str:
    """The API's id of a run."""
    return str(uuid.uuid5(_NAMESPACE, engine_run_id))


def workflow_id(name: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, name))


def status_name(status: WorkflowExecutionStatus | None) -> str:
    return status.name if status else "RUNNING"


def check_running(description: WorkflowExecutionDescription) -> None:
    if description.status != WorkflowExecutionStatus.RUNNING:
        raise not_running(status_name(description.status))


def check_declared(name: str, kind: str, handler_name: str, given: Any) -> None:
    """The handler exists and the input fits its schema; otherwise 422, as FastAPI words it."""
    declared: list[Handler] = getattr(DECLARATIONS[name], kind) if name in DECLARATIONS else []
    handler = next((one for one in declared if one.name == handler_name), None)
    if handler is None:
        names = ", ".join(one.name for one in declared) or "none"
        raise ApiError(422, f"{kind[:-1].capitalize()} {handler_name!r} is not declared; declared: {names}", "WF_1001")
    try:
        msgspec.convert(given or {}, handler.input)
    except msgspec.ValidationError as error:
        place = ["body", "input", *[part for part in str(error).partition("$.")[2].strip("`").split(".") if part]]
        raise ApiError(422, [{"loc": place, "msg": str(error), "type": "value_error"}]) from None


def reset_points(history: dict[str, Any]) -> list[int]:
    events = history.get("events", [])
    return [int(one["eventId"]) for one in events if one["eventType"] == "EVENT_TYPE_WORKFLOW_TASK_COMPLETED"]


def check_reset_point(history: dict[str, Any], event_id: int) -> None:
    points = reset_points(history)
    if event_id not in points:
        detail = f"Event {event_id} is not a valid reset point"
        raise ApiError(422, detail, "WF_1001", valid_reset_events=points)


def decoded(value: Any) -> Any:
    """A history with its payloads as the values they hold."""
    if isinstance(value, list):
        return [decoded(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "metadata" in value and "data" in value and set(value) <= {"metadata", "data"}:
        try:
            return json.loads(base64.b64decode(value["data"]))
        except ValueError:
            return value
    return {key: decoded(item) for key, item in value.items()}


def schema(shape: type[msgspec.Struct]) -> dict[str, Any]:
    """A JSON schema with its root in place."""
    found = msgspec.json.schema(shape)
    root = found["$defs"].pop(shape.__name__)
    return {**root, **({"$defs": found["$defs"]} if found["$defs"] else {})}


def registration(declaration: Declaration) -> dict[str, Any]:
    def handlers(declared: list[Handler]) -> list[dict[str, Any]]:
        return [
            {"name": one.name, "description": one.description, "input_schema": schema(one.input)} for one in declared
        ]

    definition = {
        "input_schema": schema(declaration.input),
        "signals": handlers(declaration.signals),
        "queries": [{**one, "output_schema": None} for one in handlers(declaration.queries)],
        "updates": [{**one, "output_schema": None} for one in handlers(declaration.updates)],
        "enforce_determinism": False,
        "on_behalf_of": False,
        "execution_timeout": 3600,
    }
    return {
        "id": str(uuid.uuid5(_NAMESPACE, "registration-" + declaration.name)),
        "workflow_id": workflow_id(declaration.name),
        "definition": definition,
        "deployment_name": DEPLOYMENT,
        "compatible_with_chat_assistant": False,
    }


def workflow_of(declaration: Declaration) -> dict[str, Any]:
    return {
        "id": workflow_id(declaration.name),
        "name": declaration.name,
        "display_name": declaration.display_name,
        "description": declaration.description,
        "archived": False,
        "tags": declaration.tags,
    }


def moment(value: datetime | None) -> str | None:
    return value.isoformat().replace("+00:00", "Z") if value else None


def run_without_result(run: WorkflowExecution, memo: dict[str, Any]) -> dict[str, Any]:
    took = (run.close_time - run.start_time).total_seconds() * 1000 if run.close_time else None
    return {
        "workflow_name": run.workflow_type,
        "workflow_id": workflow_id(run.workflow_type),
        "deployment_name": DEPLOYMENT,
        "execution_id": run.id,
        "parent_execution_id": run.parent_id,
        "root_execution_id": run.root_id or run.id,
        "run_id": run_id(run.run_id),
        "user_id": memo.get("user_id"),
        "status": status_name(run.status),
        "start_time": moment(run.start_time),
        "end_time": moment(run.close_time),
        "total_duration_ms": None if took is None else round(took),
    }


def _similar(given: str, memo: dict[str, Any]) -> bool:
    key, _, value = given.partition(":")
    return value.casefold() in str((memo.get("search_keys") or {}).get(key, "")).casefold()


def matches(run: dict[str, Any], memo: dict[str, Any], query: dict[str, Any]) -> bool:
    """Whether a run passes the list's filters."""
    declaration = DECLARATIONS.get(run["workflow_name"])
    names = [run["workflow_name"], run["execution_id"], declaration.display_name if declaration else ""]
    equal = {
        "root_execution_id": run["root_execution_id"],
        "deployment_name": run["deployment_name"],
        "user_id": run["user_id"],
    }
    identifier, search = query.get("workflow_identifier"), query.get("search")
    return (
        all(query.get(key) in (None, "", value) for key, value in equal.items())
        and (not identifier or identifier in (run["workflow_name"], run["workflow_id"]))
        and (not search or any(search.casefold() in name.casefold() for name in names))
        and (not query.get("status") or run["status"] in query["status"])
        and set(query.get("workflow_tags", [])) <= set(declaration.tags if declaration else [])
        and all(_similar(one, memo) for one in query.get("search_key", []))
        and all(_in_range(run[f"{name}_time"], query, name) for name in ("start", "end"))
    )


def _in_range(value: str | None, query: dict[str, Any], name: str) -> bool:
    after, before = query.get(f"{name}_time_after"), query.get(f"{name}_time_before")
    if not after and not before:
        return True
    return (
        value is not None
        and (not after or _time(value) >= _time(after))
        and (not before or _time(value) <= _time(before))
    )


def _time(value: str) -> datetime:
    found = datetime.fromisoformat(value)
    return found if found.tzinfo else found.replace(tzinfo=datetime.now().astimezone().tzinfo)


def page_of(runs: list[dict[str, Any]], query: dict[str, Any]) -> tuple[list[dict[str, Any]], str | None]:
    """Runs sorted, and a page of them. The token names the last run seen, so that new ones do not shift the pages."""
    field = query.get("sort_by") or "start_time"
    runs = sorted(runs, key=lambda run: (run[field] or "9999", run["run_id"]), reverse=query.get("order") != "asc")
    start = 0
    if query.get("next_page_token"):
        try:
            last = base64.urlsafe_b64decode(query["next_page_token"]).decode()
        except ValueError:
            raise ApiError(422, "next_page_token is not valid") from None
        start = next((place + 1 for place, run in enumerate(runs) if run["run_id"] == last), len(runs))
    size = query["page_size"]
    page = runs[start : start + size]
    more = start + size < len(runs)
    return page, base64.urlsafe_b64encode(page[-1]["run_id"].encode()).decode() if more and page else None
