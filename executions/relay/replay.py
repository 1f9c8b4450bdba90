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
from executions.relay.feed import HOLD_SECONDS, Feed
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

    def __init__(self, replays: "Replays", start: Start, recent: Collection[str], keeps: bool) -> None:
        super().__init__(start)
        self.viewers = 0
        self.done = False
        self.problem: errors.UpstreamError | None = None
        """Why it ended early."""
        self.exhausted = False
        """Whether upstream had nothing."""
        self.met = ""
        """The first row after these that the relay's buffer held."""
        self.level = replays.relay.change
        """The relay's next change, taken before upstream had brought all there was."""
        self.waiting = True
        self._replays = replays
        self._recent = recent
        self._keeps = keeps
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
            if self.holding and not self._keeps:
                self.forget_new()
                self.met = ""
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
        self.holding = bool(self.start.last_id)
        opening = connection.events(self._replays.source, self.start, quiet.opened)
        async with aclosing(opening) as events:
            while event := await self._next(events, quiet):
                if event.id in self._recent:
                    self.forget_new()  # what came before it here is older still
                    self.met, self.holding = "", event.id != self.start.last_id
                elif not self.met:
                    if relay.buffer.position(event.id) is not None:
                        self.met = event.id
                    elif event.id not in self._new and self.buffer.seen(event.id) is None:
                        self.put(self._replays.source.render(event))
                if self.met:
                    # Even what the relay holds may be older than the row that this is to go on after.
                    if not self.holding or not quiet.shorten(HOLD_SECONDS):
                        return
                elif self.is_far_ahead and not await self._is_taken():
                    return
        # With rows it may be a cut: their viewers ask again for what follows.
        self.exhausted = not self.met and self.buffer.is_empty and not self._new

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

    def join(self, last_id: str, after: datetime | None, recent: Collection[str], keeps: bool) -> tuple[Replay, int]:
        """One that brings the rows after this one, and where in its buffer they begin.

        `recent` are rows that the viewer has; `keeps`, whether to keep rows that are held back when upstream cuts it.
        """
        found = self._find(last_id, after)
        if found is None:
            found = Replay(self, Start(last_id, after), recent, keeps), 0
            self._all.append(found[0])
        found[0].viewers += 1
        return found

    def _find(self, last_id: str, after: datetime | None, but: Replay | None = None) -> tuple[Replay, int] | None:
        for replay in self._all:
            place = replay.place(last_id, after)
            if place is None or replay is but:
                continue
            # One that has ended may not have come as far as this time.
            if not replay.done or (place < replay.buffer.end and (last_id or after == replay.start.after)):
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
        self._end: float | None = None

    def opened(self) -> None:
        self._accepted = True
        if self._limit and self._seconds is not None:
            self._limit.reschedule(asyncio.get_running_loop().time() + self._seconds)

    def shorten(self, seconds: float) -> bool:
        """Wait no longer than so many seconds from the first call of this on. Whether there is time left."""
        now = asyncio.get_running_loop().time()
        self._end = now + seconds if self._end is None else self._end
        return now < self._end

    async def next(self, events: AsyncGenerator[ServerEvent, None]) -> ServerEvent | None:
        """The next event; None at the stream's end, and when it has gone quiet."""
        try:
            # The events' connection is nobody else's: it may be cancelled.
            async with self._waiting() as self._limit:
                return await anext(events, None)
        except TimeoutError:
            return None

    def _waiting(self) -> asyncio.Timeout:
        if self._end is not None:
            return asyncio.timeout_at(self._end)
        return asyncio.timeout(self._seconds if self._accepted else None)
