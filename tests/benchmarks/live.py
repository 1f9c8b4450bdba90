"""One stream, many viewers: what reaches them, when, and what it costs the server."""

import threading
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests import faulty
from tests.benchmarks import bare, proc
from tests.benchmarks.viewers import Crowd, Seen, Watch
from tests.relay.sse_upstream import Cut, Execution
from tests.servers import Console, console, sent_cookie

PATH = "/ws/executions/live/logs/"
TICK_SECONDS = 0.01
PATIENCE = 120.0
STALL_SECONDS = 20.0


class Feed:
    """Adds rows to an execution at a rate; knows when each was sent."""

    def __init__(self, execution: Execution, rate: int, seconds: float) -> None:
        self.rows = int(rate * seconds)
        self.sent: list[float] = [0.0]
        """By row; rows count from 1."""
        self._execution, self._rate = execution, rate
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        began = time.monotonic()
        while (done := len(self.sent) - 1) < self.rows:
            now = time.monotonic()
            due = min(int((now - began) * self._rate), self.rows) - done
            if due > 0:
                self.sent += [now] * due
                self._execution.add(due)
            time.sleep(TICK_SECONDS)
        self._execution.finish()

    def start(self) -> None:
        self._thread.start()

    def wait(self) -> None:
        self._thread.join()


def percentiles(seen: list[Seen], sent: list[float]) -> dict[str, float]:
    """Of the way of every row to every viewer, in milliseconds."""
    counts: Counter[int] = Counter()
    for one in seen:
        for moment, first, last in one.messages:
            for row in range(first, last + 1):
                counts[int((moment - sent[row]) * 1000)] += 1
    total, passed, found = counts.total(), 0, {}
    wanted = {"p50 ms": 0.5, "p95 ms": 0.95, "p99 ms": 0.99}
    for milliseconds in sorted(counts):
        passed += counts[milliseconds]
        for name, part in list(wanted.items()):
            if passed >= part * total:
                found[name] = milliseconds
                del wanted[name]
    return found


def complete(seen: list[Seen], rows: int) -> dict[str, int]:
    """What went wrong for the viewers; all zeros if nothing did."""
    for wrong in [one.wrong for one in seen if one.wrong][:3]:
        print("wrong:", wrong[:3])
    return {
        "viewers with rows lost, twice or out of order": sum(bool(one.wrong) for one in seen),
        "viewers without all rows": sum(one.rows != rows for one in seen),
    }


def watches(served: Console, rows: int, viewers: int) -> list[Watch]:
    cookie = sent_cookie(served.sign_in("viewer"))
    return [Watch(served.port, PATH, cookie, rows, keeps=number == 0) for number in range(viewers)]


def fan_out(folder: Path, viewers: int, rate: int, seconds: float) -> dict[str, Any]:
    """The console's fan-out, and a bare one of the very same messages after it."""
    with faulty.running() as upstream, console(folder, upstream.url) as served:
        execution = Execution(upstream, "live")
        feed = Feed(execution, rate, seconds)
        crowd = Crowd(watches(served, feed.rows, viewers))
        crowd.wait_until_there()
        assert served.process
        pid = served.process.pid
        proc.wait_until_quiet(pid)  # they have shaken hands
        before = proc.cpu_seconds(pid)
        feed.start()
        feed.wait()
        seen = crowd.result(PATIENCE)
        cpu = proc.cpu_seconds(pid) - before
        left = time.monotonic()
        execution.wait_until_none_is_open()
        released = time.monotonic() - left
    kept = next(one.kept for one in seen if one.kept)
    bare_cpu, bare_seen = _bare(kept, feed.rows, viewers)
    return {
        "viewers": viewers,
        "rows a second": rate,
        "seconds": seconds,
        **complete(seen, feed.rows),
        **percentiles(seen, feed.sent),
        "upstream connections at once": execution.most_open,
        "upstream connections left after seconds": round(released, 1),
        "bytes a row": round(sum(len(content) for _, content in kept) / feed.rows),
        "messages a viewer": len(kept),
        "CPU seconds": round(cpu, 2),
        "CPU seconds, bare": round(bare_cpu, 2),
        "CPU ratio": round(cpu / bare_cpu, 2),
        **{f"bare: {name}": value for name, value in complete(bare_seen, feed.rows).items()},
    }


def _bare(messages: list[tuple[float, bytes]], rows: int, viewers: int) -> tuple[float, list[Seen]]:
    with bare.fan_out(messages, viewers) as (port, process):
        before = bare.cpu_of(process)
        crowd = Crowd([Watch(port, PATH, "", rows) for _ in range(viewers)])
        seen = crowd.result(PATIENCE + messages[-1][0] - messages[0][0])
        return bare.cpu_of(process) - before, seen


