"""Histories of any size: when the first row is there, what the server and the page take, how quick a filter is."""

import re
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import msgspec
from playwright.sync_api import Page

from tests import faulty
from tests.benchmarks import canned, proc
from tests.benchmarks.browser import signed_in_page
from tests.benchmarks.pages import figures
from tests.faulty import reply
from tests.servers import ROOT, Console, console

SIZES = (100, 1_000, 51_200)
LOADS = 7
_BASE = "/v1/workflows"
FIRST_ROW = """
window.long = []
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.long.push(entry.duration)
}).observe({ type: "longtask", buffered: true })
const look = () => {
  if (document.querySelector(".history-rows > .row")) {
    requestAnimationFrame(() => setTimeout(() => { window.first = performance.now() }))
  } else requestAnimationFrame(look)
}
look()
"""

UNTIL_FIRST = """() => ["navigation", "resource"].flatMap((kind) => performance.getEntriesByType(kind))
  .filter((one) => one.startTime < window.first).map((one) => one.transferSize)"""
"""The bytes of each answer asked for before the first row was there."""


def _run(place: int) -> dict[str, object]:
    run_id = f"{canned.RUN[:-2]}{place:02}"
    return {**canned.execution(place, "COMPLETED"), "run_id": run_id, "end_time": "2026-01-31T15:00:00Z"}


@contextmanager
def _served(folder: Path, contents: list[bytes]) -> Iterator[tuple[faulty.Faulty, Console]]:
    """A console on an upstream with a run that is over for each of these histories."""
    # As in production: files with a digest in their names, compressed.
    with faulty.running() as upstream, console(folder, upstream.url, DEMO="0") as served:
        for place, content in enumerate(contents):
            run = _run(place)
            upstream.on(reply(run), path=f"{_BASE}/executions/inv-{place}")
            upstream.on(reply(run), path=f"{_BASE}/runs/{run['run_id']}")
            upstream.on(reply(content), path=f"{_BASE}/runs/{run['run_id']}/history")
        yield upstream, served


def address(place: int, query: str = "") -> str:
    return f"/executions/inv-{place}/history/?{query}"


