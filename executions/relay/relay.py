"""A relay: one stream, connected to upstream once at a time, resumed after cuts; and the rows that came through it."""

import asyncio
import logging
import random
from contextlib import aclosing
from dataclasses import dataclass
from typing import Literal

from executions.relay import connection
from executions.relay.buffer import Buffer, Item
from executions.relay.connection import Source, Start
from executions.upstream import errors
from executions.upstream.sse import ServerEvent

FIRST_WAIT, LONGEST_WAIT = 0.5, 15.0
"""Seconds before connecting again: drawn at random up to a limit that doubles with each failure."""
HOLD_SECONDS = 0.1
"""How long the first rows of a relay that starts after a row are held back: if that row follows, they are older."""
REQUEST_TIMEOUT = 408

logger = logging.getLogger(__name__)

StateName = Literal["live", "reconnecting", "ended", "failed"]


@dataclass(frozen=True, slots=True)
class State:
    """What the upstream stream is doing, in words a person understands."""

    name: StateName
    detail: str = ""
    missing: bool = False
    """Failed, because there is no such execution."""


def is_final(error: errors.UpstreamError) -> bool:
    """Whether asking again would bring the same answer."""
    again = isinstance(error, errors.RateLimited) or error.status == REQUEST_TIMEOUT
    return isinstance(error, errors.Refused) and not again


class Relay:
    """Runs from its making until its stream is over or it is closed."""

    def __init__(self, source: Source, start: Start) -> None:
        self.source = source
        self.start = start
        self.buffer = Buffer()
        self.state = State("reconnecting", "Connecting.")
        self.connections = 0
        """Upstream connections open now: none or one."""
        self.change = asyncio.Event()
        """Set at the next row or state, and replaced by a new one: take it before looking, and nothing is missed."""
        self._last_id = start.last_id
        self._held: dict[str, Item] = {}
        self._hold: asyncio.TimerHandle | None = None
        self._retry = 0.0
        self._task = asyncio.create_task(self._run())

    @property
    def over(self) -> bool:
        """Whether nothing more will come, neither rows nor states."""
        return self.state.name in {"ended", "failed"}

    async def close(self) -> None:
        """Stop, and wait until the upstream connection is closed."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    def _notify(self) -> None:
        self.change.set()
        self.change = asyncio.Event()

    def _say(self, state: State) -> None:
        if state != self.state:
            self.state = state
            self._notify()

    async def _run(self) -> None:
        try:
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
                if self._is_about_the_start(error):
                    # The row that the first viewer named is unknown to upstream; the others need not suffer for it.
                    self.start, self._last_id = Start(after=self.start.after), ""
                    continue
                if is_final(error):
                    return ended if over else _failed(error)
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

    def _is_about_the_start(self, error: errors.UpstreamError) -> bool:
        refused = isinstance(error, errors.Refused) and not isinstance(error, errors.NotFound | errors.Unauthorised)
        return bool(refused and self.start.last_id and not self.buffer.end)

    async def _read(self) -> None:
        """One connection, until upstream closes it. Raises UpstreamError."""
        live = State("live")
        opening = connection.events(self.source, Start(self._last_id, self.start.after), lambda: self._say(live))
        self.connections += 1
        try:
            async with aclosing(opening) as events:
                async for event in events:
                    if event.retry:
                        self._retry = event.retry / 1000
                    self._take(event)
        finally:
            self._release()
            self.connections -= 1

    def _take(self, event: ServerEvent) -> None:
        # Upstream may send rows again after a resume: those that are here, and those that a viewer came with.
        if event.id == self.start.last_id:
            self._held.clear()
        elif event.id not in self.buffer and event.id not in self._held:
            self._held[event.id] = self.source.render(event)
            if self.buffer.end or not self.start.last_id:
                self._release()
            elif self._hold is None:
                self._hold = asyncio.get_running_loop().call_later(HOLD_SECONDS, self._release)

    def _release(self) -> None:
        """Give the viewers the rows that were held back."""
        if self._hold:
            self._hold.cancel()
            self._hold = None
        for item in self._held.values():
            self.buffer.add(item)
            self._last_id = item.id
        if self._held:
            self._held.clear()
            self._notify()


def _failed(error: errors.UpstreamError) -> State:
    code = f" ({error.code})" if error.code else ""
    return State("failed", f"{error}{code}", missing=isinstance(error, errors.NotFound))
