"""A page as it loads in a browser: when its first row is there, what that took, and what held it up."""

import re
import statistics
import threading
from contextlib import suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from playwright.sync_api import Page

from tests.servers import ROOT, Console

LOADS = 7
_WATCH = """
window.long = []
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.long.push(entry.duration)
}).observe({ type: "longtask", buffered: true })
const look = () => {
  // A row that is there but has no size is not seen yet.
  if (document.querySelector("SELECTOR")?.getBoundingClientRect().height) {
    requestAnimationFrame(() => setTimeout(() => { window.first = performance.now() }))
  } else requestAnimationFrame(look)
}
look()
"""
_TAKEN = """() => ["navigation", "resource"].flatMap((kind) => performance.getEntriesByType(kind))
  .filter((one) => one.startTime < window.first).map((one) => one.transferSize)"""


def watch(page: Page, row: str) -> None:
    """From the next page on: see when the first row is there, and each task of over 50 ms."""
    page.add_init_script(_WATCH.replace("SELECTOR", row))


def first_row(page: Page, where: str, loads: int = LOADS) -> float:
    """Milliseconds from the start of the navigation; the median."""
    times = []
    for _ in range(loads):
        page.goto(where, wait_until="commit")
        page.wait_for_function("() => window.first > 0", timeout=60_000)
        times.append(page.evaluate("window.first"))
        page.wait_for_load_state()
    return round(statistics.median(times), 1)


def taken(page: Page) -> dict[str, float]:
    """What was asked for before the first row was there."""
    answers = page.evaluate(_TAKEN)
    return {"requests to the first row": len(answers), "KB to the first row": round(sum(answers) / 1000, 1)}


def taken_afresh(page: Page, where: str) -> dict[str, float]:
    """The same, of a page of which the browser has nothing yet."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    first_row(page, where, 1)
    found = taken(page)
    session.send("Network.setCacheDisabled", {"cacheDisabled": False})
    return found


def long_tasks(page: Page) -> int:
    """Since the page began, or since `forget`."""
    page.wait_for_timeout(300)
    return int(page.evaluate("window.long.filter((one) => one > 50).length"))


def forget(page: Page) -> None:
    """The tasks of opening the page."""
    page.wait_for_timeout(300)
    page.evaluate("window.long.length = 0")


def weight(page: Page) -> dict[str, float]:
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    return {
        "nodes": page.evaluate("document.querySelectorAll('*').length"),
        "heap, MB": round(session.send("Runtime.getHeapUsage")["usedSize"] / 1e6, 1),
    }


def above_the_fold(page: Page, row: str) -> int:
    found = "rows => rows.filter((row) => row.getBoundingClientRect().bottom <= innerHeight).length"
    return int(page.locator(row).evaluate_all(found))


def of_a_static_page(page: Page, served: Console, where: str) -> tuple[float, int]:
    """The first row and the long tasks of the same page as a file, with its styles and scripts beside it."""
    content = served.sign_in("viewer").get(where).text
    folder = served.folder / "static-page"
    folder.mkdir()
    (folder / "index.html").write_text(re.sub(r' (hx-get|hx-trigger|data-poll)="[^"]*"', "", content))
    (folder / "static").symlink_to(ROOT / "staticfiles")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        time = first_row(page, f"http://127.0.0.1:{server.server_address[1]}/")
        return time, long_tasks(page)
    finally:
        server.shutdown()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None: ...

    def copyfile(self, source: Any, outputfile: Any) -> None:
        with suppress(ConnectionError):  # the next load began
            super().copyfile(source, outputfile)
