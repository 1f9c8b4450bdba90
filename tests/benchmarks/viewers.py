"""Viewers of a live stream, many in a process, as cheap as they can be: the machine is for the server.

They do what the page's script does: acknowledge, come back with the last id. Of a message they look only at the ids.
"""

import asyncio
import base64
import os
import random
import re
import time
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from multiprocessing import get_context

from tests.benchmarks import proc

ACK_ROWS, ACK_SIZE, ACK_SECONDS = 500, 512 * 1024, 1.0
AGAIN_SECONDS = 0.5
"""The longest wait before coming back."""
_ID = re.compile(rb'(?<!\\)"id": ?"(\d+)"')
_TEXT, _CLOSE, _PING, _PONG = 1, 8, 9, 10
_LARGE, _HUGE = 126, 127


@lru_cache(200)  # most viewers get the very same messages
def _rows(content: bytes) -> tuple[int, int, int, bool]:
    """A message's first and last row, how many there are, and whether they follow each other."""
    ids = [int(one) for one in _ID.findall(content)] or [0]
    return ids[0], ids[-1], len(ids) if ids[0] else 0, ids == list(range(ids[0], ids[0] + len(ids)))


@dataclass(frozen=True)
class Watch:
    """What one viewer does."""

    port: int
    path: str
    cookie: str
    rows: int
    """It is done when it has so many: their ids are 1, 2, …"""
    leaves: tuple[int, ...] = ()
    """After these rows it breaks its connection and comes back."""
    stalls: float = 0.0
    """Seconds for which it acknowledges nothing once it has some rows."""
    pings: bool = False
    """Whether it reads and sends pings meanwhile; else it does nothing at all, as a computer that sleeps."""
    keeps: bool = False
    """Whether it keeps what it got, as it came."""


@dataclass
class Seen:
    """What one viewer saw. Times are of the system's monotonic clock."""

    rows: int = 0
    wrong: list[str] = field(default_factory=list)
    """What was lost, came twice or out of order."""
    messages: list[tuple[float, int, int]] = field(default_factory=list)
    """When it came, its first and its last row."""
    kept: list[tuple[float, bytes]] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)
    closed_after: float = 0.0
    """Seconds from stalling until the server had closed."""
    stalled_bytes: int = 0
    """What the server had sent, or kept to be sent, while it stalled."""


class _Socket:
    """A websocket, as far as a viewer needs one."""

    def __init__(self, watch: Watch) -> None:
        self.watch = watch

    async def open(self, last: int) -> None:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.watch.port, limit=2**18)
        host = f"127.0.0.1:{self.watch.port}"
        path = self.watch.path + (f"?last_event_id={last}" if last else "")
        lines = [
            f"GET {path} HTTP/1.1",
            f"Host: {host}",
            f"Origin: http://{host}",
            f"Cookie: {self.watch.cookie}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
        ]
        self.writer.write("\r\n".join([*lines, "", ""]).encode())
        head = await self.reader.readuntil(b"\r\n\r\n")
        if b" 101 " not in head.partition(b"\r\n")[0] + b" ":
            raise ConnectionError(head)

    async def receive(self) -> tuple[int, bytes]:
        """The kind of the next frame and what is in it."""
        kind, size = await self.reader.readexactly(2)
        if size == _LARGE:
            size = int.from_bytes(await self.reader.readexactly(2))
        elif size == _HUGE:
            size = int.from_bytes(await self.reader.readexactly(8))
        return kind & 15, await self.reader.readexactly(size)

    def send(self, kind: int, content: bytes = b"") -> None:
        # Masked with zeros, which the standard allows.
        size = bytes([128 | len(content)]) if len(content) < _LARGE else b"\xfe" + len(content).to_bytes(2)
        self.writer.write(bytes([128 | kind]) + size + bytes(4) + content)

    def drop(self) -> None:
        self.writer.transport.abort()


