"""Runs, and the events of executions as pages."""

import uuid
from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from console.sandbox import promises
from console.sandbox.http import shapes
from console.sandbox.http.engine_room import room
from console.sandbox.http.executions import history_of
from console.sandbox.http.reading import answer, path_id, query


class EventQuery(msgspec.Struct):
    root_workflow_exec_id: str | None = None
    workflow_exec_id: str | None = None
    workflow_run_id: str | None = None
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100
    cursor: Annotated[int, Meta(ge=0)] = 0


async def list_runs(request: Request) -> Response:
    wanted = query(request, promises.RunQuery)
    found = []
    for run, memo in await room(request).all_runs():
        row = shapes.run(run, memo)
        if promises.matches(row, memo.get("search_keys", {}), wanted):
            found.append(row)
    page, token = promises.page_of(found, wanted)
    return answer({"executions": page, "next_page_token": token})


async def _find(request: Request) -> tuple[str, str]:
    wanted = path_id(request)
    try:
        run_id = str(uuid.UUID(wanted))
    except ValueError:
        raise promises.misfit(["path", "run_id"], "Input should be a valid UUID", "uuid_parsing") from None
    found = await room(request).find_run(run_id)
    if found is None:
        raise promises.not_found("Workflow run", run_id)
    return found


async def get(request: Request) -> Response:
    here = room(request)
    return answer(await here.full(await here.describe(*await _find(request))))


async def history(request: Request) -> Response:
    return await history_of(request, *await _find(request))


async def events(request: Request) -> Response:
    wanted, feeds = query(request, EventQuery), room(request).telemetry.events
    if wanted.workflow_exec_id is None:
        chosen = list(feeds.values())
    else:
        chosen = [feed for key, feed in feeds.items() if key == wanted.workflow_exec_id]
    rows = [
        row
        for feed in chosen
        for row in feed.after(wanted.cursor)
        if wanted.root_workflow_exec_id in (None, row.data["root_workflow_exec_id"])
        and wanted.workflow_run_id in (None, row.data["workflow_run_id"])
    ]
    rows.sort(key=lambda row: row.sequence)
    page = rows[: wanted.limit]
    more = len(rows) > len(page)
    return answer({"events": [row.data for row in page], "next_cursor": str(page[-1].sequence) if more else None})
