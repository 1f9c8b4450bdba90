"""A viewer's websocket on a relay: who may watch, what they get, and what they say back."""

import asyncio
import contextlib
import json
import logging
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable
from datetime import datetime
from importlib import import_module
from typing import Any
from urllib.parse import parse_qs
from weakref import WeakKeyDictionary

from asgiref.sync import sync_to_async
from channels.auth import get_user
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings

from executions import ids
from executions.permissions import is_allowed
from executions.relay.buffer import Item
from executions.relay.connection import Source, Start, upstream_id
from executions.relay.hub import Hub
from executions.relay.relay import State
from executions.relay.viewer import Gap, Message, Viewer
from executions.relay.window import TooSlow
from executions.services import api, live, statuses
from executions.services.text import parse_time
from executions.upstream.sse import ServerEvent

BAD_FRAME, NOT_SIGNED_IN, NOT_ALLOWED, NOT_FOUND, TOO_SLOW, SERVER_FAULT = 4400, 4401, 4403, 4404, 4408, 4500
"""Close codes; Daphne sends none but 1000 and those from 3000 on."""
LOOK_AGAIN_SECONDS = 30.0
"""How often an open socket's session and permission are looked at."""
FRAME_LIMIT = 8_000
"""Characters of what a browser may send at once: the acknowledgement of the longest id, all of it escaped."""

logger = logging.getLogger(__name__)
_session_engine = import_module(settings.SESSION_ENGINE)
_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


_CLOSED = (OSError, RuntimeError)
"""What servers raise at sending to a browser that has gone: the standard says the first, Daphne the second."""


class _Gone(Exception):
    """The browser has gone; the server's word of it is still on its way."""


def hub() -> Hub:
    """The running event loop's hub."""
    return _hubs.setdefault(asyncio.get_running_loop(), Hub())


class StreamConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]  # channels has no types
    """What the two streams share. Accepts before it refuses: browsers never see the code of a refused handshake."""

    # Sockets need no channel layer, so they do not depend on it.
    channel_layer_alias = ""
    operation: str
    execution_id: str
    viewer: Viewer | None = None
    tasks: tuple[asyncio.Task[None], ...] = ()

    def target(self, query: dict[str, str]) -> tuple[Hashable, Source, Start]:
        """The relay's key, where it gets its rows, and where this viewer starts. ValueError for a bad address."""
        raise NotImplementedError

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            # Here and not in `disconnect`, which is not called when the server cancels us.
            self._stop()
            await asyncio.gather(*self.tasks, return_exceptions=True)
            if self.viewer:
                self.viewer.leave()

    async def connect(self) -> None:
        await self.accept()
        refusal = await self._refusal()
        if refusal:
            await self.close(refusal)
            return
        try:
            self.execution_id = ids.from_path(self.scope["url_route"]["kwargs"]["execution_id"])
            self.viewer = hub().join(*self.target(self._query()))
        except ValueError as error:
            return await self._fail(str(error))
        except api.NotConfigured:
            return await self._fail("The console has no API key: set MISTRAL_API_KEY and start it again.")
        self.tasks = (
            asyncio.create_task(self._until_closed(self._relay)),
            asyncio.create_task(self._until_closed(self._look_again)),
        )

    def _query(self) -> dict[str, str]:
        query = parse_qs(self.scope["query_string"].decode(errors="replace"))
        return {name: values[-1] for name, values in query.items()}

    async def _fail(self, reason: str) -> None:
        await self._tell(State("failed", reason))
        await self.close(1000)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        row_id = _acknowledged(text_data or "")
        if row_id is None:
            self._stop()
            await self.close(BAD_FRAME)
        elif self.viewer:
            self.viewer.acknowledge(row_id)

    def _stop(self) -> None:
        for task in self.tasks:
            if task is not asyncio.current_task():
                task.cancel()

    async def _until_closed(self, work: Callable[[], Awaitable[int]]) -> None:
        """Do this socket's work, close with the code it comes to, and end the rest of the work."""
        try:
            code = await work()
        except _Gone:
            code = 1000
        except Exception:
            logger.exception("A websocket failed.")
            code = SERVER_FAULT
        self._stop()
        with contextlib.suppress(*_CLOSED):
            await self.close(code)

    async def _relay(self) -> int:
        """Send until the stream is over or the viewer stalls."""
        assert self.viewer
        code = 1000
        try:
            async with contextlib.aclosing(self.viewer.messages()) as messages:
                async for message in messages:
                    await self._tell(message)
                    if isinstance(message, State) and message.missing:
                        code = NOT_FOUND
        except TooSlow:
            code = TOO_SLOW
        return code

    async def _tell(self, message: Message) -> None:
        found: dict[str, Any]
        if isinstance(message, State):
            found = {"type": "state", "state": message.name, "detail": message.detail}
        elif isinstance(message, Gap):
            found = {"type": "gap", "after": message.after}
        else:
            found = {"type": "items", "items": [{"id": item.id, "html": item.html} for item in message]}
        try:
            await self.send(json.dumps(found))
        except _CLOSED:
            raise _Gone from None

    async def _look_again(self) -> int:
        """Until this socket's session may not watch any more."""
        while True:
            # Spread out, so that the sockets of an incident do not all ask the database at once.
            await asyncio.sleep(LOOK_AGAIN_SECONDS * random.uniform(0.8, 1.0))  # noqa: S311  (no secret)
            refusal = await self._refusal()
            if refusal:
                return refusal

    async def _refusal(self) -> int | None:
        """Why this socket's session may not watch, as a close code; None if it may. Reads the session again."""
        session = _session_engine.SessionStore(self.scope["cookies"].get(settings.SESSION_COOKIE_NAME))
        user = await get_user({"session": session})
        if not user.is_authenticated:  # nor is one who was deactivated
            return NOT_SIGNED_IN
        allowed = await database_sync_to_async(is_allowed)(user, self.operation)
        return None if allowed else NOT_ALLOWED


