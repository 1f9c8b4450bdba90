"""A viewer's websocket on a relay: who may watch, what they get, and what they say back."""

import asyncio
import contextlib
import json
import random
from collections.abc import AsyncGenerator, Callable, Hashable
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
from executions.relay.hub import Hub
from executions.relay.relay import Source, Start, State
from executions.relay.viewer import Gap, Message, TooSlow, Viewer
from executions.services import api, live, statuses
from executions.services.text import parse_time
from executions.upstream.sse import ServerEvent

NOT_SIGNED_IN, NOT_ALLOWED, NOT_FOUND, TOO_SLOW = 4401, 4403, 4404, 4408
LOOK_AGAIN_SECONDS = 30.0
"""How often an open socket's session and permission are looked at."""
FRAME_LIMIT = 2_000
"""Characters of what a browser may send at once: an acknowledgement."""

_session_engine = import_module(settings.SESSION_ENGINE)
_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def hub() -> Hub:
    """The running event loop's hub."""
    return _hubs.setdefault(asyncio.get_running_loop(), Hub())


class StreamConsumer(AsyncWebsocketConsumer):
    """What the two streams share. Accepts before it refuses: browsers never see the code of a refused handshake."""

    operation: str
    viewer: Viewer | None = None
    tasks: tuple[asyncio.Task[None], ...] = ()

    def target(self, query: dict[str, str]) -> tuple[Hashable, Source, Start]:
        """The relay's key, where it gets its rows, and where this viewer starts. ValueError for a bad address."""
        raise NotImplementedError

    async def connect(self) -> None:
        await self.accept()
        refusal = await self._refusal()
        if refusal:
            return await self.close(refusal)
        query = {name: values[-1] for name, values in parse_qs(self.scope["query_string"].decode()).items()}
        try:
            self.execution_id = ids.from_path(self.scope["url_route"]["kwargs"]["execution_id"])
            key, source, start = self.target(query)
        except (ValueError, api.NotConfigured) as error:
            await self._tell(State("failed", str(error) or "The console has no API key."))
            return await self.close(1000)
        self.viewer = hub().join(key, source, start)
        self.tasks = (asyncio.create_task(self._relay(self.viewer)), asyncio.create_task(self._look_again()))

    async def disconnect(self, code: int) -> None:
        for task in self.tasks:
            task.cancel()
        if self.viewer:
            self.viewer.leave()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        try:
            said = json.loads(text_data or "") if len(text_data or "") <= FRAME_LIMIT else None
        except (ValueError, RecursionError):
            said = None
        if self.viewer and isinstance(said, dict) and isinstance(said.get("ack"), str):
            self.viewer.acknowledge(said["ack"])
        else:
            await self.close(1008)

    async def _relay(self, viewer: Viewer) -> None:
        """Send until the stream is over, the viewer stalls, or the socket goes."""
        code = 1000
        try:
            async with contextlib.aclosing(viewer.messages()) as messages:
                async for message in messages:
                    await self._tell(message)
                    if isinstance(message, State) and message.missing:
                        code = NOT_FOUND
        except TooSlow:
            code = TOO_SLOW
        finally:
            viewer.leave()
        await self.close(code)

    async def _tell(self, message: Message) -> None:
        found: dict[str, Any]
        if isinstance(message, State):
            found = {"type": "state", "state": message.name, "detail": message.detail}
        elif isinstance(message, Gap):
            found = {"type": "gap", "after": message.after}
        else:
            found = {"type": "items", "items": [{"id": item.id, "html": item.html} for item in message]}
        await self.send(json.dumps(found))

    async def _look_again(self) -> None:
        while True:
            # Spread out, so that the sockets of an incident do not all ask the database at once.
            await asyncio.sleep(LOOK_AGAIN_SECONDS * random.uniform(0.8, 1.0))  # noqa: S311  (no secret)
            refusal = await self._refusal()
            if refusal:
                return await self.close(refusal)

    async def _refusal(self) -> int | None:
        """Why this socket's session may not watch, as a close code; None if it may. Reads the session again."""
        session = _session_engine.SessionStore(self.scope["cookies"].get(settings.SESSION_COOKIE_NAME))
        user = await get_user({"session": session})
        if not user.is_authenticated or not user.is_active:
            return NOT_SIGNED_IN
        allowed = await database_sync_to_async(is_allowed)(user, self.operation)
        return None if allowed else NOT_ALLOWED


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
        return ("events", execution_id), source, Start(query.get("last_event_id", ""))


class LogsConsumer(StreamConsumer):
    operation = "log-stream"

    def target(self, query: dict[str, str]) -> tuple[Hashable, Source, Start]:
        client, execution_id = api.client(), self.execution_id
        run_id, activity = query.get("run") or None, query.get("activity") or None

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
        return ("logs", execution_id, run_id, activity), source, Start(query.get("last_event_id", ""), _time(query))


def _time(query: dict[str, str]) -> datetime | None:
    value = query.get("after", "")
    moment = parse_time(value)
    if value and moment is None:
        raise ValueError("“after” is not a time.")
    return moment
