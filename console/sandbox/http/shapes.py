"""The API's shapes of what the engine and the workflows' declarations say."""

import base64
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec
from temporalio.client import WorkflowExecution

from console.sandbox import promises
from console.sandbox.workflows.declare import Declaration, Handler

_NOBODY = "00000000-0000-0000-0000-000000000000"
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def moment(value: datetime | None) -> str | None:
    """A time as text that sorts as the time does."""
    return value.isoformat(timespec="microseconds").replace("+00:00", "Z") if value else None


def nanoseconds(value: datetime) -> int:
    """Since 1970."""
    return (value - _EPOCH) // timedelta(microseconds=1) * 1000


def run(found: WorkflowExecution, memo: Mapping[str, Any]) -> dict[str, Any]:
    """A run without its result."""
    took = (found.close_time - found.start_time) // timedelta(milliseconds=1) if found.close_time else None
    return {
        "workflow_name": found.workflow_type,
        "workflow_id": promises.workflow_id(found.workflow_type),
        "deployment_name": promises.DEPLOYMENT,
        "execution_id": found.id,
        "parent_execution_id": found.parent_id,
        "root_execution_id": found.root_id or found.id,
        "run_id": promises.run_id(found.run_id),
        "user_id": memo.get("user_id"),
        "status": promises.status_name(found.status),
        "start_time": moment(found.start_time),
        "end_time": moment(found.close_time),
        "total_duration_ms": took,
    }


def decoded(value: Any) -> Any:
    """A part of a history with its payloads as the values they hold."""
    if isinstance(value, list):
        return [decoded(item) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) <= {"metadata", "data"} and "encoding" in (value.get("metadata") or {}):
        return _payload(value)
    return {key: decoded(item) for key, item in value.items()}


def _payload(value: dict[str, Any]) -> Any:
    encoding = base64.b64decode(value["metadata"]["encoding"])
    if encoding == b"binary/null":
        return None
    if encoding != b"json/plain":
        return value
    return json.loads(base64.b64decode(value.get("data", "")))


def schema(shape: type[msgspec.Struct]) -> dict[str, Any]:
    """A JSON schema with its root in place, where msgspec puts a reference."""
    found = msgspec.json.schema(shape)
    root = found["$defs"].pop(shape.__name__)
    return {**root, **({"$defs": found["$defs"]} if found["$defs"] else {})}


def _handlers(declared: list[Handler], **more: Any) -> list[dict[str, Any]]:
    return [
        {"name": one.name, "description": one.description, "input_schema": schema(one.input), **more}
        for one in declared
    ]


def registration(declaration: Declaration, *, with_workflow: bool = False) -> dict[str, Any]:
    definition = {
        "input_schema": schema(declaration.input),
        "signals": _handlers(declaration.signals),
        "queries": _handlers(declaration.queries, output_schema=None),
        "updates": _handlers(declaration.updates, output_schema=None),
        "enforce_determinism": False,
        "on_behalf_of": False,
        "execution_timeout": 3600,
    }
    return {
        "id": promises.registration_id(declaration.name),
        "workflow_id": promises.workflow_id(declaration.name),
        "definition": definition,
        "deployment_name": promises.DEPLOYMENT,
        "compatible_with_chat_assistant": False,
        "workflow": workflow(declaration) if with_workflow else None,
    }


def basic_workflow(declaration: Declaration) -> dict[str, Any]:
    return {
        "id": promises.workflow_id(declaration.name),
        "name": declaration.name,
        "display_name": declaration.display_name,
        "description": declaration.description,
        "archived": False,
        "tags": declaration.tags,
    }


def workflow(declaration: Declaration) -> dict[str, Any]:
    more = {"type": "code", "customer_id": _NOBODY, "workspace_id": _NOBODY, "is_technical": declaration.internal}
    return basic_workflow(declaration) | more