def _timed(call: Callable[[], Any]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def histories(folder: Path, sizes: tuple[int, ...] = SIZES) -> dict[str, Any]:
    """On the server; then in the browser, where the largest is with the server already."""
    contents = [canned.long_history(size) for size in sizes]
    # Twice the largest: the first look at it happens once.
    contents.append(contents[-1])
    with _served(folder, contents) as (upstream, served):
        found = {"events": sizes[-1], "MB": round(len(contents[-1]) / 1e6, 1), **_cold(upstream, served, contents[-1])}
        found |= _warm(served, len(sizes) - 1)
        with signed_in_page(served) as page:
            found |= _in_the_browser(page, served, sizes)
    return found


def _cold(upstream: faulty.Faulty, served: Console, content: bytes) -> dict[str, Any]:
    """The first look at the largest; and again, with others at other pages meanwhile."""
    assert served.process
    last = len(SIZES) - 1
    client, other = served.sign_in("viewer"), served.sign_in("operator")
    client.get(address(0))
    untyped = min(_timed(lambda: msgspec.json.decode(content)) for _ in range(3))
    direct = _timed(lambda: httpx.get(f"{upstream.url}{_BASE}/runs/{_run(last)['run_id']}/history", trust_env=False))
    cold = _timed(lambda: client.get(address(last)))
    done, memory, others = threading.Event(), [proc.resident(served.process.pid)], []
    threads = [
        threading.Thread(target=_watch, args=(served.process.pid, memory, done)),
        threading.Thread(target=_browse, args=(other, others, done)),
    ]
    for thread in threads:
        thread.start()
    client.get(address(last + 1))
    done.set()
    for thread in threads:
        thread.join()
    return {
        "cold: seconds": round(cold, 2),
        "cold: the upstream’s own answer, seconds": round(direct, 2),
        "cold: an untyped decode, seconds": round(untyped, 2),
        "cold: more than the answer, in decodes": round((cold - direct) / untyped, 2),
        "cold: others’ p99 ms": figures(others)["p99 ms"],
        "cold: memory at the peak, in the history’s sizes": round((max(memory) - memory[0]) / len(content), 2),
    }


def _watch(pid: int, memory: list[int], done: threading.Event) -> None:
    while not done.wait(0.01):
        memory.append(proc.resident(pid))


def _browse(client: httpx.Client, times: list[float], done: threading.Event) -> None:
    while not done.wait(0.005) or len(times) < 20:
        times.append(_timed(lambda: client.get("/healthz")))


def _warm(served: Console, place: int) -> dict[str, Any]:
    """Filters, searches for something else each time, jumps, orders and windows."""
    client, times = served.sign_in("viewer"), []
    queries = [
        *(f"q=doc-{number}" for number in range(100, 2_000, 100)),
        *(f"event={number}" for number in range(5_000, 50_000, 2_500)),
        *(f"part=rows&view=all&past={number}" for number in range(5_000, 50_000, 2_500)),
        *(
            "type=activity",
            "state=failed",
            "name=book",
            "q=rate+limited",
            "view=timeline",
            "view=all&type=task&order=desc",
        ),
    ]
    client.get(address(place, "q=warm"))
    for query in queries:
        times.append(_timed(lambda query=query: client.get(address(place, query)).raise_for_status()))
    return {f"a filter, a search, a jump: {name}": value for name, value in figures(times).items()}


def _in_the_browser(page: Page, served: Console, sizes: tuple[int, ...]) -> dict[str, Any]:
    page.add_init_script(FIRST_ROW)
    last = len(sizes) - 1
    # All events, so that the smallest has as many rows to show.
    first = {size: _first_row(page, address(place, "view=all")) for place, size in enumerate(sizes)}
    found = {f"first row at {size:,} events, ms": value for size, value in first.items()}
    found["first row, largest to smallest"] = round(first[sizes[-1]] / first[sizes[0]], 2)
    static, static_long = _of_a_static_page(page, served, address(last, "view=all"))
    found |= {
        "first row of a static page, ms": static,
        "first row to a static page’s": round(first[sizes[-1]] / static, 2),
    }
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    _first_row(page, address(last), 1)
    answers = page.evaluate(UNTIL_FIRST)
    found |= {"requests to the first row": len(answers), "KB to the first row": round(sum(answers) / 1000, 1)}
    session.send("Network.setCacheDisabled", {"cacheDisabled": False})
    found["tasks over 50 ms on opening, more than a static page’s"] = max(_long(page) - static_long, 0)
    page.evaluate("window.long.length = 0")
    _use(page)
    found |= {"tasks over 50 ms after": _long(page), "nodes": page.evaluate("document.querySelectorAll('*').length")}
    session.send("HeapProfiler.collectGarbage")
    found["heap, MB"] = round(session.send("Runtime.getHeapUsage")["usedSize"] / 1e6, 1)
    page.goto(address(last))
    rows = "rows => rows.filter((row) => row.getBoundingClientRect().bottom <= innerHeight).length"
    return found | {"rows above the fold": page.locator(".history-rows > .row").evaluate_all(rows)}


def _long(page: Page) -> int:
    page.wait_for_timeout(300)
    return page.evaluate("window.long.filter((one) => one > 50).length")


def _first_row(page: Page, where: str, loads: int = LOADS) -> float:
    """Milliseconds from the start of the navigation; the median."""
    times = []
    for _ in range(loads):
        page.goto(where)
        page.wait_for_function("() => window.first > 0")
        times.append(page.evaluate("window.first"))
    return round(statistics.median(times), 1)


def _of_a_static_page(page: Page, served: Console, where: str) -> tuple[float, int]:
    """The same page as a file, with its styles and scripts beside it."""
    content = served.sign_in("viewer").get(where).text
    folder = served.folder / "static-page"
    folder.mkdir()
    (folder / "index.html").write_text(re.sub(r' (hx-get|hx-trigger|data-poll)="[^"]*"', "", content))
    (folder / "static").symlink_to(ROOT / "staticfiles")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        time_ = _first_row(page, f"http://127.0.0.1:{server.server_address[1]}/")
        return time_, _long(page)
    finally:
        server.shutdown()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None: ...

    def copyfile(self, source: Any, outputfile: Any) -> None:
        with suppress(ConnectionError):  # the next load began
            super().copyfile(source, outputfile)


def _use(page: Page) -> None:
    """Scroll through some windows of rows, open one, filter, search and jump."""
    for _ in range(8):
        page.mouse.move(700, 500)
        with page.expect_response(lambda answer: "part=rows" in answer.url):
            page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
        page.wait_for_timeout(200)
    with page.expect_response(lambda answer: "part=event" in answer.url):
        page.locator(".history-rows > .row summary").last.click()
    page.wait_for_timeout(300)
