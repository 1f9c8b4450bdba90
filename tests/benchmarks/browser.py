"""What a real browser makes of a live page: a row's way from upstream to the screen, and how long it holds up the page."""

import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from tests import faulty
from tests.browser.upstream import Written
from tests.servers import PASSWORD, Console, console

ROWS_SENT, PAUSE_SECONDS = 100, 0.15
"""One by one, so that what is measured is one row and not a batch."""
FLOOD = 100_000
WATCH = """
window.seen = []; window.long = []; window.got = 0
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.long.push(entry.duration)
}).observe({ type: "longtask" })
document.addEventListener("live:items", (event) => { window.got += event.detail.length })
document.addEventListener("DOMContentLoaded", () => {
  const list = document.querySelector("[data-live-rows]")
  if (!list) return
  // A row is seen once the frame that it is in has been drawn.
  new MutationObserver((changes) => {
    const rows = changes.flatMap((change) => [...change.addedNodes])
    requestAnimationFrame(() => setTimeout(() => {
      const now = performance.timeOrigin + performance.now()
      for (const row of rows) {
        const sent = /sent (\\d+)/.exec(row.querySelector("summary").textContent)
        if (sent) window.seen.push(now - Number(sent[1]) / 1e6)
      }
    }))
  }).observe(list, { childList: true })
})
"""


@contextmanager
def live_page(kind: str = "logs", query: str = "") -> Iterator[tuple[Page, Written]]:
    """A viewer's page of an execution that the caller writes; it holds 100 rows and follows."""
    with tempfile.TemporaryDirectory() as folder, faulty.running() as upstream:
        written = Written(upstream)
        written.write(100, every=0.001)
        with console(Path(folder), upstream.url) as served, sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"),
                args=["--disable-background-networking", *(["--no-sandbox"] if os.geteuid() == 0 else [])],
            )
            page = _sign_in(browser.new_page(base_url=served.url, viewport={"width": 1440, "height": 900}), served)
            page.add_init_script(WATCH)
            page.goto(f"/executions/{written.id}/{kind}/{query}")
            page.locator("[data-live-state][data-state=live]").wait_for()
            yield page, written
            browser.close()


def _sign_in(page: Page, served: Console) -> Page:
    page.goto(f"{served.url}/accounts/login/?next=/executions/none/")
    page.get_by_label("Name").fill("viewer")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.locator(".problem").wait_for()
    return page


def received(page: Page, count: int) -> None:
    page.wait_for_function("count => window.got >= count", arg=count, timeout=120_000)


def measure_latency(rows_before: int) -> dict[str, Any]:
    """Milliseconds from upstream's send to the row on the screen, on a page that has received so many rows."""
    with live_page() as (page, written):
        if rows_before > len(written.rows):
            missing = rows_before - len(written.rows)
            written.write(missing, every=0.00001)
            received(page, missing)
        page.wait_for_timeout(3000)
        page.evaluate("window.long.length = 0")
        for _ in range(ROWS_SENT):
            written.write(words=f"sent {time.time_ns()}")
            time.sleep(PAUSE_SECONDS)
        page.wait_for_function("count => window.seen.length >= count", arg=ROWS_SENT)
        times, long = sorted(page.evaluate("window.seen")), page.evaluate("window.long")
        return {
            "rows before": rows_before,
            "median": round(statistics.median(times), 1),
            "p95": round(times[int(len(times) * 0.95)], 1),
            "longest task": round(max(long, default=0)) or "under 50",
        }


def measure_flood(rows: int = FLOOD) -> dict[str, Any]:
    """A page that receives so many lines at full speed: its tasks over 50 ms, and its memory."""
    with live_page() as (page, written):
        session = page.context.new_cdp_session(page)
        page.evaluate("window.long.length = 0")
        memory = []
        begun = time.monotonic()
        written.write(rows, every=0.00001)
        while page.evaluate("window.got") < rows:
            page.wait_for_timeout(1000)
            session.send("HeapProfiler.collectGarbage")
            memory.append(page.evaluate("performance.memory.usedJSHeapSize") / 1e6)
        took = time.monotonic() - begun
        page.wait_for_timeout(3000)
        long = page.evaluate("window.long")
        return {
            "rows": rows,
            "rows a second": round(rows / took),
            "rows in the page": page.locator("[data-live-rows] > li").count(),
            "tasks over 50 ms": len(long),
            "longest task": round(max(long, default=0)) or "under 50",
            "megabytes": [round(one, 1) for one in (memory[0], max(memory), memory[-1])],
        }