def _acknowledged(text: str) -> str | None:
    """The id of `{"ack": "<id>"}`; None for anything else."""
    try:
        said = json.loads(text) if len(text) <= FRAME_LIMIT else None
    except (ValueError, RecursionError):
        return None
    row_id = said.get("ack") if isinstance(said, dict) else None
    return row_id if isinstance(row_id, str) else None


def _rows(render: Callable[[ServerEvent], live.LiveRow]) -> Callable[[ServerEvent], Item]:
    def item(event: ServerEvent) -> Item:
        row = render(event)
        return Item(event.id, row.html, row.time)

    return item


class EventsConsumer(StreamConsumer):
    operation = "event-stream"

    def target(self, query: dict[str, str]) -> tuple[Hashable, Source, Start]:
        client, execution_id = api.client(), self.execution_id

        def open_stream(start: Start, opened: Callable[[], None]) -> AsyncGenerator[ServerEvent, None]:
            return client.stream(execution_id, last_event_id=start.last_id or None, opened=opened)

        async def is_over() -> bool:
            found = await sync_to_async(client.get_workflow_execution, thread_sensitive=False)(execution_id)
            return statuses.is_over(found.status)

        source = Source(open_stream, is_over, _rows(live.event_row))
        return ("events", execution_id), source, Start(_last_event_id(query))


class LogsConsumer(StreamConsumer):
    operation = "log-stream"

    def target(self, query: dict[str, str]) -> tuple[Hashable, Source, Start]:
        client, execution_id = api.client(), self.execution_id
        run_id, activity = query.get("run") or None, query.get("activity") or None
        if run_id and not ids.is_run_id(run_id):
            raise ValueError("A run id is a UUID.")
        if activity and not ids.is_activity_id(activity):
            raise ValueError("“activity” is the activity’s number.")

        def open_stream(start: Start, opened: Callable[[], None]) -> AsyncGenerator[ServerEvent, None]:
            return client.stream_workflow_execution_logs(
                execution_id,
                run_id=run_id,
                activity_id=activity,
                after=start.after.isoformat() if start.after else None,
                last_event_id=start.last_id or None,
                opened=opened,
            )

        async def is_over() -> bool:
            read, name = (client.get_run, run_id) if run_id else (client.get_workflow_execution, execution_id)
            found = await sync_to_async(read, thread_sensitive=False)(name)
            return statuses.is_over(found.status)

        source = Source(open_stream, is_over, _rows(live.log_row))
        return ("logs", execution_id, run_id, activity), source, Start(_last_event_id(query), _after(query))


def _last_event_id(query: dict[str, str]) -> str:
    row_id = query.get("last_event_id", "")
    if len(upstream_id(row_id).encode()) > ids.MAX_BYTES:
        raise ValueError("“last_event_id” is too long.")
    return row_id


def _after(query: dict[str, str]) -> datetime | None:
    value = query.get("after", "")
    moment = parse_time(value)
    if value and moment is None:
        raise ValueError("“after” is not a time.")
    return moment
