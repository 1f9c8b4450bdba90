"""The ASGI application: the API's routes, its key check and its errors."""

from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from console.sandbox import promises
from console.sandbox.http import executions, runs, streams, traces
from console.sandbox.http.engine_room import EngineRoom

Endpoint = Callable[[Request], Awaitable[Response]]
_ROUTES: dict[tuple[str, str], Endpoint] = {
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
    ("GET", "executions/*/logs"): streams.log_page,
    ("GET", "executions/*/logs/stream"): streams.logs,
    ("GET", "runs"): runs.list_runs,
    ("GET", "runs/*"): runs.get_run,
    ("GET", "runs/*/history"): runs.run_history,
    ("GET", "events/list"): runs.events,
    ("GET", "registrations"): runs.registrations,
    ("GET", "registrations/*"): runs.registration,
    ("GET", ""): runs.workflows,
    ("POST", "*/execute"): runs.execute,
}
_PREFIX = b"/v1/workflows"


def find(method: str, raw_path: bytes) -> tuple[Endpoint, int] | None:
    """The endpoint of a path as it was sent, and which segment of it is the id."""
    path = raw_path.split(b"?")[0]
    if not path.startswith(_PREFIX):
        return None
    parts = [part.decode("ascii", "replace") for part in path[len(_PREFIX) :].strip(b"/").split(b"/")]
    for (verb, pattern), endpoint in _ROUTES.items():
        wanted = pattern.split("/")
        if verb == method and len(wanted) == len(parts):
            if all(want in ("*", part) for want, part in zip(wanted, parts, strict=True)):
                position = wanted.index("*") + 3 if "*" in wanted else 0
                return endpoint, position
    return None


async def _dispatch(request: Request) -> Response:
    kind, _, key = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not key.strip():
        raise promises.ApiError(401, "Unauthorized")
    found = find(request.method, request.scope["raw_path"])
    if found is None:
        raise HTTPException(404, "Not Found")
    endpoint, request.scope["path_params"]["position"] = found
    return await endpoint(request)


async def _error(request: Request, error: Exception) -> Response:
    assert isinstance(error, promises.ApiError)
    return JSONResponse(error.body, status_code=error.status)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"detail": error.detail}, status_code=error.status_code)


async def _unexpected(request: Request, error: Exception) -> Response:
    return JSONResponse({"detail": "An error occurred", "code": "WF_1103"}, status_code=500)


def make_app(engine_room: EngineRoom) -> Starlette:
    app = Starlette(exception_handlers={promises.ApiError: _error, HTTPException: _http_error, Exception: _unexpected})
    app.add_route("/{path:path}", _dispatch, methods=["GET", "POST"])
    app.state.room = engine_room
    return app
