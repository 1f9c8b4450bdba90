"""Runs, events as pages, workflows and their registrations, and starting one."""

import uuid
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from temporalio.exceptions import WorkflowAlreadyStartedError

from console.sandbox import promises, seed
from console.sandbox.http.engine_room import flag, json_body, number, path_id, room
from console.sandbox.workflows import DECLARATIONS

_LISTS = ("status", "workflow_tags", "search_key")


async def list_runs(request: Request) -> Response:
    given = request.query_params
    query: dict[str, Any] = {name: given[name] for name in given if name not in _LISTS}
    query |= {name: given.getlist(name) for name in _LISTS}
    query["page_size"] = number(request, "page_size", 50, 1000)
    if query.get("user_id") == "current":
        query["user_id"] = seed.USERS[0]
    found = []
    for run, memo in await room(request).all_runs():
        row = promises.run_without_result(run, dict(memo))
        if promises.matches(row, dict(memo), query):
            found.append(row)
    page, token = promises.page_of(found, query)
    return JSONResponse({"executions": page, "next_page_token": token})


async def get_run(request: Request) -> Response:
    here = room(request)
    return JSONResponse(await here.full(await here.describe(*await here.find_run(path_id(request)))))


async def run_history(request: Request) -> Response:
    here = room(request)
    found = await here.history(*await here.find_run(path_id(request)))
    return JSONResponse(promises.decoded(found) if flag(request, "decode_payloads") else found)


async def events(request: Request) -> Response:
    given, limit = request.query_params, number(request, "limit", 100, 1000)
    start = given.get("cursor", "0")
    feeds = room(request).telemetry.events
    wanted = given.get("workflow_exec_id")
    rows = [row for key, feed in feeds.items() if wanted in (None, key) for row in feed.rows]
    names = {"root_workflow_exec_id": "root_workflow_exec_id", "workflow_run_id": "workflow_run_id"}
    rows = [
        row
        for row in sorted(rows, key=lambda row: row.sequence)
        if row.sequence > int(start if start.isdigit() else 0)
        and all(given.get(name) in (None, row.data[field]) for name, field in names.items())
    ]
    more = str(rows[limit - 1].sequence) if len(rows) > limit else None
    return JSONResponse({"events": [row.data for row in rows[:limit]], "next_cursor": more})


async def workflows(request: Request) -> Response:
    return JSONResponse(
        {"workflows": [promises.workflow_of(one) for one in DECLARATIONS.values()], "next_cursor": None}
    )


async def registrations(request: Request) -> Response:
    given = request.query_params
    found = [
        promises.registration(one)
        for one in DECLARATIONS.values()
        if given.get("workflow_id") in (None, promises.workflow_id(one.name))
        and given.get("workflow_search", "") in one.name
    ]
    return JSONResponse({"workflow_registrations": found, "workflow_versions": found, "next_cursor": None})


async def registration(request: Request) -> Response:
    wanted = path_id(request)
    for one in DECLARATIONS.values():
        found = promises.registration(one) | {"active": True}
        if found["id"] == wanted:
            return JSONResponse({"workflow_registration": found, "workflow_version": found})
    raise promises.ApiError(404, f"Workflow registration {wanted} not found", "WF_1100")


async def execute(request: Request) -> Response:
    here, name, body = room(request), path_id(request), await json_body(request)
    declaration = next(
        (one for one in DECLARATIONS.values() if name in (one.name, promises.workflow_id(one.name))), None
    )
    if declaration is None:
        raise promises.ApiError(404, f"Workflow {name} not found", "WF_1100")
    execution_id = body.get("execution_id") or str(uuid.uuid4())
    try:
        await seed.start(here.client, declaration.name, body.get("input") or {}, execution_id=execution_id)
    except WorkflowAlreadyStartedError:
        raise promises.ApiError(409, f"Workflow execution {execution_id} exists already", "WF_1101") from None
    return JSONResponse(await here.full(await here.describe(execution_id)))
