"""Reading one execution, and acting on it."""

import asyncio
import uuid
from collections.abc import Awaitable
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response
from temporalio.api.common.v1 import WorkflowExecution as ExecutionName
from temporalio.api.enums.v1 import ResetReapplyExcludeType
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import RPCTimeoutOrCancelledError, WorkflowQueryFailedError, WorkflowUpdateFailedError

from console.sandbox import promises
from console.sandbox.http import reading, shapes
from console.sandbox.http.engine_room import EngineRoom, room
from console.sandbox.http.reading import answer, body, path_id

CALL_SECONDS = 20
"""A query or an update waits for the workflow, and without a worker the engine would wait for ever."""


class Shown(msgspec.Struct):
    include_search_keys: bool = False


class History(msgspec.Struct):
    decode_payloads: bool = False


class Call(msgspec.Struct):
    name: str
    input: dict[str, Any] | None = None


class Batch(msgspec.Struct):
    execution_ids: Annotated[list[str], Meta(min_length=1, max_length=100)]


class Reset(msgspec.Struct):
    event_id: int
    reason: str | None = None
    exclude_signals: bool = False
    exclude_updates: bool = False


async def get(request: Request) -> Response:
    here, shown = room(request), reading.query(request, Shown)
    run = await here.describe(path_id(request))
    keys = {"search_keys": (await run.memo()).get("search_keys", {})} if shown.include_search_keys else {}
    return answer(await here.full(run) | keys)


async def history(request: Request) -> Response:
    return await history_of(request, path_id(request))


async def history_of(request: Request, execution_id: str, engine_run_id: str | None = None) -> Response:
    wanted = reading.query(request, History)
    found = await room(request).history(execution_id, engine_run_id)
    return await asyncio.to_thread(lambda: answer(shapes.decoded(found) if wanted.decode_payloads else found))


async def _called(request: Request, kind: promises.Kind) -> tuple[EngineRoom, str, str, list[Any]]:
    """What the three calls have in common: where to, the handler's name and what to call it with."""
    here, execution_id, call = room(request), path_id(request), await body(request, Call)
    run = await here.describe(execution_id)
    if kind != "query":
        promises.check_running(run)
    return here, execution_id, call.name, promises.arguments(run.workflow_type, kind, call.name, call.input)


async def signal(request: Request) -> Response:
    here, execution_id, name, args = await _called(request, "signal")
    async with here.refusals(execution_id):
        await here.handle(execution_id).signal(name, args=args)
    return answer({"message": "Signal accepted"}, 202)


async def query(request: Request) -> Response:
    here, execution_id, name, args = await _called(request, "query")
    result = await _result(here, execution_id, here.handle(execution_id).query(name, args=args))
    return answer({"query_name": name, "result": result})


async def update(request: Request) -> Response:
    here, execution_id, name, args = await _called(request, "update")
    result = await _result(here, execution_id, here.handle(execution_id).execute_update(name, args=args))
    return answer({"update_name": name, "result": result})


async def _result(here: EngineRoom, execution_id: str, call: Awaitable[Any]) -> Any:
    try:
        async with here.refusals(execution_id), asyncio.timeout(CALL_SECONDS):
            return await call
    except WorkflowQueryFailedError as error:
        raise promises.ApiError(422, str(error), "WF_1001") from None
    except WorkflowUpdateFailedError as error:
        raise promises.ApiError(422, str(error.cause), "WF_1001") from None
    except (TimeoutError, RPCTimeoutOrCancelledError):
        raise promises.platform_failed(504) from None


async def _end(here: EngineRoom, execution_id: str, operation: Literal["cancel", "terminate"]) -> None:
    promises.check_running(await here.describe(execution_id))
    handle = here.handle(execution_id)
    async with here.refusals(execution_id):
        await (handle.cancel() if operation == "cancel" else handle.terminate())


async def cancel(request: Request) -> Response:
    await _end(room(request), path_id(request), "cancel")
    return Response(status_code=204)


async def terminate(request: Request) -> Response:
    await _end(room(request), path_id(request), "terminate")
    return Response(status_code=204)


async def _batch(request: Request, operation: Literal["cancel", "terminate"]) -> Response:
    here, batch = room(request), await body(request, Batch)

    async def result(execution_id: str) -> dict[str, Any]:
        try:
            await _end(here, execution_id, operation)
        except promises.ApiError as error:
            return {"status": "failure", "error": str(error)}
        return {"status": "success", "error": None}

    ids = list(dict.fromkeys(batch.execution_ids))
    results = await asyncio.gather(*map(result, ids))
    return answer({"results": dict(zip(ids, results, strict=True))})


async def batch_cancel(request: Request) -> Response:
    return await _batch(request, "cancel")


async def batch_terminate(request: Request) -> Response:
    return await _batch(request, "terminate")


async def reset(request: Request) -> Response:
    here, execution_id, wanted = room(request), path_id(request), await body(request, Reset)
    run = await here.describe(execution_id)
    promises.check_reset_point(await here.history(execution_id, run.run_id), wanted.event_id)
    excluded = {
        ResetReapplyExcludeType.RESET_REAPPLY_EXCLUDE_TYPE_SIGNAL: wanted.exclude_signals,
        ResetReapplyExcludeType.RESET_REAPPLY_EXCLUDE_TYPE_UPDATE: wanted.exclude_updates,
    }
    asked = ResetWorkflowExecutionRequest(
        namespace=here.client.namespace,
        workflow_execution=ExecutionName(workflow_id=execution_id, run_id=run.run_id),
        reason=wanted.reason or "",
        workflow_task_finish_event_id=wanted.event_id,
        request_id=str(uuid.uuid4()),
        reset_reapply_exclude_types=[kind for kind, is_excluded in excluded.items() if is_excluded],
    )
    async with here.refusals(execution_id):
        await here.client.workflow_service.reset_workflow_execution(asked)
    return Response(status_code=204)
