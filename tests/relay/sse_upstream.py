"""An execution whose streams bring numbered rows, on a real socket: cut as told, resumed by id, counted."""

import json
import select
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal
from urllib.parse import quote

from tests.faulty import CLOSE, RESET, Faulty, Request, Step, head, reply

FIRST_TIME = datetime(2026, 11, 24, 10, tzinfo=UTC)
LOOK_SECONDS = 0.05


@dataclass(frozen=True)
class Cut:
    """A connection ends after this row."""

    after: int
    how: Literal["order", "reset", "line", "event"] = "reset"
    """In order; by a reset; in the middle of the next row's line, or of its event."""
    again: int = 0
    """Rows that the next connection sends again."""


@dataclass
class Execution:
    """Rows 1, 2, … come with `add`; `finish` ends it."""

    faulty: Faulty
    id: str = "exec-1"
    status: str = "RUNNING"
    cuts: list[Cut] = field(default_factory=list)
    """In the order of their rows; each happens once."""
    rows: int = 0
    open_now: int = 0
    most_open: int = 0
    requests: list[Request] = field(default_factory=list)
    """Of the streams."""

    def __post_init__(self) -> None:
        self._change = threading.Condition()
        path = f"/v1/workflows/executions/{quote(self.id, safe='')}"
        self.faulty.on(lambda request: reply({"execution_id": self.id, "status": self.status}), path=path)
        self.faulty.on(self._stream, path=f"{path}/logs/stream")  # type: ignore[arg-type]
        self.faulty.on(self._stream, path=f"{path}/stream")  # type: ignore[arg-type]

    def add(self, count: int = 1) -> None:
        with self._change:
            self.rows += count
            self._change.notify_all()

    def finish(self, status: str = "COMPLETED") -> None:
        with self._change:
            self.status = status
            self._change.notify_all()

    @property
    def resumed_after(self) -> list[str | None]:
        return [request.header("Last-Event-ID") for request in self.requests]

    def wait_until_none_is_open(self) -> None:
        with self._change:
            assert self._change.wait_for(lambda: self.open_now == 0, 10), f"{self.open_now} connections are open"

    def _stream(self, request: Request) -> Iterator[Step]:
        with self._change:
            self.requests.append(request)
            self.open_now += 1
            self.most_open = max(self.most_open, self.open_now)
        try:
            yield from self._steps(request)
        finally:
            with self._change:
                self.open_now -= 1
                self._change.notify_all()

    def _steps(self, request: Request) -> Iterator[Step]:
        yield head(headers={"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"})
        yield chunk(b": connected\n\n")
        last = dict(request.query).get("last_event_id") or request.header("Last-Event-ID")
        number = int(last or 0)
        with self._change:
            done = [cut for cut in self.cuts if cut.after <= number]
        number -= done[-1].again if done else 0
        cut = next((cut for cut in self.cuts if cut not in done), None)
        while True:
            with self._change:
                if self.rows == number and self.status == "RUNNING":
                    self._change.wait(LOOK_SECONDS)
                ready = range(number + 1, min(self.rows, cut.after if cut else self.rows) + 1)
                over = self.status != "RUNNING" and self.rows == (ready[-1] if ready else number)
            if ready:
                # All that is ready goes out in one piece.
                yield chunk(b"".join(row(one, request.path) for one in ready))
                number = ready[-1]
            if cut and number == cut.after:
                yield from _cut(cut, row(number + 1, request.path))
                return
            if over:
                yield b"0\r\n\r\n"
                return
            if has_left(self.faulty.connections[request.connection].socket):
                return


def _cut(cut: Cut, following: bytes) -> Iterator[Step]:
    if cut.how == "order":
        yield b"0\r\n\r\n"
    elif cut.how == "reset":
        yield RESET
    else:
        # Up to a line's end, or into the middle of one.
        yield chunk(following[: following.index(b"\n", 20) + 1 if cut.how == "event" else 40])
        yield CLOSE


def chunk(content: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(content), content)


def has_left(client: socket.socket) -> bool:
    readable, _, _ = select.select([client], [], [], 0)
    return bool(readable) and client.recv(1, socket.MSG_PEEK) == b""


def row(number: int, path: str) -> bytes:
    """A row of the log stream, or of the event stream."""
    time = (FIRST_TIME + timedelta(seconds=number)).isoformat()
    record = {"timestamp": time, "severity_text": "INFO", "body": f"line {number}"}
    event = {
        "stream": "workflow-events",
        "timestamp": time,
        "broker_sequence": number,
        "data": {"event_id": f"event-{number}", "event_type": "ACTIVITY_TASK_COMPLETED"},
    }
    kind, data = ("log", record) if path.endswith("/logs/stream") else ("ACTIVITY_TASK_COMPLETED", event)
    return f"id: {number}\nevent: {kind}\ndata: {json.dumps(data)}\n\n".encode()
