"""What every address needs: the engine's client, its refusals in the API's words, and the way between their run ids."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any

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
from console.sandbox.http import shapes
from console.sandbox.http.watch import Watchers
from console.sandbox.telemetry import Kept, Telemetry


class EngineRoom:
    def __init__(self, client: Client, telemetry: Telemetry) -> None:
        self.client = client
        self.telemetry = telemetry
        self.watchers = Watchers(client, telemetry.wake)
        self._runs: Kept[tuple[str, str]] = Kept(2 * promises.MOST_RUNS)
        """The API's run id to the execution's id and the engine's run id."""

    def handle(self, execution_id: str, engine_run_id: str | None = None) -> WorkflowHandle[Any, Any]:
        return self.client.get_workflow_handle(execution_id, run_id=engine_run_id)

    @contextlib.asynccontextmanager
    async def refusals(self, execution_id: str) -> AsyncIterator[None]:
        """Turns the engine's errors into the API's."""
        try:
            yield
        except RPCError as error:
            raise await self._refusal(error, execution_id) from None

    async def _refusal(self, error: RPCError, execution_id: str) -> promises.ApiError:
        if error.status == RPCStatusCode.NOT_FOUND:
            # The engine says NOT_FOUND of a run that has just closed, too.
            if "already completed" in str(error):
                description = await self.describe(execution_id)
                return promises.not_running(promises.status_name(description.status))
            return promises.not_found("Workflow execution", execution_id)
        if error.status == RPCStatusCode.INVALID_ARGUMENT:
            return promises.ApiError(422, str(error), "WF_1001")
        return promises.platform_failed(504 if error.status == RPCStatusCode.DEADLINE_EXCEEDED else 500)

    async def describe(self, execution_id: str, engine_run_id: str | None = None) -> WorkflowExecutionDescription:
        """A run, the latest without an id. Raises ApiError."""
        async with self.refusals(execution_id):
            found = await self.handle(execution_id, engine_run_id).describe()
        self._note(found)
        return found

    async def full(self, run: WorkflowExecutionDescription) -> dict[str, Any]:
        """A run with its result."""
        result = None
        if run.status == WorkflowExecutionStatus.COMPLETED:
            result = await self.handle(run.id, run.run_id).result(follow_runs=False)
        return {**shapes.run(run, await run.memo()), "result": result}

    async def history(self, execution_id: str, engine_run_id: str | None = None) -> dict[str, Any]:
        """A run's history as the engine writes it. Raises ApiError."""
        async with self.refusals(execution_id):
            found = await self.handle(execution_id, engine_run_id).fetch_history()
        # Long ones take seconds.
        return await asyncio.to_thread(found.to_json_dict)

    async def all_runs(self) -> list[tuple[WorkflowExecution, Mapping[str, Any]]]:
        """The newest runs, each with its memo."""
        found = []
        async for run in self.client.list_workflows(limit=promises.MOST_RUNS):
            self._note(run)
            found.append((run, await run.memo()))
        return found

    async def find_run(self, run_id: str) -> tuple[str, str] | None:
        """The execution and the engine's run id of the API's run id."""
        if run_id not in self._runs:
            await self.all_runs()
        return self._runs.get(run_id)

    def _note(self, run: WorkflowExecution) -> None:
        self._runs[promises.run_id(run.run_id)] = (run.id, run.run_id)


def room(request: Request) -> EngineRoom:
    found: EngineRoom = request.app.state.room
    return found
