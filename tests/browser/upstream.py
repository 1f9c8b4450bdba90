"""An execution whose log lines and events a test writes: as pages and as streams, on a real socket."""

import json
import threading
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from tests.faulty import Faulty, Request, Step, head, reply
from tests.relay.sse_upstream import chunk, has_left

LOOK_SECONDS = 0.05
MOST_AT_ONCE = 500
"""Rows in one piece."""


@dataclass
class Written:
    """Rows are numbered from 1; row n says `line n` unless its words are given."""

    faulty: Faulty
    id: str = "exec-1"
    status: str = "RUNNING"
    run: str = ""
    """The id of its latest run, whose are the rows that are written now; without it, rows have none either."""
    rows: list[tuple[datetime, str]] = field(default_factory=list)
    runs: dict[int, str] = field(default_factory=dict)
    """Of the rows, by their numbers."""
    lost: set[int] = field(default_factory=set)
    """Ids after which a stream cannot be resumed any more."""
    unlisted: set[int] = field(default_factory=set)
    """Rows that only streams have yet."""
    open_now: int = 0
    ended: datetime | None = None

    def __post_init__(self) -> None:
        self._change = threading.Condition()
        path = f"/v1/workflows/executions/{quote(self.id, safe='')}"
        self.faulty.on(lambda request: reply(self._execution()), path=path)
        self.faulty.on(lambda request: reply(self._page(dict(request.query))), path=f"{path}/logs")
        self.faulty.on(lambda request: reply(self._list(dict(request.query))), path="/v1/workflows/events/list")
        self.faulty.on(self._stream, path=f"{path}/logs/stream")  # type: ignore[arg-type]
        self.faulty.on(self._stream, path=f"{path}/stream")  # type: ignore[arg-type]
        if self.run:
            self.faulty.on(lambda request: reply(self._execution()), path=f"/v1/workflows/runs/{self.run}")

    def write(self, count: int = 1, *, every: float = 0.0, ago: float = 0.0, words: str = "") -> None:
        """Rows, so many seconds apart, the last of them now, or so many seconds ago."""
        now = datetime.now(UTC) - timedelta(seconds=ago)
        with self._change:
            for left in range(count - 1, -1, -1):
                self.rows.append((now - timedelta(seconds=every * left), words or f"line {len(self.rows) + 1}"))
                self.runs[len(self.rows)] = self.run
            self._change.notify_all()

    def finish(self, status: str = "COMPLETED", ended: datetime | None = None) -> None:
        with self._change:
            self.status, self.ended = status, ended or datetime.now(UTC)
            self._change.notify_all()

    def begin(self, run: str) -> None:
        """Another run."""
        with self._change:
            before = self._execution()
            self.faulty.on(reply(before), path=f"/v1/workflows/runs/{self.run}")
            self.faulty.on(lambda request: reply(self._execution()), path=f"/v1/workflows/runs/{run}")
            self.status, self.ended, self.run = "RUNNING", None, run
            self._change.notify_all()

    def wait_until_open(self, count: int) -> None:
        """Until so many streams are open."""
        with self._change:
            assert self._change.wait_for(lambda: self.open_now == count, 15), f"{self.open_now} streams are open"

    def _execution(self) -> dict[str, Any]:
        found = {"execution_id": self.id, "workflow_name": "export", "status": self.status}
        return found | {"run_id": self.run or None, "end_time": self.ended.isoformat() if self.ended else None}

    def record(self, number: int) -> dict[str, Any]:
        moment, words = self.rows[number - 1]
        return {"timestamp": moment.isoformat(), "severity_text": "INFO", "body": words}

    def event(self, number: int) -> dict[str, Any]:
        moment, words = self.rows[number - 1]
        return {
            "event_id": f"event-{number}",
            "event_timestamp": int(moment.timestamp() * 1e9),
            "event_type": "ACTIVITY_TASK_COMPLETED",
            "workflow_name": words,
        }

    def _page(self, query: dict[str, str]) -> dict[str, Any]:
        """As the API pages them: a cursor remembers the range and the order."""
        window = json.loads(query["cursor"]) if "cursor" in query else query
        times = [moment for moment, _ in self.rows]
        first, end = 0, len(times)
        if "after" in window:
            first = bisect_left(times, datetime.fromisoformat(window["after"]))
        if "before" in window:
            end = bisect_left(times, datetime.fromisoformat(window["before"]))
        all_runs = range(max(first, window.get("first", 0)) + 1, min(end, window.get("end", end)) + 1)
        numbers = [number for number in all_runs if self._is_of(window, number) and number not in self.unlisted]
        if window.get("order") == "desc":
            found, left = numbers[:-101:-1], numbers[:-100]
            going_on: dict[str, Any] = {"end": left[-1]} if left else {}
        else:
            found, left = numbers[:100], numbers[100:]
            going_on = {"first": left[0] - 1} if left else {}
        kept = {name: window[name] for name in ("after", "before", "order", "run_id") if name in window}
        cursor = json.dumps(kept | going_on) if going_on else None
        return {"results": [self.record(number) for number in found], "next_cursor": cursor}

    def _is_of(self, query: dict[str, Any], number: int) -> bool:
        """Whether the row is of the run that is asked for."""
        return not self.run or "run_id" not in query or self.runs[number] == query["run_id"]

    def _list(self, query: dict[str, str]) -> dict[str, Any]:
        first, limit = int(query.get("cursor", 0)), int(query["limit"])
        numbers = range(first + 1, min(first + limit, len(self.rows)) + 1)
        more = numbers[-1] < len(self.rows) if numbers else False
        return {
            "events": [self.event(number) for number in numbers],
            "next_cursor": str(numbers[-1]) if more else None,
        }

    def _stream(self, request: Request) -> Iterator[Step]:
        query = dict(request.query)
        last = query.get("last_event_id") or request.header("Last-Event-ID")
        number = int(last or 0)
        if number in self.lost:
            yield from reply({"detail": "Too old."}, 422)
            return
        if "after" in query and not last:
            number = bisect_left([moment for moment, _ in self.rows], datetime.fromisoformat(query["after"]))
        with self._change:
            self.open_now += 1
            self._change.notify_all()
        try:
            yield head(headers={"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"})
            yield chunk(b": connected\n\n")
            yield from self._rows_after(number, request)
        finally:
            with self._change:
                self.open_now -= 1
                self._change.notify_all()

    def _rows_after(self, number: int, request: Request) -> Iterator[Step]:
        socket = self.faulty.connections[request.connection].socket
        logs, query = request.path.endswith("/logs/stream"), dict(request.query)
        while not has_left(socket):
            with self._change:
                if len(self.rows) == number and self.status == "RUNNING":
                    self._change.wait(LOOK_SECONDS)
                ready = range(number + 1, min(number + MOST_AT_ONCE, len(self.rows)) + 1)
                over = (
                    self.status != "RUNNING" or (self.run and query.get("run_id", self.run) != self.run)
                ) and not ready
            if over:
                yield b"0\r\n\r\n"
                return
            if ready:
                wanted = [self._message(one, logs) for one in ready if self._is_of(query, one)]
                yield chunk(b"".join(wanted) or b": none\n\n")
                number = ready[-1]

    def _message(self, number: int, logs: bool) -> bytes:
        data = self.record(number) if logs else {"broker_sequence": number, "data": self.event(number)}
        return f"id: {number}\nevent: {'log' if logs else 'event'}\ndata: {json.dumps(data)}\n\n".encode()