class _Viewer:
    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        self.seen = Seen()
        self.leaves = list(watch.leaves)
        self.stalled = not watch.stalls

    async def run(self) -> Seen:
        while self.seen.rows < self.watch.rows:
            socket = _Socket(self.watch)
            try:
                await socket.open(self.seen.rows)
                await self._follow(socket)
            except (OSError, asyncio.IncompleteReadError):
                self.seen.codes.append(1006)
            finally:
                if hasattr(socket, "writer"):
                    socket.drop()
            await asyncio.sleep(random.uniform(0, AGAIN_SECONDS))
        return self.seen

    async def _follow(self, socket: _Socket) -> None:
        rows = size = 0
        acknowledged = time.monotonic()
        while self.seen.rows < self.watch.rows:
            kind, content = await socket.receive()
            if kind == _CLOSE:
                self.seen.codes.append(int.from_bytes(content[:2]))
                return
            if kind == _PING:
                socket.send(_PONG, content)
            if kind != _TEXT or not (came := self._take(content)):
                continue
            rows, size = rows + came, size + len(content)
            now = time.monotonic()
            if rows >= ACK_ROWS or size >= ACK_SIZE or now - acknowledged > ACK_SECONDS:
                socket.send(_TEXT, b'{"ack": "%d"}' % self.seen.rows)
                rows, size, acknowledged = 0, 0, now
            if self.leaves and self.seen.rows >= self.leaves[0]:
                self.leaves.pop(0)
                return
            if not self.stalled:
                await self._stall(socket)

    def _take(self, content: bytes) -> int:
        """How many rows came."""
        now = time.monotonic()
        first, last, rows, in_order = _rows(content)
        if not rows:
            return 0
        if first != self.seen.rows + 1 or not in_order:
            self.seen.wrong.append(f"after {self.seen.rows} came {first} to {last}, {rows} rows")
        self.seen.rows = last
        self.seen.messages.append((now, first, last))
        if self.watch.keeps:
            self.seen.kept.append((now, content))
        return rows

    async def _stall(self, socket: _Socket) -> None:
        """Until the server has had enough, and what it had sent by then."""
        self.stalled = True
        began = time.monotonic()
        if not self.watch.pings:
            socket.writer.transport.pause_reading()  # type: ignore[attr-defined]
        watching = asyncio.create_task(self._until_closed(socket, began))
        if not self.watch.pings:
            await asyncio.sleep(self.watch.stalls)
            socket.writer.transport.resume_reading()  # type: ignore[attr-defined]
        try:
            await self._read_on(socket)
        finally:
            await watching

    async def _until_closed(self, socket: _Socket, began: float) -> None:
        port = socket.writer.get_extra_info("sockname")[1]
        while port in proc.clients(self.watch.port) and time.monotonic() < began + self.watch.stalls:
            await asyncio.sleep(0.5)
            if self.watch.pings:
                socket.send(_PING)
        self.seen.closed_after = time.monotonic() - began

    async def _read_on(self, socket: _Socket) -> None:
        while True:
            kind, content = await socket.receive()
            self.seen.stalled_bytes += len(content)
            if kind == _TEXT:
                self._take(content)
            if kind == _CLOSE:
                self.seen.codes.append(int.from_bytes(content[:2]))
                return


def _watch_all(watches: list[Watch]) -> list[Seen]:
    async def together() -> list[Seen]:
        return await asyncio.gather(*(_Viewer(watch).run() for watch in watches))

    return asyncio.run(together())


class Crowd:
    """Viewers in processes of their own."""

    def __init__(self, watches: list[Watch], processes: int = 2) -> None:
        self._pool = ProcessPoolExecutor(processes, mp_context=get_context("spawn"))
        self._parts: list[Future[list[Seen]]] = [
            self._pool.submit(_watch_all, watches[start::processes]) for start in range(processes)
        ]
        self._port, self._count = watches[0].port, len(watches)

    def wait_until_there(self, seconds: float = 60.0) -> None:
        """Until all of them are connected."""
        deadline = time.monotonic() + seconds
        while len(proc.clients(self._port)) < self._count:
            assert time.monotonic() < deadline, f"{len(proc.clients(self._port))} of {self._count} came"
            time.sleep(0.1)

    def result(self, seconds: float) -> list[Seen]:
        """What they saw, once all are done."""
        deadline = time.monotonic() + seconds
        try:
            return [seen for part in self._parts for seen in part.result(max(deadline - time.monotonic(), 0))]
        finally:
            for process in list(self._pool._processes.values()):
                process.kill()
            self._pool.shutdown(wait=False)
