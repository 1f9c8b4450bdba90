"""What every address needs: the engine's client, and the way from the API's ids to the engine's."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from temporalio.client import (
    Client,
    WorkflowExecution,
    WorkflowExecutionDescription,
    WorkflowExecutionStatus,
    WorkflowHandle,
)
from temporalio.service import RPCError, RPCStatusCode

from console.sandbox import promises
from console.sandbox.telemetry import Telemetry


@dataclass
class EngineRoom:
    client: Client
    telemetry: Telemetry
    runs: dict[str, tuple[str, str]] = field(default_factory=dict)
    """The API's run id to the execution's id and the engine's run id."""

    async def describe(self, execution_id: str, engine_run_id: str | None = None) -> WorkflowExecutionDescription:
        try:
            found = await self.client.get_workflow_handle(execution_id, run_id=engine_run_id).describe()
        except RPCError as error:
            raise engine_error(error, execution_id) from None
        self.note(found)
        return found

    def note(self, run: WorkflowExecution) -> None:
        self.runs[promises.run_id(run.run_id)] = (run.id, run.run_id)

    async def find_run(self, run_id: str) -> tuple[str, str]:
        if run_id not in self.runs:
            await self.all_runs()
        if run_id not in self.runs:
            raise promises.ApiError(404, f"Workflow run {run_id} not found", "WF_1100")
        return self.runs[run_id]

    async def all_runs(self) -> list[tuple[WorkflowExecution, Mapping[str, Any]]]:
        found = []
        async for run in self.client.list_workflows(limit=promises.MOST_RUNS):
            self.note(run)
            found.append((run, await run.memo()))
        return found

    def handle(self, execution_id: str, engine_run_id: str | None = None) -> WorkflowHandle[Any, Any]:
        return self.client.get_workflow_handle(execution_id, run_id=engine_run_id)

    async def full(self, description: WorkflowExecutionDescription) -> dict[str, Any]:
        """An execution with its result."""
        run = promises.run_without_result(description, dict(await description.memo()))
        result = None
        if description.status == WorkflowExecutionStatus.COMPLETED:
            result = await self.handle(description.id, description.run_id).result(follow_runs=False)
        return {**run, "result": result}

    async def history(self, execution_id: str, engine_run_id: str | None = None) -> dict[str, Any]:
        try:
            found = await self.handle(execution_id, engine_run_id).fetch_history()
        except RPCError as error:
            raise engine_error(error, execution_id) from None
        return found.to_json_dict()


def engine_error(error: RPCError, execution_id: str) -> promises.ApiError:
    """The engine's refusal as the API words it."""
    if error.status == RPCStatusCode.NOT_FOUND:
        # The engine says NOT_FOUND of a closed run, too.
        if "already completed" in str(error):
            return promises.not_running("COMPLETED")
        return promises.not_found(execution_id)
    if error.status == RPCStatusCode.INVALID_ARGUMENT:
        return promises.ApiError(422, str(error), "WF_1001")
    return promises.platform_failed(504 if error.status == RPCStatusCode.DEADLINE_EXCEEDED else 500)


def room(request: Request) -> EngineRoom:
    found: EngineRoom = request.app.state.room
    return found


def path_id(request: Request) -> str:
    """The id in the path as it was sent: Starlette has decoded `%2F` already, so from the raw path."""
    position = request.scope["path_params"]["position"]
    raw = request.scope["raw_path"].split(b"?")[0].split(b"/")
    return unquote(raw[position].decode())


async def json_body(request: Request) -> dict[str, Any]:
    try:
        found = await request.json()
    except ValueError:
        raise promises.ApiError(422, [{"loc": ["body"], "msg": "JSON decode error", "type": "json_invalid"}]) from None
    if not isinstance(found, dict):
        raise promises.ApiError(422, [{"loc": ["body"], "msg": "Input should be an object", "type": "dict_type"}])
    return found


def flag(request: Request, name: str) -> bool:
    return request.query_params.get(name, "false").lower() in {"true", "1"}


def number(request: Request, name: str, default: int, most: int) -> int:
    value = request.query_params.get(name, str(default))
    if not value.isdigit() or not 1 <= int(value) <= most:
        detail = [{"loc": ["query", name], "msg": f"Input should be from 1 to {most}", "type": "int_range"}]
        raise promises.ApiError(422, detail)
    return int(value)
