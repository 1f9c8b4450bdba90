"""One upstream connection: its events, each with an id to go on after."""

import asyncio
import hashlib
import json
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime

from executions.relay.messages import Item
from executions.upstream import errors
from executions.upstream.sse import ServerEvent

TURN_SECONDS = 0.005
"""After so much work on events the event loop gets its turn."""
WORDS_LIMIT = 500
_WITHOUT_ID = re.compile("(.*)~[0-9a-f]{16}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Start:
    """Where a stream starts: after a row; without one, at a time; without either, at its first row."""

    last_id: str = ""
    after: datetime | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """Where rows come from."""

    open: Callable[[Start, Callable[[], None]], AsyncGenerator[ServerEvent, None]]
    """Opens the stream at a start; calls the second argument once upstream has accepted. Raises UpstreamError."""
    is_over: Callable[[], Awaitable[bool]]
    """Reads the execution again: whether a stream that closed has ended, or was only cut. Raises UpstreamError."""
    render: Callable[[ServerEvent], Item]


class StreamError(errors.UpstreamError):
    """Upstream sent an `error` event; `str()` is what it says."""


def upstream_id(row_id: str) -> str:
    """The upstream's id at or before this row: what it can resume after.

    A row that came without an id is named `<the id before it>~<digest>`, the same each time it comes.
    """
    found = _WITHOUT_ID.fullmatch(row_id)
    return found[1] if found else row_id


async def events(source: Source, start: Start, opened: Callable[[], None]) -> AsyncGenerator[ServerEvent, None]:
    """The events of one connection, each with a row's id, until upstream closes it. Raises UpstreamError.

    Upstream may send rows again that it has sent before `start` or on an earlier connection.
    """
    loop = asyncio.get_running_loop()
    last_id, last_data = upstream_id(start.last_id), None
    worked = 0.0
    async with aclosing(source.open(Start(last_id, start.after), opened)) as stream:
        async for event in stream:
            if event.event == "error":
                raise StreamError(_words(event.data))
            given = loop.time()
            if event.id:
                last_id = event.id
                yield event
            elif event.data != last_data:  # sent twice in a row, the second seems to have no id
                yield replace(event, id=f"{last_id}~{hashlib.sha256(event.data.encode()).hexdigest()[:16]}")
            last_data = event.data
            # Of what came in one piece, the next event is here without any waiting.
            worked += loop.time() - given
            if worked > TURN_SECONDS:
                await asyncio.sleep(0)
                worked = 0.0


def _words(data: str) -> str:
    """What an `error` event says: `{"error": …, "reason": …}`, or its text as it is."""
    words = data
    try:
        value = json.loads(data)
        if isinstance(value, dict):
            words = ": ".join(str(value[name]) for name in ("error", "reason") if value.get(name))
    except (ValueError, RecursionError):
        pass
    return f"The Workflows API says: {errors.clean(words or data)[:WORDS_LIMIT]}"
