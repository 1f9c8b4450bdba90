"""A viewer's websocket on a relay: who may watch, what they get, and what they say back."""

import asyncio
import contextlib
import json
import logging
import random
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any
from urllib.parse import parse_qs
from weakref import WeakKeyDictionary

from channels.auth import get_user
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings

from executions import ids, streams
from executions.permissions import is_allowed
from executions.relay.hub import Hub
from executions.relay.messages import Batch, Message, State
from executions.relay.viewer import Viewer
from executions.relay.window import TooSlow
from executions.services import api
from executions.sockets import OpenSocket, sockets

BAD_FRAME, NOT_SIGNED_IN, NOT_ALLOWED, NOT_FOUND, TOO_SLOW, SERVER_FAULT = 4400, 4401, 4403, 4404, 4408, 4500
"""Close codes; Daphne sends none but 1000 and those from 3000 on."""
LOOK_AGAIN_SECONDS = 30.0
"""How often an open socket's session and permission are looked at."""
LOOK_AFTER_FAULT_SECONDS = 5.0
"""When they are looked at again, if the database did not answer."""
FRAME_LIMIT = 8_000
"""Characters of what a browser may send at once: the acknowledgement of the longest id, all of it escaped."""
FRAMES_A_SECOND, FRAMES_AT_ONCE = 500.0, 1_000.0
"""Frames that a browser may send; the page's script sends a few a second at most."""

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
    target: Callable[[str, dict[str, str]], streams.Target]
    user_id: int | None = None
    session_key = ""
    viewer: Viewer | None = None
    task: asyncio.Task[None] | None = None
    closed = False

    def __init__(self) -> None:
        super().__init__()
        self._frames, self._frames_at = FRAMES_AT_ONCE, 0.0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def all_but_frames() -> Any:
            # The framework waits for several sources at once and looks after the database's connections at each
            # message; frames come a few a second from each of many browsers, and need neither.
            while (message := await receive())["type"] == "websocket.receive":
                await self._take(message.get("text") or "")
            return message

        try:
            await super().__call__(scope, all_but_frames, send)
        finally:
            # Here and not in `disconnect`, which is not called when the server cancels us.
            if self.task:
                self.task.cancel()
                await asyncio.gather(self.task, return_exceptions=True)

    async def connect(self) -> None:
        await self.accept()
        self.task = asyncio.create_task(self._until_closed(self._watch))

    async def _take(self, text: str) -> None:
        if self.closed:
            return
        row_id = _acknowledged(text) if self._may_speak() else None
        if row_id is None:
            await self._close(BAD_FRAME)
            if self.task:
                self.task.cancel()
        elif self.viewer:
            self.viewer.acknowledge(row_id)

    def _may_speak(self) -> bool:
        now = asyncio.get_running_loop().time()
        self._frames = min(self._frames + (now - self._frames_at) * FRAMES_A_SECOND, FRAMES_AT_ONCE) - 1
        self._frames_at = now
        return self._frames >= 0

    async def _close(self, code: int) -> None:
        self.closed = True
        with contextlib.suppress(*_CLOSED):
            await self.close(code)

    async def _until_closed(self, work: Callable[[], Awaitable[int]]) -> None:
        """Do this socket's work, and close with the code it comes to."""
        try:
            code = await work()
        except _Gone:
            code = 1000
        except Exception:
            logger.exception("A websocket failed.")
            code = SERVER_FAULT
        await self._close(code)

    async def _watch(self) -> int:
        """From the look at who this is to the end. Returns the close code."""
        refusal = await self._refusal()
        if refusal:
            return refusal
        with contextlib.ExitStack() as until_the_end:
            try:
                socket = until_the_end.enter_context(sockets().opened(self.user_id, self.session_key))
                self.viewer = hub().join(*self._target())
            except ValueError as error:
                return await self._fail(str(error))
            except api.NotConfigured:
                return await self._fail("The console has no API key: set MISTRAL_API_KEY and start it again.")
            until_the_end.callback(self.viewer.leave)
            return await _first(self._relay(self.viewer), self._look_again(socket))

    def _target(self) -> streams.Target:
        query = parse_qs(self.scope["query_string"].decode(errors="replace"))
        execution_id = ids.from_path(self.scope["url_route"]["kwargs"]["execution_id"])
        return type(self).target(execution_id, {name: values[-1] for name, values in query.items()})

    async def _fail(self, reason: str) -> int:
        await self._tell(State("failed", reason))
        return 1000

    async def _relay(self, viewer: Viewer) -> int:
        """Send until the stream is over or the viewer stalls."""
        code = 1000
        write_now: Callable[[str], None] | None = self.scope.get("write_now")

        def send(rows: Batch) -> None:
            assert write_now
            try:
                write_now(rows.text)
            except OSError:
                raise _Gone from None

        try:
            async with contextlib.aclosing(viewer.messages(send if write_now else None)) as messages:
                async for message in messages:
                    await self._tell(message)
                    if isinstance(message, State) and message.missing:
                        code = NOT_FOUND
        except TooSlow:
            code = TOO_SLOW
        return code

    async def _tell(self, message: Message) -> None:
        try:
            await self.base_send({"type": "websocket.send", "text": message.text})
        except _CLOSED:
            raise _Gone from None

    async def _look_again(self, socket: OpenSocket) -> int:
        """Until this socket's session may not watch any more. Raises what a look raises twice in a row."""
        failed = False
        while True:
            # Spread out, so that the sockets of an incident do not all ask the database at once.
            seconds = (LOOK_AFTER_FAULT_SECONDS if failed else LOOK_AGAIN_SECONDS) * random.uniform(0.8, 1.0)  # noqa: S311  (no secret)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await socket.look.wait()
            socket.look.clear()
            try:
                refusal = NOT_SIGNED_IN if socket.signed_out else await self._refusal()
            except Exception:
                if failed:
                    raise
                logger.warning("It could not be told whether a websocket may stay open.", exc_info=True)
                failed = True
                continue
            failed = False
            if refusal:
                return refusal

    async def _refusal(self) -> int | None:
        """Why this socket's session may not watch, as a close code; None if it may. Reads the session again."""
        self.session_key = self.scope["cookies"].get(settings.SESSION_COOKIE_NAME) or ""
        user = await get_user({"session": _session_engine.SessionStore(self.session_key)})
        if not user.is_authenticated:  # nor is one who was deactivated
            return NOT_SIGNED_IN
        self.user_id = user.pk
        allowed = await database_sync_to_async(is_allowed)(user, self.operation)
        return None if allowed else NOT_ALLOWED


async def _first(*work: Awaitable[int]) -> int:
    """What the first of these comes to; the others are cancelled."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return done.pop().result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _acknowledged(text: str) -> str | None:
    """The id of `{"ack": "<id>"}`; None for anything else."""
    try:
        said = json.loads(text) if len(text) <= FRAME_LIMIT else None
    except (ValueError, RecursionError):
        return None
    row_id = said.get("ack") if isinstance(said, dict) else None
    return row_id if isinstance(row_id, str) else None


class EventsConsumer(StreamConsumer):
    operation = "event-stream"
    target = staticmethod(streams.events)


class LogsConsumer(StreamConsumer):
    operation = "log-stream"
    target = staticmethod(streams.logs)
