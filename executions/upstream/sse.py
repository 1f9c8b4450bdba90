"""Server-sent events from the Workflows API: one connection, read with care, never resumed here.

What httpx-sse leaves to its callers is done here: keep-alives are skipped, a byte order mark is taken off, and endless
lines and events end the stream instead of filling the memory.
"""

import re
import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from httpx_sse import EventSource

from executions.upstream import errors

HEARTBEAT_SECONDS = 15.0
"""How often the API sends something at the least; three missed, and the connection counts as dead."""
CONNECT_SECONDS = 10.0
MAX_LINE_BYTES = 2 * 1024 * 1024
MAX_EVENT_BYTES = 4 * 1024 * 1024
_BOM = b"\xef\xbb\xbf"
_NEWLINE = re.compile(rb"\r\n|\r|\n")
RETRY_LEAST, RETRY_MOST = 500, 30_000
"""Milliseconds between which a `retry` from upstream is honoured."""


@dataclass(frozen=True, slots=True)
class ServerEvent:
    id: str
    event: str
    data: str
    retry: int | None = None
    """Milliseconds, within limits."""


async def open_stream(
    url: str,
    *,
    headers: Mapping[str, str],
    params: Mapping[str, Any],
    ssl_context: ssl.SSLContext,
    heartbeat: float = HEARTBEAT_SECONDS,
) -> AsyncIterator[ServerEvent]:
    """Events of one connection, until upstream closes it.

    Raises UpstreamError when it cannot be opened, breaks, or brings something that is not an event stream.
    """
    timeout = httpx.Timeout(CONNECT_SECONDS, read=3 * heartbeat)
    # A client of its own: a long stream never holds a place in anybody's pool.
    client = httpx.AsyncClient(
        verify=ssl_context, trust_env=False, http2=False, follow_redirects=False, timeout=timeout
    )
    asked = {**headers, "Accept": "text/event-stream", "Cache-Control": "no-store"}
    try:
        async with client, client.stream("GET", url, headers=asked, params=dict(params)) as answer:
            await _check(answer)
            async for event in _events(answer):
                yield event
    except httpx.ConnectError:
        error = errors.NoAnswer("The Workflows API cannot be reached.")
        error.sent = False
        raise error from None
    except httpx.TimeoutException:
        raise errors.Timeout("The Workflows API’s stream went silent.") from None
    except httpx.HTTPError:
        raise errors.NoAnswer("The Workflows API’s stream broke.") from None


async def _check(answer: httpx.Response) -> None:
    if not answer.is_success:
        content = b""
        async for chunk in answer.aiter_bytes():
            content += chunk
            if len(content) > 100_000:
                break
        raise errors.from_answer(answer.status_code, answer.headers, content)
    kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind != "text/event-stream":
        raise errors.BrokenAnswer(f"The Workflows API answered with {errors.clean(kind) or 'nothing'}, not a stream.")


async def _events(answer: httpx.Response) -> AsyncIterator[ServerEvent]:
    # httpx-sse reads a response, so it gets one whose bytes have passed the guard.
    guarded = httpx.Response(200, headers={"Content-Type": "text/event-stream"}, stream=_Guard(answer))
    async for event in EventSource(guarded).aiter_sse():
        # Once an id was seen, every keep-alive makes an event without data.
        if event.data:
            retry = None if event.retry is None else min(max(event.retry, RETRY_LEAST), RETRY_MOST)
            yield ServerEvent(event.id, event.event, event.data, retry)


class _Guard(httpx.AsyncByteStream):
    """The answer's bytes without a byte order mark; ends the stream at a line or an event that is too long."""

    def __init__(self, answer: httpx.Response) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        line = event = 0
        start = b""
        began = False
        async for received in self._answer.aiter_bytes():
            chunk = received
            if not began:
                start += chunk
                if _BOM.startswith(start) and len(start) < len(_BOM):
                    continue
                began, chunk = True, start.removeprefix(_BOM)
            line, event = _lengths(chunk, line, event)
            if line > MAX_LINE_BYTES or event > MAX_EVENT_BYTES:
                raise errors.BrokenAnswer("The Workflows API’s stream has an event too large to take in.")
            yield chunk


def _lengths(chunk: bytes, line: int, event: int) -> tuple[int, int]:
    """How long the unfinished line and the unfinished event are after `chunk`; the longest line if that is longer."""
    parts = _NEWLINE.split(chunk)
    longest = max(line + len(parts[0]), *map(len, parts[1:]), 0) if len(parts) > 1 else line + len(parts[0])
    blank = next((place for place in range(len(parts) - 2, 0, -1) if not parts[place]), None)
    if blank is None and not (len(parts) > 1 and not parts[0] and not line):
        event += len(chunk)
    else:
        event = sum(map(len, parts[(blank or 0) + 1 :]))
    return (longest if longest > MAX_LINE_BYTES else (len(parts[-1]) if len(parts) > 1 else longest)), event
