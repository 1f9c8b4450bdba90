"""Workflows, what they declare, and starting one."""

import uuid
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response
from temporalio.exceptions import WorkflowAlreadyStartedError

from console.sandbox import promises
from console.sandbox.http import shapes
from console.sandbox.http.engine_room import room
from console.sandbox.http.reading import answer, body, path_id, query
from console.sandbox.start import start
from console.sandbox.workflows import DECLARATIONS
from console.sandbox.workflows.declare import Declaration

T = TypeVar("T")


class PageQuery(msgspec.Struct, kw_only=True):
    limit: Annotated[int, Meta(ge=1, le=1000)] = 50
    cursor: Annotated[int, Meta(ge=0)] = 0


class WorkflowQuery(PageQuery, kw_only=True):
    search: str = ""
    tags: list[str] = []
    archived: bool | None = None


class RegistrationQuery(PageQuery, kw_only=True):
    workflow_id: uuid.UUID | None = None
    workflow_search: str = ""
    archived: bool | None = None
    with_workflow: bool = False


class OneQuery(msgspec.Struct):
    with_workflow: bool = False


class Execute(msgspec.Struct):
    execution_id: Annotated[str, Meta(max_length=256)] | None = None
    input: dict[str, Any] | None = None
    wait_for_result: bool = False


def _page(found: list[T], wanted: PageQuery) -> tuple[list[T], str | None]:
    end = wanted.cursor + wanted.limit
    return found[wanted.cursor : end], str(end) if end < len(found) else None


async def list_workflows(request: Request) -> Response:
    wanted = query(request, WorkflowQuery)
    found = [
        shapes.basic_workflow(one)
        for one in DECLARATIONS.values()
        if not wanted.archived
        and set(wanted.tags) <= set(one.tags)
        and wanted.search.casefold() in f"{one.name} {one.display_name} {one.description}".casefold()
    ]
    page, cursor = _page(found, wanted)
    return answer({"workflows": page, "next_cursor": cursor})


def _declared(name: str) -> Declaration:
    for one in DECLARATIONS.values():
        if name in (one.name, promises.workflow_id(one.name)):
            return one
    raise promises.not_found("Workflow", name)


async def get(request: Request) -> Response:
    return answer({"workflow": shapes.workflow(_declared(path_id(request))) | {"active": True}})


async def registrations(request: Request) -> Response:
    wanted = query(request, RegistrationQuery)
    found = [
        shapes.registration(one, with_workflow=wanted.with_workflow)
        for one in DECLARATIONS.values()
        if not wanted.archived
        and str(wanted.workflow_id or promises.workflow_id(one.name)) == promises.workflow_id(one.name)
        and wanted.workflow_search in one.name
    ]
    page, cursor = _page(found, wanted)
    return answer({"workflow_registrations": page, "workflow_versions": page, "next_cursor": cursor})


async def registration(request: Request) -> Response:
    wanted, shown = path_id(request), query(request, OneQuery)
    for one in DECLARATIONS.values():
        if promises.registration_id(one.name) == wanted:
            found = shapes.registration(one, with_workflow=shown.with_workflow) | {"active": True}
            return answer({"workflow_registration": found, "workflow_version": found})
    raise promises.not_found("Workflow registration", wanted)


async def execute(request: Request) -> Response:
    here, declaration, wanted = room(request), _declared(path_id(request)), await body(request, Execute)
    if wanted.wait_for_result:
        raise promises.misfit(["body", "wait_for_result"], "The sandbox does not wait: start, then read")
    given = wanted.input or {}
    promises.check_input(given, declaration.input)
    execution_id = wanted.execution_id or str(uuid.uuid4())
    try:
        async with here.refusals(execution_id):
            await start(here.client, declaration.name, given, execution_id=execution_id)
    except WorkflowAlreadyStartedError:
        raise promises.ApiError(409, f"Workflow execution {execution_id} runs already", "WF_1101") from None
    return answer(await here.full(await here.describe(execution_id)))