def stalled(folder: Path, viewers: int, rate: int, seconds: float, stalling: int) -> dict[str, Any]:
    """Some of the viewers stop reading, half of those go on sending pings; the others must not notice."""
    found: dict[str, Any] = {}
    for name, count in (("without", 0), ("with", stalling)):
        with faulty.running() as upstream, console(folder / name, upstream.url) as served:
            execution = Execution(upstream, "live")
            feed = Feed(execution, rate, seconds)
            planned = watches(served, feed.rows, viewers)
            for number in range(count):
                planned[number] = replace(planned[number], stalls=STALL_SECONDS, pings=number % 2 == 0)
            crowd = Crowd(planned)
            crowd.wait_until_there()
            feed.start()
            feed.wait()
            seen = crowd.result(PATIENCE)
        slow = [one for one in seen if one.stalled_bytes]
        others = [one for one in seen if not one.stalled_bytes]
        found[name] = {**complete(seen, feed.rows), **percentiles(others, feed.sent)}
        if count:
            found["closed after seconds, at most"] = round(max(one.closed_after or 999 for one in slow), 1)
            found["bytes sent to a stalled viewer, at most"] = max(one.stalled_bytes for one in slow)
            found["their close codes"] = sorted({one.codes[0] for one in slow})
            found["stalled"] = len(slow)
    found["p99 ratio"] = round(found["with"]["p99 ms"] / found["without"]["p99 ms"], 2)
    return found


def faults(
    folder: Path, *, viewers: int, rate: int, seconds: float, cuts: int, leaves: int, restarts: int
) -> dict[str, Any]:
    """Cuts upstream and of viewers, and a server that stops in order and by a crash, in turns."""
    kinds = ("line", "event", "reset", "order")
    rows = int(rate * seconds)
    planned = [
        Cut(rows * number // (cuts + 1), kinds[number % 4], again=number % 3 * 20)  # type: ignore[arg-type]
        for number in range(1, cuts + 1)
    ]
    with faulty.running() as upstream, console(folder, upstream.url) as served:
        execution = Execution(upstream, "live", cuts=planned)
        feed = Feed(execution, rate, seconds)
        those = watches(served, rows, viewers)
        for number in range(leaves):
            one = those[number % viewers]
            place = rows * (number + 1) // (leaves + 1)
            those[number % viewers] = replace(one, leaves=(*one.leaves, place))
        crowd = Crowd(those)
        crowd.wait_until_there()
        feed.start()
        ready: list[float] = []
        for number in range(2 * restarts):
            time.sleep(seconds / (2 * restarts + 1))
            if number % 2:
                served.kill()
            else:
                served.stop()
            served.start()
            ready.append(time.monotonic())
        feed.wait()
        seen = crowd.result(PATIENCE)
    return {
        **complete(seen, rows),
        "rows": rows,
        "upstream cuts": cuts,
        "viewer cuts": leaves,
        "restarts": 2 * restarts,
        "upstream connections at once": execution.most_open,
        "caught up after seconds, at most": max(_caught_up(seen, feed.sent, moment) for moment in ready),
    }


def _caught_up(seen: list[Seen], sent: list[float], moment: float) -> float:
    """Seconds from a moment until every viewer had all the rows that were sent before it."""
    row = next((number for number in range(len(sent) - 1, 0, -1) if sent[number] <= moment), 0)
    last = max(next((at for at, _, last in one.messages if last >= row), moment) for one in seen)
    return round(last - moment, 1)


def idle(folder: Path, viewers: int) -> dict[str, Any]:
    """Memory of viewers to whom nothing is sent, and what is left when they have gone."""
    with faulty.running() as upstream, console(folder, upstream.url) as served:
        execution = Execution(upstream, "live")
        execution.add(1)
        assert served.process
        pid = served.process.pid
        warm = Crowd([replace(one, rows=1) for one in watches(served, 1, 20)])
        warm.result(PATIENCE)
        execution.wait_until_none_is_open()
        memory, files = proc.resident(pid), proc.open_files(pid)
        crowd = Crowd(watches(served, 2, viewers))
        crowd.wait_until_there()
        time.sleep(3)
        each = (proc.resident(pid) - memory) / viewers
        execution.add(1)
        crowd.result(PATIENCE)
        execution.wait_until_none_is_open()
        return {
            "viewers": viewers,
            "KB a viewer": round(each / 1024, 1),
            "files left open": proc.files_left(pid, files),
        }
