"""Daphne, waiting for browsers that take a long answer slowly.

It puts what an application sends into memory, however much that is, until the browser has taken it. Twisted, on which
it stands, tells who asks when a connection is full; here the application's `send` waits until there is room again. So
of an answer that comes in pieces only some are in memory, and whoever makes it knows when it has been taken.
"""

import asyncio
import logging
from functools import partial
from typing import Any

from daphne.http_protocol import WebRequest

STALL_SECONDS = 300.0
"""Without any room for a piece: the browser is taken for gone."""
MOST_WAITING = 200
"""Browsers that answers wait for at a time. For one more, the one that has been waited for longest is given up."""
_log = logging.getLogger(__name__)


class _Room:
    """Whether the connection takes more, as Twisted tells one that pushes into it."""

    def __init__(self) -> None:
        self._is_there = asyncio.Event()
        self._is_there.set()
        self._is_given_up = False

    def pauseProducing(self) -> None:
        self._is_there.clear()

    def resumeProducing(self) -> None:
        self._is_there.set()

    stopProducing = resumeProducing

    async def wait(self) -> bool:
        """Whether there is any, in time."""
        if self._is_there.is_set():
            return True
        if len(_waiting) >= MOST_WAITING:
            next(iter(_waiting))._give_up()
        _waiting[self] = None
        try:
            async with asyncio.timeout(STALL_SECONDS):
                await self._is_there.wait()
        except TimeoutError:
            return False
        finally:
            _waiting.pop(self, None)
        return not self._is_given_up

    def _give_up(self) -> None:
        del _waiting[self]
        self._is_given_up = True
        self._is_there.set()


_waiting: dict[_Room, None] = {}
"""In the order in which they began to."""


class _Answer:
    def __init__(self, request: Any, send: Any) -> None:
        self._request, self._send = request, send
        self._room: _Room | None = None
        self.has_begun = False

    async def send(self, message: dict[str, Any]) -> None:
        """Done with a piece only when the next one may come."""
        self.has_begun = True
        if message["type"] == "http.response.body" and self._request.channel is not None:
            if message.get("more_body"):
                await self._piece(message)
                return
            if self._room:
                self._request.unregisterProducer()
        await self._send(message)

    async def _piece(self, message: dict[str, Any]) -> None:
        if self._room is None:
            self._room = _Room()
            self._request.registerProducer(self._room, True)
        await self._send(message)
        if not await self._room.wait():
            self.abort()
            # What is sent from now on goes nowhere, and nobody waits for it; Daphne says that the browser has gone.
            self._room.resumeProducing()

    def abort(self) -> None:
        if self._request.channel is not None:
            self._request.channel.forceAbortClient()


async def served(application: Any, scope: dict[str, Any], receive: Any, send: Any) -> None:
    """The application, its answers to requests paced; on other servers than Daphne as it is."""
    request = send.args[0] if isinstance(send, partial) and send.args else None
    if not isinstance(request, WebRequest):
        await application(scope, receive, send)
        return
    answer = _Answer(request, send)
    try:
        await application(scope, receive, answer.send)
    except Exception:
        if not answer.has_begun:
            raise
        # Daphne would try to begin another answer, fail, and never again look after any of its connections.
        _log.exception("An answer has broken off in its middle.")
        answer.abort()
