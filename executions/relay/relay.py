"""A relay: one stream, connected to upstream once at a time, resumed after cuts; and the rows that came through it."""

import asyncio
import logging
import random
from contextlib import aclosing

from executions.relay import connection
from executions.relay.buffer import Buffer
from executions.relay.connection import Source, Start
from executions.relay.feed import Feed
from executions.relay.followers import Followers
from executions.relay.messages import State
from executions.relay.replay import Replays
from executions.upstream import errors
from executions.upstream.sse import ServerEvent

FIRST_WAIT, LONGEST_WAIT = 0.5, 15.0
"""Seconds before connecting again: drawn at random up to a limit that doubles with each failure."""
REQUEST_TIMEOUT = 408
HELD_CUTS = 1
"""Cuts at which rows that are held back are dropped: upstream sends them again."""

logger = logging.getLogger(__name__)


def is_final(error: errors.UpstreamError) -> bool:
    """Whether asking again would bring the same answer."""
    again = isinstance(error, errors.RateLimited) or error.status == REQUEST_TIMEOUT
    return isinstance(error, errors.Refused) and not again


class Relay(Feed):
    """Runs from its making until its stream is over or it is closed."""

    def __init__(self, source: Source, start: Start, catch_ups: asyncio.Semaphore) -> None:
        super().__init__(start)
        self.source = source
        self.followers = Followers()
        self.replays = Replays(self, source, catch_ups)
        self.state = State("reconnecting", "Connecting.")
        self.connections = 0
        """Upstream connections open now: none or one."""
        self._last_id = start.last_id
        self._at: int | None = None
        """Where in the buffer the connection at hand is, once it has sent a row again that had been here."""
        self._retry = 0.0
        self._held_cuts = 0
        self._moved_from: asyncio.Task[None] | None = None
        self._stuck_after: str | None = None
        self._task = asyncio.create_task(self._run())

    @property
    def over(self) -> bool:
        """Whether nothing more will come, neither rows nor states."""
        return self.state.name in {"ended", "failed"}

    async def close(self) -> None:
        """Stop, and wait until the upstream connections are closed."""
        self._task.cancel()
        before = [self._moved_from] if self._moved_from else []
        await asyncio.gather(self._task, *before, self.replays.close(), return_exceptions=True)

    def move(self, start: Start) -> None:
        """Start elsewhere, if the first viewer's row has brought nothing: it may be unknown, or from the future.

        Only once, and only to where upstream has no more rows.
        """
        waits = self.state.name == "live" and self.buffer.is_empty and not self._new
        if waits and self.start.last_id and not self._moved_from:
            self.start, self._last_id = start, start.last_id
            # Nobody is at the first position of this one: all viewers look for their places again.
            self.buffer = Buffer(origin=1)
            self._task.cancel()
            self._moved_from, self._task = self._task, asyncio.create_task(self._run())
            self.notify()

    def notify(self) -> None:
        super().notify()
        self.followers.tell()

    def _say(self, state: State) -> None:
        if state != self.state:
            self.state = state
            self.notify()

    async def _run(self) -> None:
        try:
            if self._moved_from:
                await asyncio.wait([self._moved_from])  # one connection at a time
            state = await self._follow()
        except Exception:
            logger.exception("A stream cannot be read.")
            state = State("failed", "The console could not read this stream; the error is in the server’s log.")
        self._say(state)

    async def _follow(self) -> State:
        """Connect, and again after cuts, until the stream is over. Returns the last state."""
        ended = State("ended", "The execution is over: nothing more will come.")
        limit = FIRST_WAIT
        over = False
        """Whether the execution was over before the connection at hand."""
        while True:
            began, end = asyncio.get_running_loop().time(), self.buffer.end
            wait = 0.0
            try:
                await self._read()
                if over and self.buffer.end == end:
                    return ended
                over = await self.source.is_over()
                if over:
                    # Closed in order, but perhaps by something on the way, and early: one more connection shows it.
                    continue
                detail = "The connection to the Workflows API was cut; connecting again."
            except errors.UpstreamError as error:
                if isinstance(error, errors.TooLarge) and self._is_stuck():
                    where = f"after {self._last_id}" if self._last_id else "at its start"
                    return State("failed", f"{error} It is {where}; what follows it cannot be shown live.")
                if self._is_about_the_start(error):
                    # The row that the first viewer named is unknown to upstream; the others need not suffer for it.
                    self.start, self._last_id = Start(after=self.start.after), ""
                    continue
                if is_final(error):
                    return ended if over else _failed(error)
                over = False  # a new run may start while we wait
                detail = f"{error} Connecting again."
                wait = getattr(error, "retry_after", None) or 0.0
            self._say(State("reconnecting", detail))
            # A connection that held or brought something was no failure.
            if self.buffer.end > end or asyncio.get_running_loop().time() - began > LONGEST_WAIT:
                limit = FIRST_WAIT
            # At random: relays that were cut together must not all come back together.
            jitter = random.uniform(0, limit)  # noqa: S311  (no secret)
            await asyncio.sleep(max(wait, self._retry) + jitter)
            limit = min(limit * 2, LONGEST_WAIT)

    def _is_stuck(self) -> bool:
        """Whether something too large comes after the row at hand for the second time: it would come for ever."""
        again = self._stuck_after == self._last_id
        self._stuck_after = self._last_id
        return again

    def _is_about_the_start(self, error: errors.UpstreamError) -> bool:
        refused = isinstance(error, errors.Refused) and not isinstance(error, errors.NotFound | errors.Unauthorised)
        return bool(refused and is_final(error) and self.start.last_id and self.buffer.is_empty)

    async def _read(self) -> None:
        """One connection, until upstream closes it. Raises UpstreamError."""
        live = State("live")
        opening = connection.events(self.source, Start(self._last_id, self.start.after), lambda: self._say(live))
        self.connections += 1
        self._at = None
        self.holding = bool(self._last_id)
        try:
            async with aclosing(opening) as events:
                async for event in events:
                    if event.retry:
                        self._retry = event.retry / 1000
                    self._take(event)
                    if self.is_far_ahead:
                        await self.keep_pace()
        except errors.UpstreamError as error:
            # What is held back may have been here; it comes again. If that is cut, too, it is better than none.
            if self.holding and self._held_cuts < HELD_CUTS and not isinstance(error, errors.TooLarge):
                self._held_cuts += 1
                self.forget_new()
            raise
        finally:
            self.publish()
            self.connections -= 1

    def _take(self, event: ServerEvent) -> None:
        # Upstream may send rows again after a resume: those that are here, and those that a viewer came with.
        if event.id in self._new:
            return
        if event.id == self.start.last_id or self._is_again(event.id):
            if self.holding:
                self.forget_new()  # what came before it is older still
                self.holding = event.id != self._last_id
        else:
            self.put(self.source.render(event))

    def publish(self) -> None:
        if self._new:
            self._last_id = next(reversed(self._new))
            self._held_cuts = 0
        super().publish()

    def _is_again(self, row_id: str) -> bool:
        """Whether that row had been here, also if that is long ago, and the stream starts again from its beginning."""
        seen = self.buffer.seen(row_id)
        if seen is None and self._at is not None and self._at + 1 < self.buffer.remembered:
            seen = self._at + 1
        self._at = seen
        return seen is not None


def _failed(error: errors.UpstreamError) -> State:
    code = f" ({error.code})" if error.code else ""
    return State("failed", f"{error}{code}", missing=isinstance(error, errors.NotFound))
