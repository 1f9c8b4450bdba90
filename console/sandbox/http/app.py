"""The ASGI application: the API's routes, its key check and its errors."""

from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import request_response

from console.sandbox import promises
from console.sandbox.http import executions, logs, runs, streams, traces, workflows
from console.sandbox.http.engine_room import EngineRoom
from console.sandbox.http.reading import answer

Endpoint = Callable[[Request], Awaitable[Response]]
ROUTES: dict[tuple[str, str], Endpoint] = {
    # Matched in this order, a `*` being one raw segment; ids may hold encoded slashes.
    ("POST", "executions/cancel"): executions.batch_cancel,
    ("POST", "executions/terminate"): executions.batch_terminate,
    ("GET", "executions/*"): executions.get,
    ("GET", "executions/*/history"): executions.history,
    ("POST", "executions/*/signals"): executions.signal,
    ("POST", "executions/*/queries"): executions.query,
    ("POST", "executions/*/updates"): executions.update,
    ("POST", "executions/*/cancel"): executions.cancel,
    ("POST", "executions/*/terminate"): executions.terminate,
    ("POST", "executions/*/reset"): executions.reset,
    ("GET", "executions/*/trace/info"): traces.info,
    ("GET", "executions/*/trace/otel"): traces.otel,
    ("GET", "executions/*/trace/summary"): traces.summary,
    ("GET", "executions/*/trace/events"): traces.events,
    ("GET", "executions/*/stream"): streams.events,
    ("GET", "executions/*/logs"): logs.page,
    ("GET", "executions/*/logs/stream"): streams.logs,
    ("GET", "runs"): runs.list_runs,
    ("GET", "runs/*"): runs.get,
    ("GET", "runs/*/history"): runs.history,
    ("GET", "events/list"): runs.events,
    ("GET", "registrations"): workflows.registrations,
    ("GET", "registrations/*"): workflows.registration,
    ("GET", ""): workflows.list_workflows,
    ("GET", "*"): workflows.get,
    ("POST", "*/execute"): workflows.execute,
}
_PREFIX = b"/v1/workflows"


def find(method: str, raw_path: bytes) -> tuple[Endpoint, bytes]:
    """The endpoint of a path as it was sent, and the segment of it that is the id. Raises HTTPException."""
    path = raw_path.partition(b"?")[0]
    if path != _PREFIX and not path.startswith(_PREFIX + b"/"):
        raise HTTPException(404, "Not Found")
    parts = path.removeprefix(_PREFIX).removeprefix(b"/").split(b"/")
    known = False
    for (verb, pattern), endpoint in ROUTES.items():
        wanted = pattern.encode().split(b"/")
        if len(wanted) != len(parts) or not all(map(_fits, wanted, parts)):
            continue
        if verb == method:
            return endpoint, parts[wanted.index(b"*")] if b"*" in wanted else b""
        known = True
    raise HTTPException(405, "Method Not Allowed") if known else HTTPException(404, "Not Found")


def _fits(want: bytes, part: bytes) -> bool:
    return part != b"" if want == b"*" else part == want


async def _dispatch(request: Request) -> Response:
    kind, _, key = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not key.strip():
        raise promises.ApiError(401, "Unauthorized")
    endpoint, request.scope["segment"] = find(request.method, request.scope["raw_path"])
    return await endpoint(request)


async def _error(request: Request, error: Exception) -> Response:
    assert isinstance(error, promises.ApiError)
    return answer(error.body, error.http_status)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return answer({"detail": error.detail}, error.status_code)


async def _unexpected(request: Request, error: Exception) -> Response:
    return answer(promises.platform_failed().body, 500)


def make_app(engine_room: EngineRoom) -> Starlette:
    app = Starlette(exception_handlers={promises.ApiError: _error, HTTPException: _http_error, Exception: _unexpected})
    # No route of Starlette's: those see decoded paths, and none that has a line break.
    app.router.default = request_response(_dispatch)
    app.state.room = engine_room
    return app
