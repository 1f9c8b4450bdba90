"""How long pages take on the server, one request after the other."""

import statistics
import time
from pathlib import Path
from typing import Any

from tests import faulty
from tests.benchmarks import canned
from tests.faulty import reply
from tests.servers import console

REQUESTS = 40
_BASE = "/v1/workflows"


def figures(times: list[float]) -> dict[str, float]:
    """Of times in seconds: in milliseconds."""
    ordered = sorted(moment * 1000 for moment in times)
    return {
        "median ms": round(statistics.median(ordered), 2),
        "p95 ms": round(ordered[int(len(ordered) * 0.95)], 2),
        "p99 ms": round(ordered[int(len(ordered) * 0.99)], 2),
    }


def set_up(upstream: faulty.Faulty) -> None:
    """An execution with a history of 1,000 events and 100 log lines, in a list of 50."""
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


ADDRESSES = {
    "list of 50 runs": "/executions/",
    "overview": f"/executions/{canned.EXECUTION}/",
    "history of 1,000 events": f"/executions/{canned.EXECUTION}/history/",
    "100 log lines": f"/executions/{canned.EXECUTION}/logs/",
}


def pages(folder: Path) -> dict[str, Any]:
    """Each page; `ratio` compares it with `/healthz`, the least that a request costs here."""
    found: dict[str, Any] = {}
    with faulty.running() as upstream, console(folder, upstream.url) as served:
        set_up(upstream)
        client = served.sign_in("viewer")
        for name, address in {"floor": "/healthz", **ADDRESSES}.items():
            times, size = [], 0
            for _ in range(REQUESTS):
                begin = time.perf_counter()
                answer = client.get(address)
                times.append(time.perf_counter() - begin)
                size = len(answer.content)
                assert answer.status_code == 200, answer.text
            found[name] = figures(times) | {"bytes": size}
            found[name]["ratio"] = round(found[name]["median ms"] / found["floor"]["median ms"], 1)
    return found
