"""Histories of any size: when the first row is there, what the server and the page take, how quick a filter is."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
from playwright.sync_api import Page

from tests import faulty
from tests.benchmarks import canned, loading
from tests.benchmarks.browser import signed_in_page
from tests.benchmarks.meanwhile import cost, timed
from tests.benchmarks.pages import figures
from tests.faulty import reply
from tests.servers import Console, console

SIZES = (100, 1_000, 51_200)
_BASE = "/v1/workflows"
ROW = ".history-rows > .row"


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
    last = len(SIZES) - 1
    client = served.sign_in("viewer")
    client.get(address(0))
    untyped = min(timed(lambda: msgspec.json.decode(content)) for _ in range(3))
    direct = timed(lambda: httpx.get(f"{upstream.url}{_BASE}/runs/{_run(last)['run_id']}/history", trust_env=False))
    cold = timed(lambda: client.get(address(last)))
    others, grown = cost(served, lambda: client.get(address(last + 1)))
    return {
        "cold: seconds": round(cold, 2),
        "cold: the upstream’s own answer, seconds": round(direct, 2),
        "cold: an untyped decode, seconds": round(untyped, 2),
        "cold: more than the answer, in decodes": round((cold - direct) / untyped, 2),
        "cold: others’ p99 ms": others,
        "cold: memory at the peak, in the history’s sizes": round(grown / len(content), 2),
    }


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
        times.append(timed(lambda query=query: client.get(address(place, query)).raise_for_status()))
    return {f"a filter, a search, a jump: {name}": value for name, value in figures(times).items()}


def _in_the_browser(page: Page, served: Console, sizes: tuple[int, ...]) -> dict[str, Any]:
    loading.watch(page, ROW)
    last = len(sizes) - 1
    # All events, so that the smallest has as many rows to show.
    first = {size: loading.first_row(page, address(place, "view=all")) for place, size in enumerate(sizes)}
    found: dict[str, Any] = {f"first row at {size:,} events, ms": value for size, value in first.items()}
    found["first row, largest to smallest"] = round(first[sizes[-1]] / first[sizes[0]], 2)
    static, static_long = loading.of_a_static_page(page, served, address(last, "view=all"))
    found |= {
        "first row of a static page, ms": static,
        "first row to a static page’s": round(first[sizes[-1]] / static, 2),
        **loading.taken_afresh(page, address(last)),
    }
    found["tasks over 50 ms on opening, more than a static page’s"] = max(loading.long_tasks(page) - static_long, 0)
    loading.forget(page)
    _scroll(page)
    found |= loading.weight(page)
    _search(page)
    found["tasks over 50 ms after"] = loading.long_tasks(page)
    page.goto(address(last))
    return found | {"rows above the fold": loading.above_the_fold(page, ROW)}


def _scroll(page: Page) -> None:
    """Through more windows of rows than the page holds."""
    page.mouse.move(700, 500)
    for _ in range(12):
        with page.expect_response(lambda answer: "part=rows" in answer.url):
            page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
        page.wait_for_timeout(200)


def _search(page: Page) -> None:
    """Open a row, and look for two texts."""
    with page.expect_response(lambda answer: "part=event" in answer.url):
        page.locator(f"{ROW} summary").last.click()
    page.wait_for_timeout(200)
    for text in ("doc-4000", "rate limited"):
        with page.expect_response(lambda answer: "&q=" in answer.url or "?q=" in answer.url):
            page.locator("#find").fill(text)
        page.wait_for_timeout(200)
