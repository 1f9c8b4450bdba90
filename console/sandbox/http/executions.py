"""Reading one execution, and acting on it."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from temporalio.api.common.v1 import WorkflowExecution as ExecutionName
from temporalio.api.enums.v1 import ResetReapplyExcludeType
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import RPCTimeoutOrCancelledError, WorkflowQueryFailedError, WorkflowUpdateFailedError
from temporalio.service import RPCError

from console.sandbox import promises
from console.sandbox.http.engine_room import EngineRoom, engine_error, flag, json_body, path_id, room

CALL_SECONDS = 20
"""Without a worker the engine would wait for ever."""


async def get(request: Request) -> Response:
    here = room(request)
    return JSONResponse(await here.full(await here.describe(path_id(request))))


async def history(request: Request) -> Response:
    found = await room(request).history(path_id(request))
    return JSONResponse(promises.decoded(found) if flag(request, "decode_payloads") else found)


async def _call(request: Request, kind: str) -> tuple[EngineRoom, str, str, list[Any]]:
    here, execution_id, body = room(request), path_id(request), await json_body(request)
    name = body.get("name")
    if not isinstance(name, str):
        raise promises.ApiError(422, [{"loc": ["body", "name"], "msg": "Field required", "type": "missing"}])
    description = await here.describe(execution_id)
    if kind != "queries":
        promises.check_running(description)
    promises.check_declared(description.workflow_type, kind, name, body.get("input"))
    return here, execution_id, name, [] if body.get("input") is None else [body["input"]]


async def signal(request: Request) -> Response:
    here, execution_id, name, args = await _call(request, "signals")
    try:
        await here.handle(execution_id).signal(name, args=args)
    except RPCError as error:
        raise engine_error(error, execution_id) from None
    return JSONResponse({"message": "Signal accepted"}, status_code=202)


async def query(request: Request) -> Response:
    here, execution_id, name, args = await _call(request, "queries")
    # The handlers of the sandbox's queries take no input.
    result = await _limited(lambda: here.handle(execution_id).query(name), execution_id)
    return JSONResponse({"query_name": name, "result": result})


async def update(request: Request) -> Response:
    here, execution_id, name, args = await _call(request, "updates")
    result = await _limited(lambda: here.handle(execution_id).execute_update(name, args=args), execution_id)
    return JSONResponse({"update_name": name, "result": result})


async def _limited(call: Callable[[], Awaitable[Any]], execution_id: str) -> Any:
    try:
        async with asyncio.timeout(CALL_SECONDS):
            return await call()
    except WorkflowQueryFailedError as error:
        raise promises.ApiError(422, str(error), "WF_1001") from None
    except WorkflowUpdateFailedError as error:
        raise promises.ApiError(422, str(error.cause), "WF_1001") from None
    except (TimeoutError, RPCTimeoutOrCancelledError):
        raise promises.platform_failed(504) from None
    except RPCError as error:
        raise engine_error(error, execution_id) from None


async def _end(here: EngineRoom, execution_id: str, operation: str) -> None:
    promises.check_running(await here.describe(execution_id))
    handle = here.handle(execution_id)
    try:
        await (handle.cancel() if operation == "cancel" else handle.terminate())
    except RPCError as error:
        raise engine_error(error, execution_id) from None


async def cancel(request: Request) -> Response:
    await _end(room(request), path_id(request), "cancel")
    return Response(status_code=204)


async def terminate(request: Request) -> Response:
    await _end(room(request), path_id(request), "terminate")
    return Response(status_code=204)


async def _batch(request: Request, operation: str) -> Response:
    ids = (await json_body(request)).get("execution_ids")
    if not isinstance(ids, list) or not 1 <= len(ids) <= 100:
        detail = [{"loc": ["body", "execution_ids"], "msg": "List should have 1 to 100 items", "type": "list_length"}]
        raise promises.ApiError(422, detail)
    results = {}
    for execution_id in ids:
        try:
            await _end(room(request), str(execution_id), operation)
            results[execution_id] = {"status": "success", "error": None}
        except promises.ApiError as error:
            results[execution_id] = {"status": "failure", "error": str(error.body["detail"])}
    return JSONResponse({"results": results})


async def batch_cancel(request: Request) -> Response:
    return await _batch(request, "cancel")


async def batch_terminate(request: Request) -> Response:
    return await _batch(request, "terminate")


async def reset(request: Request) -> Response:
    here, execution_id, body = room(request), path_id(request), await json_body(request)
    event_id = body.get("event_id")
    if type(event_id) is not int:
        detail = [{"loc": ["body", "event_id"], "msg": "Input should be a valid integer", "type": "int_type"}]
        raise promises.ApiError(422, detail)
    description = await here.describe(execution_id)
    promises.check_reset_point(await here.history(execution_id, description.run_id), event_id)
    excluded = [
        ResetReapplyExcludeType.Value(f"RESET_REAPPLY_EXCLUDE_TYPE_{kind}")
        for kind, name in (("SIGNAL", "exclude_signals"), ("UPDATE", "exclude_updates"))
        if body.get(name)
    ]
    asked = ResetWorkflowExecutionRequest(
        namespace=here.client.namespace,
        workflow_execution=ExecutionName(workflow_id=execution_id, run_id=description.run_id),
        reason=body.get("reason") or "",
        workflow_task_finish_event_id=event_id,
        request_id=str(uuid.uuid4()),
        reset_reapply_exclude_types=excluded,  # type: ignore[arg-type]  # protobuf's enums are ints
    )
    try:
        await here.client.workflow_service.reset_workflow_execution(asked)
    except RPCError as error:
        raise engine_error(error, execution_id) from None
    return Response(status_code=204)
