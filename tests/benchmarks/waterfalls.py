"""Traces of any size: when the first span is there, what the page takes, how quick opening and searching are."""

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
from tests.executions.services.trace_shapes import large
from tests.faulty import reply
from tests.servers import Console, console

SIZES = {100: 10, 10_000: 200}
"""Spans, and their levels."""
ROW = ".span-row"
_BASE = "/v1/workflows/executions"


@contextmanager
def _served(folder: Path, contents: list[bytes]) -> Iterator[tuple[faulty.Faulty, Console]]:
    """A console on an upstream with an execution that is over for each of these traces."""
    with faulty.running() as upstream, console(folder, upstream.url, DEMO="0") as served:
        for place, content in enumerate(contents):
            found = canned.execution(place, "COMPLETED") | {"end_time": "2026-01-31T15:00:00Z"}
            upstream.on(reply(found), path=f"{_BASE}/inv-{place}")
            whole = msgspec.json.encode(found)[:-1] + b',"span_tree":' + content + b"}"
            upstream.on(reply(whole), path=f"{_BASE}/inv-{place}/trace/summary")
            info = found | {"otel_trace_id": "0af7651916cd43dd8448eb211c80319c", "has_trace_data": True}
            upstream.on(reply(info), path=f"{_BASE}/inv-{place}/trace/info")
        yield upstream, served


def address(place: int, query: str = "") -> str:
    return f"/executions/inv-{place}/trace/?{query}"


def waterfalls(folder: Path) -> dict[str, Any]:
    contents = [msgspec.json.encode(large(count, levels)) for count, levels in SIZES.items()]
    # The largest once more: the first look at it happens once.
    contents.append(contents[-1])
    with _served(folder, contents) as (upstream, served):
        found = {"spans": max(SIZES), "MB": round(len(contents[-1]) / 1e6, 1), **_cold(upstream, served, contents[-1])}
        found |= _warm(served)
        with signed_in_page(served) as page:
            return found | _in_the_browser(page, served)


def _cold(upstream: faulty.Faulty, served: Console, content: bytes) -> dict[str, Any]:
    client = served.sign_in("viewer")
    client.get(address(0))
    untyped = min(timed(lambda: msgspec.json.decode(content)) for _ in range(3))
    direct = timed(lambda: httpx.get(f"{upstream.url}{_BASE}/inv-1/trace/summary", trust_env=False))
    cold = timed(lambda: client.get(address(1)))
    others, grown = cost(served, lambda: client.get(address(2)))
    return {
        "cold: seconds": round(cold, 2),
        "cold: an untyped decode, seconds": round(untyped, 2),
        "cold: more than the answer, in decodes": round((cold - direct) / untyped, 2),
        "cold: others’ p99 ms": others,
        "cold: memory at the peak, MB": round(grown / 1e6, 1),
    }


def _warm(served: Console) -> dict[str, Any]:
    """Searches for something else each time, a span's pane, and all spans for the script."""
    client, times = served.sign_in("viewer"), []
    ids = client.get(address(1, "part=spans")).json()["id"]
    queries = [
        *(f"part=found&q={word}" for word in ("timeouterror", "mistral", "read", "book 7", "run", "nothing-has-this")),
        *(f"part=span&span={ids[place]}" for place in range(0, len(ids), 500)),
        *(f"span={ids[place]}" for place in range(0, len(ids), 1_000)),
        *["part=spans"] * 5,
    ]
    for query in queries:
        times.append(timed(lambda query=query: client.get(address(1, query)).raise_for_status()))
    return {f"a search, a span, a jump: {name}": value for name, value in figures(times).items()}


def _in_the_browser(page: Page, served: Console) -> dict[str, Any]:
    loading.watch(page, ROW)
    first = {size: loading.first_row(page, address(place)) for place, size in enumerate(SIZES)}
    found: dict[str, Any] = {f"first span of {size:,}, ms": value for size, value in first.items()}
    found["first span, largest to smallest"] = round(first[max(SIZES)] / first[min(SIZES)], 2)
    static, static_long = loading.of_a_static_page(page, served, address(1))
    found |= {
        "first span of a static page, ms": static,
        "first span to a static page’s": round(first[max(SIZES)] / static, 2),
        **loading.taken_afresh(page, address(1)),
    }
    page.locator("[data-waterfall][data-ready]").wait_for()
    found["tasks over 50 ms on opening, more than a static page’s"] = max(loading.long_tasks(page) - static_long, 0)
    loading.forget(page)
    _use(page)
    return found | {
        "tasks over 50 ms after": loading.long_tasks(page),
        **loading.weight(page),
        "rows above the fold": loading.above_the_fold(page, ROW),
    }


def _use(page: Page) -> None:
    """Walk, close and open all, search, go from match to match, zoom, scroll, and open a span's pane."""
    page.locator("[data-span-tree]").focus()
    page.keyboard.press("End")
    page.get_by_role("button", name="Collapse all").click()
    page.get_by_role("button", name="Expand all").click()
    page.locator("#find").fill("timeouterror")
    page.wait_for_function("() => /^[0-9,]+ match/.test(document.querySelector('[data-span-count]').textContent)")
    for _ in range(5):
        page.locator("#find").press("Enter")
    for _ in range(3):
        page.get_by_role("button", name="Zoom in").click()
    page.locator("[data-span-zoom=reset]").click()
    for share in range(10):
        page.evaluate(f"scrollTo(0, document.documentElement.scrollHeight * {share} / 10)")
        page.wait_for_timeout(100)
    page.evaluate("scrollTo(0, 0)")
    page.locator(ROW).nth(5).click()
    page.locator("#span-pane h2").first.wait_for()
