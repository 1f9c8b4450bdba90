"""A live page in a real browser: a row's way from upstream to the screen, and how long it holds up the page."""

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from tests import faulty
from tests.browser.upstream import Written
from tests.chromium import LAUNCH
from tests.servers import PASSWORD, Console, console

ROWS_SENT, PAUSE_SECONDS = 60, 0.1
"""One by one, so that what is measured is one row and not a batch."""
FIRST_ROWS = 100
PATIENCE_MS = 300_000
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
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(**LAUNCH)


def sign_in(page: Page) -> None:
    """As a viewer, to a page that asks the API for little."""
    page.goto("/accounts/login/?next=/executions/none/")
    page.get_by_label("Name").fill("viewer")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.locator(".problem").wait_for()


@contextmanager
def signed_in_page(served: Console) -> Iterator[Page]:
    """A viewer's page, 1440 by 900."""
    with chromium() as browser:
        page = browser.new_page(base_url=served.url, viewport={"width": 1440, "height": 900})
        sign_in(page)
        yield page
        browser.close()


@contextmanager
def live_page(folder: Path, kind: str = "logs") -> Iterator[tuple[Page, Written]]:
    """A viewer's page of an execution that the caller writes; it has its first rows, and follows."""
    with faulty.running() as upstream:
        written = Written(upstream)
        written.write(FIRST_ROWS, every=0.001)
        with console(folder, upstream.url) as served, signed_in_page(served) as page:
            page.add_init_script(WATCH)
            page.goto(f"/executions/{written.id}/{kind}/")
            page.locator("[data-live-state][data-state=live]").wait_for()
            yield page, written


def latency(folder: Path, rows: int) -> dict[str, Any]:
    """From upstream's send to the row on the screen, on a new page and after so many rows: of lines, and of events."""
    found: dict[str, Any] = {}
    for kind in ("logs", "events"):
        with live_page(folder / kind, kind) as (page, written):
            # To the end at which rows come in.
            page.evaluate("down => scrollTo(0, down ? document.documentElement.scrollHeight : 0)", kind == "events")
            found[f"{kind} at {FIRST_ROWS} rows"] = _one_by_one(page, written)
            before = page.evaluate("window.got")
            missing = rows - len(written.rows)
            written.write(missing, every=0.00001)
            page.wait_for_function("count => window.got >= count", arg=before + missing, timeout=PATIENCE_MS)
            found[f"{kind} at {rows:,} rows"] = _one_by_one(page, written)
    return found


def _one_by_one(page: Page, written: Written) -> dict[str, float]:
    # What came before has its place: nothing waits.
    page.wait_for_function("() => document.querySelector('[data-live-new]').hidden", timeout=PATIENCE_MS)
    page.wait_for_timeout(2000)
    page.evaluate("window.long.length = window.seen.length = 0")
    for _ in range(ROWS_SENT):
        written.write(words=f"sent {time.time_ns()}")
        time.sleep(PAUSE_SECONDS)
    page.wait_for_function("count => window.seen.length >= count", arg=ROWS_SENT)
    times = sorted(page.evaluate("window.seen"))
    return {
        "median ms": round(statistics.median(times), 1),
        "p95 ms": round(times[int(len(times) * 0.95)], 1),
        **_tasks(page),
    }


def _tasks(page: Page) -> dict[str, float]:
    """Browsers count tasks of more than 50 ms only: 0 means that there was none."""
    long = page.evaluate("window.long")
    return {"tasks over 50 ms": len(long), "longest task ms": round(max(long, default=0))}


def flood(folder: Path, rows: int) -> dict[str, Any]:
    """A page that receives so many lines at full speed: its tasks, and its memory in between."""
    with live_page(folder) as (page, written):
        session = page.context.new_cdp_session(page)
        before = page.evaluate("window.got")
        page.evaluate("window.long.length = 0")
        memory: list[float] = []
        began = time.monotonic()
        written.write(rows, every=0.00001)
        while page.evaluate("window.got") < before + rows:
            page.wait_for_timeout(1000)
            memory.append(_heap(session))
        took = time.monotonic() - began
        page.wait_for_timeout(3000)
        third = len(memory) // 3
        return {
            "rows": rows,
            "rows a second": round(rows / took),
            "rows in the page": page.locator("[data-live-rows] > li").count(),
            **_tasks(page),
            "JS heap, MB": memory,
            # The least of each: what is in use, with little garbage.
            "growth from the first third to the last, MB": round(min(memory[-third:]) - min(memory[:third]), 1),
        }


def _heap(session: CDPSession) -> float:
    """Megabytes, with what has not been collected yet: collecting it would be a long task of its own."""
    return round(session.send("Runtime.getHeapUsage")["usedSize"] / 1e6, 1)
