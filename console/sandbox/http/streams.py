"""Server-sent events: an execution's events and its log records; and the records as pages."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from temporalio.client import WorkflowExecutionStatus

from console.sandbox import promises
from console.sandbox.http.engine_room import EngineRoom, number, path_id, room
from console.sandbox.telemetry import Feed, Row

HEARTBEAT_SECONDS = 10.0
LOOK_SECONDS = 0.5
"""How often an open stream looks whether its execution is over: terminate and time-out send no event."""


async def events(request: Request) -> Response:
    here, execution_id = room(request), path_id(request)
    description = await here.describe(execution_id)

    def message(row: Row) -> tuple[str, dict[str, Any]]:
        context = {
            "namespace": "sandbox",
            "workflow_name": description.workflow_type,
            "workflow_exec_id": execution_id,
            "parent_workflow_exec_id": row.data["parent_workflow_exec_id"],
            "root_workflow_exec_id": row.data["root_workflow_exec_id"],
        }
        moment = datetime.fromtimestamp(row.data["event_timestamp"] / 1e9, UTC).isoformat()
        return row.data["event_type"], {
            "stream": "workflow-events",
            "timestamp": moment,
            "data": row.data,
            "workflow_context": context,
            "metadata": {},
            "broker_sequence": row.sequence,
        }

    start = _sequence(request.query_params.get("last_event_id"))
    return _stream(here, execution_id, here.telemetry.events[execution_id], start, message, lambda row: True)


async def logs(request: Request) -> Response:
    here, execution_id = room(request), path_id(request)
    await here.describe(execution_id)
    resume = request.headers.get("Last-Event-ID") or request.query_params.get("last_event_id")
    wanted = await _wanted(request, here)
    after = None if resume else _moment(request, "after")

    def keep(row: Row) -> bool:
        return wanted(row) and (after is None or datetime.fromisoformat(row.data["timestamp"]) >= after)

    feed = here.telemetry.logs[execution_id]
    return _stream(here, execution_id, feed, _sequence(resume), lambda row: ("log", row.data), keep)


def _sequence(value: str | None) -> int:
    return int(value) if value and value.isdigit() else 0


def _stream(
    here: EngineRoom,
    execution_id: str,
    feed: Feed,
    start: int,
    message: Callable[[Row], tuple[str, dict[str, Any]]],
    keep: Callable[[Row], bool],
) -> Response:
    async def body() -> AsyncIterator[str]:
        last, quiet = start, 0.0
        yield ": connected\n\n"
        while True:
            # Looked at before the rows, so that the last ones are not missed.
            over = await _over(here, execution_id)
            changed = feed.changed
            for row in feed.after(last):
                last, quiet = row.sequence, 0.0
                if keep(row):
                    kind, data = message(row)
                    yield f"id: {row.sequence}\nevent: {kind}\ndata: {json.dumps(data)}\n\n"
            if over:
                return
            try:
                await asyncio.wait_for(changed.wait(), LOOK_SECONDS)
            except TimeoutError:
                quiet += LOOK_SECONDS
            if quiet >= HEARTBEAT_SECONDS:
                quiet = 0.0
                yield ": heartbeat\n\n"

    return StreamingResponse(body(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})


async def _over(here: EngineRoom, execution_id: str) -> bool:
    try:
        return (await here.describe(execution_id)).status != WorkflowExecutionStatus.RUNNING
    except promises.ApiError:
        return True


async def _wanted(request: Request, here: EngineRoom) -> Callable[[Row], bool]:
    given = request.query_params
    run = (await here.find_run(given["run_id"]))[1] if given.get("run_id") else None
    activity = given.get("activity_id")

    def keep(row: Row) -> bool:
        attributes = row.data["log_attributes"]
        return run in (None, attributes.get("engine_run_id")) and activity in (None, attributes.get("activity_id"))

    return keep


def _moment(request: Request, name: str) -> datetime | None:
    value = request.query_params.get(name)
    if not value:
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        detail = [{"loc": ["query", name], "msg": "Input should be a valid datetime", "type": "datetime_parsing"}]
        raise promises.ApiError(422, detail) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


async def log_page(request: Request) -> Response:
    here, execution_id = room(request), path_id(request)
    await here.describe(execution_id)
    given, limit = request.query_params, number(request, "limit", 50, 100)
    window = {name: given.get(name) for name in ("after", "before", "order")} | {"place": 0}
    if given.get("cursor"):
        try:
            window = json.loads(base64.urlsafe_b64decode(given["cursor"]))
        except ValueError:
            raise promises.ApiError(422, "cursor is not valid") from None
    after, before = (datetime.fromisoformat(value) if (value := window[name]) else None for name in ("after", "before"))
    keep = await _wanted(request, here)
    rows = [row for row in here.telemetry.logs[execution_id].rows if keep(row)]
    rows = [
        row
        for row in sorted(rows, key=lambda row: (row.data["timestamp"], row.sequence))
        if (not after or datetime.fromisoformat(row.data["timestamp"]) >= after)
        and (not before or datetime.fromisoformat(row.data["timestamp"]) < before)
    ]
    if window["order"] == "desc":
        rows.reverse()
        # Newer lines come in at the front: count from the oldest, so that pages do not shift.
        place = len(rows) - window["place"] if given.get("cursor") else 0
    else:
        place = window["place"]
    page = rows[place : place + limit]
    end = place + len(page)
    cursor = None
    if end < len(rows):
        window["place"] = len(rows) - end if window["order"] == "desc" else end
        cursor = base64.urlsafe_b64encode(json.dumps(window).encode()).decode()
    return JSONResponse({"results": [row.data for row in page], "next_cursor": cursor})
