"""An upstream by script: numbered rows, connections that break as told. A double, to have every interleaving."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from executions.relay.connection import Source, Start
from executions.relay.messages import Gap, Item, Message, State
from executions.relay.viewer import Viewer
from executions.upstream import errors
from executions.upstream.sse import ServerEvent

FROM_THE_START = Start()
FIRST_TIME = datetime(2026, 11, 24, tzinfo=UTC)


def numbers(first: int, last: int) -> list[str]:
    """Row ids from `first` to `last`, both included."""
    return [str(number) for number in range(first, last + 1)]


def time_of(number: int) -> datetime:
    return FIRST_TIME + timedelta(seconds=number)


def render(event: ServerEvent) -> Item:
    return Item(event.id, f"<li>{event.data}</li>", time_of(int(event.id)) if event.id.isdecimal() else None)


@dataclass
class Plan:
    """How one connection goes."""

    refuse: Exception | None = None
    """Raised before it is accepted."""
    rows: int | None = None
    """It ends after so many; None for all there will be."""
    error: Exception | None = None
    """Raised at its end; closed in order without."""
    overlap: int = 0
    """Rows from before its start that are sent again; none from before its time."""


BROKEN = errors.NoAnswer("The Workflows API’s stream broke.")


@dataclass
class Upstream:
    """Rows 1, 2, …; `add` brings more, `finish` ends the execution."""

    rows: list[ServerEvent] = field(default_factory=list)
    over: bool = False
    plans: list[Plan] = field(default_factory=list)
    """For the connections, in their order; any more go well."""
    starts: list[Start] = field(default_factory=list)
    """Of all connections so far."""
    open_now: int = 0
    most_open: int = 0
    pause: float = 0.0
    """Seconds between accepting a connection and its first row."""
    on_close: Callable[[], Awaitable[None]] | None = None
    """What happens while a connection is being closed."""
    sent: int = 0
    """Rows, through all connections."""
    looks: int = 0
    """How often the execution was read."""

    def __post_init__(self) -> None:
        self._change = asyncio.Event()

    @classmethod
    def with_rows(cls, count: int, *plans: Plan, over: bool = False) -> "Upstream":
        upstream = cls(over=over, plans=list(plans))
        upstream.add(count)
        return upstream

    def source(self, render: Callable[[ServerEvent], Item] = render) -> Source:
        return Source(self._stream, self._is_over, render)

    def add(self, count: int = 1) -> None:
        for _ in range(count):
            number = str(len(self.rows) + 1)
            self.rows.append(ServerEvent(number, "log", f"row {number}"))
        self._changed()

    def finish(self) -> None:
        self.over = True
        self._changed()

    def _changed(self) -> None:
        self._change.set()
        self._change = asyncio.Event()

    async def _is_over(self) -> bool:
        self.looks += 1
        await asyncio.sleep(0)
        return self.over

    def place(self, start: Start) -> int:
        """How many rows are before this start."""
        if start.last_id:
            return int(start.last_id)
        return max((start.after - FIRST_TIME).seconds - 1, 0) if start.after else 0

    async def _stream(self, start: Start, opened: Callable[[], None]) -> AsyncGenerator[ServerEvent, None]:
        plan = self.plans.pop(0) if self.plans else Plan()
        self.starts.append(start)
        self.open_now += 1
        self.most_open = max(self.most_open, self.open_now)
        try:
            await asyncio.sleep(0)
            if plan.refuse:
                raise plan.refuse
            opened()
            await asyncio.sleep(self.pause)
            place, sent = self.place(start), 0
            place = max(place - plan.overlap, min(place, self.place(Start(after=start.after))))
            while sent != plan.rows:
                change = self._change
                if place < len(self.rows):
                    self.sent += 1
                    yield self.rows[place]
                    place, sent = place + 1, sent + 1
                elif self.over:
                    break
                else:
                    await change.wait()
            if plan.error:
                raise plan.error
        finally:
            if self.on_close:
                await self.on_close()
            self.open_now -= 1


@dataclass
class Watcher:
    """Takes a viewer's messages as a browser does, and acknowledges them unless told not to."""

    at_once: ClassVar[bool] = False
    """Whether new rows are sent to it without waiting for its task's turn."""
    viewer: Viewer
    acknowledges: bool = True
    states: list[State] = field(default_factory=list)
    rows_before_state: list[int] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._change = asyncio.Event()
        self.task = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        try:
            async with aclosing(self.viewer.messages(self._take if self.at_once else None)) as messages:
                async for message in messages:
                    self._take(message)
        finally:
            self.viewer.leave()

    def _take(self, message: Message) -> None:
        if isinstance(message, State):
            self.states.append(message)
            self.rows_before_state.append(len(self.ids))
        elif isinstance(message, Gap):
            self.gaps.append(message.after)
        else:
            self.batches.append(len(message))
            self.ids.extend(item.id for item in message)
            if self.acknowledges:
                self.viewer.acknowledge(self.ids[-1])
        self._change.set()

    @property
    def names(self) -> list[str]:
        return [state.name for state in self.states]

    def acknowledge(self) -> None:
        """All that has come, and from now on at once."""
        self.acknowledges = True
        self.viewer.acknowledge(self.ids[-1])

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                self._change.clear()
                await self._change.wait()

    async def end(self) -> None:
        """Until the stream is over for this viewer; raises what its messages raised."""
        async with asyncio.timeout(10):
            await self.task


async def no_task_is_left(before: set[asyncio.Task[object]]) -> None:
    """Wait for the end of all tasks but these and ours; what is being closed needs a few turns of the event loop."""
    async with asyncio.timeout(5):
        while left := asyncio.all_tasks() - before - {asyncio.current_task()}:
            await asyncio.wait(left)
