"""Server-sent events from the Workflows API: one connection, read with care, never resumed here.

What httpx-sse leaves to its callers is done here: keep-alives are skipped, a byte order mark is taken off, and endless
lines and events end the stream instead of filling the memory.
"""

import asyncio
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass

import httpx
from httpx_sse import EventSource

from executions.upstream import errors
from executions.upstream.transport import MAX_ERROR_BYTES, MAX_ID_BYTES, check_packing

HEARTBEAT_SECONDS = 15.0
"""How often the API sends something at the least; three missed, and the connection counts as dead."""
CONNECT_SECONDS = 10.0
MAX_LINE_BYTES = 2 * 1024 * 1024
MAX_EVENT_BYTES = 4 * 1024 * 1024
RETRY_LEAST, RETRY_MOST = 500, 30_000
"""Milliseconds between which a `retry` from upstream is honoured."""
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class ServerEvent:
    id: str
    """Its own; empty if it came without one, with the one before it again, or with one too long to resume after."""
    event: str
    data: str
    retry: int | None = None
    """Milliseconds, within limits."""


async def open_stream(
    url: httpx.URL,
    *,
    auth: httpx.Auth,
    headers: Mapping[bytes, bytes],
    ssl_context: ssl.SSLContext,
    heartbeat: float = HEARTBEAT_SECONDS,
    opened: Callable[[], None] | None = None,
) -> AsyncGenerator[ServerEvent, None]:
    """Events of one connection, until upstream closes it. `opened` is called once, when upstream has accepted it.

    Raises UpstreamError when it cannot be opened, breaks, or brings something that is not an event stream.
    """
    silence = 3 * heartbeat
    # A client of its own: a long stream never holds a place in anybody's pool, and one that is cancelled leaks none.
    client = httpx.AsyncClient(
        auth=auth,
        verify=ssl_context,
        trust_env=False,
        http2=False,
        follow_redirects=False,
        timeout=httpx.Timeout(silence, connect=min(CONNECT_SECONDS, heartbeat)),
    )
    asked = {b"Accept": b"text/event-stream", b"Accept-Encoding": b"identity", b"Cache-Control": b"no-store", **headers}
    # Raised at the end and not where it is caught: it would keep httpx's error, and that the key, as its context.
    problem: errors.UpstreamError
    try:
        async with AsyncExitStack() as open_until_the_end:
            async with asyncio.timeout(silence):
                await open_until_the_end.enter_async_context(client)
                answer = await open_until_the_end.enter_async_context(client.stream("GET", url, headers=asked))
                await _check(answer)
            if opened:
                opened()
            events = await open_until_the_end.enter_async_context(aclosing(_events(answer)))
            async for event in events:
                yield event
        return
    except (httpx.ConnectError, httpx.ConnectTimeout):
        problem = errors.NoAnswer("The Workflows API cannot be reached.", sent=False)
    except (httpx.TimeoutException, TimeoutError):
        problem = errors.Timeout("The Workflows API’s stream went silent.")
    except httpx.HTTPError:
        problem = errors.NoAnswer("The Workflows API’s stream broke.")
    raise problem


async def _check(answer: httpx.Response) -> None:
    """UpstreamError unless this is an event stream that we can read."""
    if not answer.is_success:
        raise errors.from_answer(answer.status_code, answer.headers, await _start(answer))
    problem = check_packing(answer)
    if problem:
        raise problem
    kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind != "text/event-stream":
        raise errors.BrokenAnswer(f"The Workflows API answered with {errors.clean(kind) or 'nothing'}, not a stream.")


async def _start(answer: httpx.Response) -> bytes:
    """As much of an error's body as can be had: the status alone says most."""
    content = bytearray()
    try:
        async for chunk in answer.aiter_raw():
            content += chunk
            if len(content) > MAX_ERROR_BYTES:
                break
    except httpx.HTTPError:
        pass
    return bytes(content)


async def _events(answer: httpx.Response) -> AsyncGenerator[ServerEvent, None]:
    # httpx-sse reads a response, so it gets one whose bytes have passed the guard.
    guarded = httpx.Response(200, headers={"Content-Type": "text/event-stream"}, stream=_Guard(answer))
    last_id, retry = "", None
    async with aclosing(EventSource(guarded).aiter_sse()) as found:
        async for event in found:
            if event.retry is not None:
                retry = min(max(event.retry, RETRY_LEAST), RETRY_MOST)
            # An event without an id comes with the one before it, and once an id was seen, every keep-alive makes an
            # event without data.
            own_id = "" if event.id == last_id or len(event.id.encode()) > MAX_ID_BYTES else event.id
            last_id = event.id
            if event.data:
                yield ServerEvent(own_id, event.event, event.data, retry)
                retry = None


class _Guard(httpx.AsyncByteStream):
    """The answer's bytes without a byte order mark; ends the stream at a line or an event that is too long."""

    def __init__(self, answer: httpx.Response) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        sizes = _Sizes()
        start: bytes | None = b""
        async for chunk in self._answer.aiter_bytes():
            sizes.add(chunk)
            if start is None:
                yield chunk
                continue
            # The mark itself may come in pieces.
            start += chunk
            if len(start) >= len(_BOM) or not _BOM.startswith(start):
                yield start.removeprefix(_BOM)
                start = None


class _Sizes:
    """Measures the line and the event under way, wherever the chunks are cut; TooLarge if one is."""

    def __init__(self, line: int = MAX_LINE_BYTES, event: int = MAX_EVENT_BYTES) -> None:
        self._most_line, self._most_event = line, event
        self._line = 0
        self._event = 0
        """Bytes of its lines so far, without their ends."""
        self._ends_in_cr = False

    def add(self, chunk: bytes) -> None:
        # CRLF is one line end, even if the cut goes through it: the CR has ended the line already.
        fresh = chunk.removeprefix(b"\n") if self._ends_in_cr else chunk
        self._ends_in_cr = chunk.endswith(b"\r")
        *ended, rest = fresh.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        for part in ended:
            self._grow(len(part))
            if self._line == 0:
                self._event = 0  # a blank line ends the event
            self._line = 0
        self._grow(len(rest))

    def _grow(self, size: int) -> None:
        self._line += size
        self._event += size
        if self._line > self._most_line or self._event > self._most_event:
            raise errors.TooLarge("The Workflows API’s stream has an event too large to take in.")
