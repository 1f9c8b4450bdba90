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
_log = logging.getLogger(__name__)


class _Room:
    """Whether the connection takes more, as Twisted tells one that pushes into it."""

    def __init__(self) -> None:
        self._is_there = asyncio.Event()
        self._is_there.set()

    def pauseProducing(self) -> None:
        self._is_there.clear()

    def resumeProducing(self) -> None:
        self._is_there.set()

    stopProducing = resumeProducing

    async def wait(self) -> bool:
        """Whether there is any, in time."""
        try:
            await asyncio.wait_for(self._is_there.wait(), STALL_SECONDS)
        except TimeoutError:
            return False
        return True


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
