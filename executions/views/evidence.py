"""All that is known of an execution, in one file to keep or to send."""

import asyncio
import os
import tempfile
import threading
import weakref
from collections.abc import AsyncIterator, Generator
from typing import IO

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from executions.permissions import allowed_operations, check_allowed
from executions.services.evidence import Evidence
from executions.views.errors import Problem, respond
from executions.views.frame import fetch, real_id
from executions.views.freshness import away_of

AT_ONCE = 4
"""Downloads under way, of one user each: each has a file of its own on the disk until its browser has taken all."""
PIECE = 1 << 16
"""Bytes that are sent at a time."""
_ONE_EACH = Problem(
    429,
    "You are downloading evidence already",
    "Wait for that download. If you have stopped it, try again in a minute: what it was waiting for has to end first.",
    retry_after=60,
)
_NO_PLACE = Problem(
    503,
    "Others are downloading evidence",
    f"Try again in a minute: the console collects it for {AT_ONCE} people at a time.",
    retry_after=60,
)


class _Places:
    """Who is downloading. One each: a browser may take its file as slowly as it likes."""

    def __init__(self) -> None:
        # An answer that nobody sends leaves whenever Python finds it: maybe here, in the middle.
        self._lock = threading.RLock()
        self.taken: set[str] = set()

    def take(self, username: str) -> Problem | None:
        """Why there is none, if there is none."""
        with self._lock:
            if username in self.taken:
                return _ONE_EACH
            if len(self.taken) >= AT_ONCE:
                return _NO_PLACE
            self.taken.add(username)
            return None

    def leave(self, username: str) -> None:
        with self._lock:
            self.taken.discard(username)


_places = _Places()


class Made(StreamingHttpResponse):
    """An answer that is sent while it is made, into a file: a slow browser holds up only itself, and fills no memory.

    Django's own would collect all of it before the first byte leaves. Its user has a place, until it is over.
    """

    def __init__(self, made: Generator[bytes, None, None], username: str) -> None:
        self._made = made
        # With the object, if nobody comes so far as to send it.
        self._leave = weakref.finalize(self, _places.leave, username)
        super().__init__(made, content_type="application/zip")

    def close(self) -> None:
        super().close()
        self._leave()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        sent, news = 0, asyncio.Event()
        with tempfile.TemporaryFile() as file:
            making = asyncio.create_task(self._make(file, news))
            making.add_done_callback(lambda _: news.set())
            try:
                is_all = False
                while not is_all:
                    is_all = making.done()
                    news.clear()
                    while piece := await asyncio.to_thread(os.pread, file.fileno(), PIECE, sent):
                        sent += len(piece)
                        yield piece
                    if not is_all:
                        await news.wait()
                # What went wrong ends the download before its end.
                making.result()
            finally:
                # Who leaves in the middle leaves nothing open.
                making.cancel()
                await sync_to_async(self._made.close)()
                self._leave()

    async def _make(self, file: IO[bytes], news: asyncio.Event) -> None:
        def piece() -> int:
            file.write(made := next(self._made, b""))
            file.flush()
            return len(made)

        # In the request's own thread, as the view was: there it has its connection to the database.
        while await sync_to_async(piece)():
            news.set()


@require_safe
def evidence(request: HttpRequest, execution_id: str) -> HttpResponseBase:
    """A read, so it is not in the audit: what it holds can be read on the execution's pages as well."""
    check_allowed(request.user, "get")
    run = fetch(request, real_id(execution_id))
    if away := away_of(request):
        # Evidence is of now.
        return respond(request, away)
    username = request.user.get_username()
    made = Evidence(run, username=username, may=allowed_operations(request.user))
    if request.method == "HEAD":
        response: HttpResponseBase = HttpResponse(content_type="application/zip")
    elif problem := _places.take(username):
        return respond(request, problem)
    else:
        response = Made(made.stream(), username)
    response["Content-Disposition"] = f'attachment; filename="{made.name}"'
    response["Cache-Control"] = "no-store"
    # A proxy that waits for the whole of it would hide that it is coming.
    response["X-Accel-Buffering"] = "no"
    return response
