"""Log records as pages, and which of them a request asks for."""

import base64
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from console.sandbox import promises
from console.sandbox.http.engine_room import EngineRoom, room
from console.sandbox.http.reading import answer, path_id, query
from console.sandbox.telemetry import Row


class LogFilter(msgspec.Struct, kw_only=True):
    run_id: uuid.UUID | None = None
    activity_id: Annotated[str, Meta(pattern=r"^\d+$")] | None = None
    after: datetime | None = None


class PageQuery(LogFilter, kw_only=True):
    before: datetime | None = None
    order: Literal["asc", "desc"] = "asc"
    cursor: str | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 50


class Window(msgspec.Struct):
    """What a cursor remembers: the first page's range and order, and the last record seen."""

    after: datetime | None
    before: datetime | None
    order: Literal["asc", "desc"]
    last: tuple[str, int] | None = None


async def chooser(here: EngineRoom, wanted: LogFilter) -> Callable[[Row], bool]:
    """Whether a record is of the run and the activity that a request asks for."""
    run = await here.find_run(str(wanted.run_id)) if wanted.run_id else None
    if wanted.run_id and run is None:
        return lambda row: False

    def choose(row: Row) -> bool:
        attributes = row.data["log_attributes"]
        return (run is None or run[1] == attributes["workflow_run_id"]) and (
            wanted.activity_id in (None, attributes.get("activity_id"))
        )

    return choose


def _place(row: Row) -> tuple[str, int]:
    return row.data["timestamp"], row.sequence


def _within(row: Row, window: Window) -> bool:
    moment = datetime.fromisoformat(row.data["timestamp"])
    if window.last and not (_place(row) > window.last if window.order == "asc" else _place(row) < window.last):
        return False
    return (not window.after or moment >= window.after) and (not window.before or moment < window.before)


async def page(request: Request) -> Response:
    here, execution_id, wanted = room(request), path_id(request), query(request, PageQuery)
    await here.describe(execution_id)
    window = _window(wanted.cursor) if wanted.cursor else Window(wanted.after, wanted.before, wanted.order)
    choose = await chooser(here, wanted)
    feed = here.telemetry.logs.get(execution_id)
    rows = [row for row in (feed.rows if feed else ()) if choose(row) and _within(row, window)]
    rows.sort(key=_place, reverse=window.order == "desc")
    found = rows[: wanted.limit]
    cursor = None
    if len(rows) > len(found):
        window.last = _place(found[-1])
        cursor = base64.urlsafe_b64encode(msgspec.json.encode(window)).decode()
    return answer({"results": [row.data for row in found], "next_cursor": cursor})


def _window(cursor: str) -> Window:
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(cursor), type=Window)
    except (ValueError, msgspec.MsgspecError):
        raise promises.misfit(["query", "cursor"], "Not a cursor of these logs") from None
