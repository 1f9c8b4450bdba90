"""Server-sent events: an execution's events and its log records."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from console.sandbox import promises
from console.sandbox.http.engine_room import EngineRoom, room
from console.sandbox.http.logs import LogFilter, chooser
from console.sandbox.http.reading import path_id, query
from console.sandbox.telemetry import Feed, Row

HEARTBEAT_SECONDS = 10.0
_CONTEXT = ("workflow_exec_id", "parent_workflow_exec_id", "root_workflow_exec_id")

Cursor = Annotated[str, Meta(pattern=r"^[0-9]{1,18}$")]
Message = Callable[[Row], tuple[str, dict[str, Any]] | None]
"""A row's kind and data, or nothing for a row that was not asked for."""


class EventQuery(msgspec.Struct):
    event_source: Literal["DATABASE", "LIVE", "HYBRID"] = "HYBRID"
    last_event_id: Cursor | None = None


class LogQuery(LogFilter, kw_only=True):
    last_event_id: Cursor | None = None


async def events(request: Request) -> Response:
    # The API documents no header here: whoever sends only that starts at the first event again.
    here, execution_id, wanted = room(request), path_id(request), query(request, EventQuery)
    run = await here.describe(execution_id)

    def message(row: Row) -> tuple[str, dict[str, Any]]:
        context = {"namespace": "sandbox", "workflow_name": run.workflow_type}
        context |= {name: row.data[name] for name in _CONTEXT}
        return row.data["event_type"], {
            "stream": "workflow-events",
            "timestamp": datetime.fromtimestamp(row.data["event_timestamp"] / 1e9, UTC),
            "data": row.data,
            "workflow_context": context,
            "metadata": {},
            "broker_sequence": row.sequence,
        }

    feed = here.telemetry.events[execution_id]
    start = int(wanted.last_event_id or (feed.last if wanted.event_source == "LIVE" else 0))
    if wanted.event_source == "DATABASE":
        return _streaming(_text(row, message) for row in feed.after(start))
    return _stream(here, execution_id, feed, start, message)


async def logs(request: Request) -> Response:
    here, execution_id, wanted = room(request), path_id(request), query(request, LogQuery)
    await here.describe(execution_id)
    header = request.headers.get("Last-Event-ID")
    if header:
        wanted.last_event_id = _cursor(header)
    after = None if wanted.last_event_id else wanted.after
    choose = await chooser(here, wanted)

    def message(row: Row) -> tuple[str, dict[str, Any]] | None:
        if not choose(row) or (after and datetime.fromisoformat(row.data["timestamp"]) < after):
            return None
        return "log", row.data

    return _stream(here, execution_id, here.telemetry.logs[execution_id], int(wanted.last_event_id or 0), message)


def _cursor(header: str) -> str:
    try:
        return msgspec.convert(header, Cursor)
    except msgspec.ValidationError as error:
        raise promises.misfit_of(["header", "Last-Event-ID"], error) from None


def _text(row: Row, message: Message) -> str:
    """A row as it is sent; empty for one that was not asked for."""
    found = message(row)
    if found is None:
        return ""
    kind, data = found
    return f"id: {row.sequence}\nevent: {kind}\ndata: {msgspec.json.encode(data).decode()}\n\n"


def _streaming(texts: AsyncIterator[str] | Iterator[str]) -> Response:
    return StreamingResponse(texts, media_type="text/event-stream", headers={"Cache-Control": "no-store"})


def _stream(here: EngineRoom, execution_id: str, feed: Feed, start: int, message: Message) -> Response:
    """The rows after `start`, then new ones, until the execution is over."""
    here.watchers.check_room()

    async def texts() -> AsyncIterator[str]:
        clock, last = asyncio.get_running_loop().time, start
        with here.watchers.watching(execution_id) as watch:
            yield ": connected\n\n"
            beat = clock() + HEARTBEAT_SECONDS
            while True:
                # Both are taken before the rows are read, so that the last ones are not missed.
                over, changed = watch.over, feed.changed
                for row in feed.after(last):
                    last = row.sequence
                    if text := _text(row, message):
                        yield text
                        beat = clock() + HEARTBEAT_SECONDS
                if over:
                    return
                try:
                    async with asyncio.timeout_at(beat):
                        await changed.wait()
                except TimeoutError:
                    yield ": heartbeat\n\n"
                    beat = clock() + HEARTBEAT_SECONDS

    return _streaming(texts())
