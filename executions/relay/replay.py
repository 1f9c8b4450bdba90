"""Short connections that bring viewers the rows from before their relay's buffer; who needs the same shares one."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Collection
from contextlib import aclosing
from datetime import datetime
from typing import Protocol

from executions.relay import connection
from executions.relay.buffer import Buffer
from executions.relay.connection import Source, Start
from executions.relay.feed import Feed
from executions.upstream import errors
from executions.upstream.sse import ServerEvent

QUIET_SECONDS = 2.0
"""A connection that brings nothing for so long has brought all there is."""
IDLE_SECONDS = 1.0
"""How long one waits for viewers that take nothing; then it is another's turn."""
SPARE = 2
"""Replays that are kept for others when their own viewers need them no more."""

logger = logging.getLogger(__name__)


class Live(Protocol):
    """The relay, as a replay sees it."""

    buffer: Buffer
    change: asyncio.Event

    @property
    def over(self) -> bool: ...

    def place(self, last_id: str, after: datetime | None) -> int | None: ...


class Replay(Feed):
    """Waits for its turn, then reads until it meets the relay's buffer, or nothing more comes."""

    def __init__(self, replays: "Replays", start: Start, recent: Collection[str]) -> None:
        super().__init__(start)
        self.viewers = 0
        self.done = False
        self.problem: errors.UpstreamError | None = None
        """Why it ended early."""
        self.exhausted = False
        """Whether upstream had no more."""
        self.met = ""
        """The first row after these that the relay's buffer held."""
        self.level = replays.relay.change
        """The relay's next change, taken before upstream had brought all there was."""
        self.waiting = True
        self._replays = replays
        self._recent = recent
        self._task = asyncio.create_task(self._run())

    def leave(self) -> None:
        """A viewer needs it no more; without any it ends."""
        self.viewers -= 1
        if self.viewers == 0:
            self._task.cancel()
            self._end()

    async def _run(self) -> None:
        try:
            async with self._replays.turns:
                self.waiting = False
                # Another one may have come by here, or the relay itself, while this one waited for its turn.
                if not self._replays.covers(self):
                    await self._read()
        except errors.UpstreamError as error:
            self.problem = error
        except Exception:
            logger.exception("A stream cannot be replayed.")
            self.problem = errors.BrokenAnswer("The console could not read this stream.")
        finally:
            self.publish()
            self._end()

    def _end(self) -> None:
        self.waiting, self.done = False, True
        self.notify()
        self._replays.tidy()

    async def _read(self) -> None:
        relay = self._replays.relay
        quiet = _Quiet(None if relay.over else QUIET_SECONDS)
        opening = connection.events(self._replays.source, self.start, quiet.opened)
        async with aclosing(opening) as events:
            while event := await self._next(events, quiet):
                if relay.buffer.position(event.id) is not None:
                    self.met = event.id
                    return
                if event.id in self._recent:
                    self.forget_new()  # what came before it here is older still
                elif event.id not in self._new and self.buffer.seen(event.id) is None:
                    self.put(self._replays.source.render(event))
                if self.is_far_ahead and not await self._is_taken():
                    return
        self.exhausted = True

    async def _is_taken(self) -> bool:
        """Wait for the viewers; whether there are any who take the rows."""
        try:
            async with asyncio.timeout(IDLE_SECONDS):
                await self.keep_pace()
        except TimeoutError:
            return False
        return True

    async def _next(self, events: AsyncGenerator[ServerEvent, None], quiet: "_Quiet") -> ServerEvent | None:
        # Taken before: it may take a while to close what has gone quiet.
        self.level = self._replays.relay.change
        return await quiet.next(events)

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


class Replays:
    """A relay's."""

    def __init__(self, relay: Live, source: Source, turns: asyncio.Semaphore) -> None:
        self.relay, self.source, self.turns = relay, source, turns
        self._all: list[Replay] = []
        """In use, and those whose rows the waiting ones may still share."""

    def join(self, last_id: str, after: datetime | None, recent: Collection[str]) -> tuple[Replay, int]:
        """One that brings the rows after this one, and where in its buffer they begin."""
        found = self._find(last_id, after)
        if found is None:
            found = Replay(self, Start(last_id, after), recent), 0
            self._all.append(found[0])
        found[0].viewers += 1
        return found

    def _find(self, last_id: str, after: datetime | None, but: Replay | None = None) -> tuple[Replay, int] | None:
        for replay in self._all:
            place = replay.place(last_id, after)
            if place is not None and replay is not but and (place < replay.buffer.end or not replay.done):
                return replay, place
        return None

    def covers(self, waiting: Replay) -> bool:
        """Whether others have or will have what this one is for."""
        start = waiting.start
        if self.relay.place(start.last_id, start.after) is not None:
            return True
        found = self._find(start.last_id, start.after, but=waiting)
        return found is not None and not found[0].waiting

    def tidy(self) -> None:
        """Drop those that nobody needs; while others wait for their turn, some are kept that may save them it."""
        spare = SPARE if any(replay.waiting for replay in self._all) else 0
        unused = [replay for replay in self._all if replay.done and not replay.viewers]
        for replay in unused[: len(unused) - spare]:
            self._all.remove(replay)

    async def close(self) -> None:
        await asyncio.gather(*(replay.close() for replay in self._all))


class _Quiet:
    """Waits for events; once upstream has accepted, only for so many seconds each."""

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds
        self._accepted = False
        self._limit: asyncio.Timeout | None = None

    def opened(self) -> None:
        self._accepted = True
        if self._limit and self._seconds is not None:
            self._limit.reschedule(asyncio.get_running_loop().time() + self._seconds)

    async def next(self, events: AsyncGenerator[ServerEvent, None]) -> ServerEvent | None:
        """The next event; None at the stream's end, and when it has gone quiet."""
        try:
            # The events' connection is nobody else's: it may be cancelled.
            async with asyncio.timeout(self._seconds if self._accepted else None) as self._limit:
                return await anext(events, None)
        except TimeoutError:
            return None
