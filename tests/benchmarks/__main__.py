"""`make bench`: how long pages take on the server, and how long a live line takes from upstream to a browser's socket.

Times are in milliseconds. `ratio` compares a page with `/healthz`, the least that a request costs here.
"""

import argparse
import asyncio
import json
import re
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from websockets.asyncio.client import connect

from tests import faulty
from tests.benchmarks import canned
from tests.faulty import reply
from tests.servers import Console, console, sent_cookie

REQUESTS = 40
VIEWERS, LINES, LINES_A_SECOND = 50, 1_500, 300
_BASE = "/v1/workflows"
_SENT = re.compile(r">(\d{19})<")


def figures(times: list[float]) -> dict[str, float]:
    ordered = sorted(times)
    return {
        "median": round(statistics.median(ordered), 2),
        "p95": round(ordered[int(len(ordered) * 0.95)], 2),
        "p99": round(ordered[int(len(ordered) * 0.99)], 2),
    }


def set_up(upstream: faulty.Faulty, start: threading.Event) -> None:
    one = f"{_BASE}/executions/{canned.EXECUTION}"
    run = reply(canned.execution())
    history = reply(canned.history(1_000))
    logs = reply({"results": [canned.log_record(number) for number in range(100)], "next_cursor": None})
    upstream.on(run, path=one)
    upstream.on(run, path=f"{_BASE}/runs/{canned.RUN}")
    upstream.on(history, path=f"{_BASE}/runs/{canned.RUN}/history")
    upstream.on(logs, path=f"{one}/logs")
    listed = {"executions": [canned.execution(number) for number in range(50)], "next_page_token": None}
    upstream.on(reply(listed), path=f"{_BASE}/runs")
    upstream.on(canned.lines(LINES, LINES_A_SECOND, start), path=f"{one}/logs/stream")


def pages(served: Console) -> dict[str, Any]:
    """Each page, one request after the other."""
    addresses = {
        "floor": "/healthz",
        "list of 50 runs": "/executions/",
        "overview": f"/executions/{canned.EXECUTION}/",
        "history of 1,000 events": f"/executions/{canned.EXECUTION}/history/",
        "100 log lines": f"/executions/{canned.EXECUTION}/logs/",
    }
    found: dict[str, Any] = {}
    client = served.sign_in("viewer")
    for name, address in addresses.items():
        times, size = [], 0
        for _ in range(REQUESTS):
            begin = time.perf_counter()
            answer = client.get(address)
            times.append((time.perf_counter() - begin) * 1000)
            size = len(answer.content)
            assert answer.status_code == 200, answer.text
        found[name] = figures(times) | {"bytes": size}
        found[name]["ratio"] = round(found[name]["median"] / found["floor"]["median"], 1)
    return found


async def watch(served: Console, cookie: str) -> tuple[list[float], list[str]]:
    """One viewer: each line's way in milliseconds, and the ids in the order they came."""
    times: list[float] = []
    ids: list[str] = []
    address = served.url.replace("http", "ws") + f"/ws/executions/{canned.EXECUTION}/logs/"
    headers = {"Cookie": cookie}
    async with connect(address, origin=served.url, additional_headers=headers, max_size=None) as socket:  # type: ignore[arg-type]
        while len(ids) < LINES:
            message = json.loads(await socket.recv())
            now = time.time_ns()
            if message["type"] != "items":
                continue
            for item in message["items"]:
                ids.append(item["id"])
                sent = _SENT.search(item["html"])
                assert sent, item
                times.append((now - int(sent[1])) / 1e6)
            await socket.send(json.dumps({"ack": ids[-1]}))
    return times, ids


async def live(served: Console, start: threading.Event) -> dict[str, Any]:
    """All viewers of one stream; what was lost or came twice fails the run."""
    session = sent_cookie(served.sign_in("viewer"))
    viewers = [asyncio.create_task(watch(served, session)) for _ in range(VIEWERS)]
    await asyncio.sleep(3)
    start.set()
    found = await asyncio.gather(*viewers)
    expected = [str(number) for number in range(1, LINES + 1)]
    assert all(ids == expected for _, ids in found), "lines were lost, came twice or out of order"
    every = [moment for times, _ in found for moment in times]
    return {"viewers": VIEWERS, "lines": LINES, "lines a second": LINES_A_SECOND, **figures(every)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True, help="the file that the figures go to")
    output = parser.parse_args().output
    start = threading.Event()
    with tempfile.TemporaryDirectory() as folder, faulty.running() as upstream:
        set_up(upstream, start)
        with console(Path(folder), upstream.url) as served:
            found = {"pages": pages(served), "live": asyncio.run(live(served, start))}
        connections = sum(request.path.endswith("/logs/stream") for request in upstream.requests)
        found["live"]["upstream connections"] = connections
    output.write_text(json.dumps(found, indent=2) + "\n")
    print(output.read_text())


if __name__ == "__main__":
    main()
