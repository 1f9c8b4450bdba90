"""Rows that arrive live, in a real browser, through the faults of real life: nothing lost, nothing twice."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.upstream import Written
from tests.faulty import Faulty
from tests.servers import Console

LONG = 30_000
MOST_ROWS = 1000
SHOWN = {"logs": ".log-rows > li .body", "events": ".event-rows > li"}
NUMBERS = """
kind => [...document.querySelectorAll("[data-live-rows] > li")].map(
  (row) => Number((kind === "logs" ? /line (\\d+)/ : /event-(\\d+)/).exec(
    kind === "logs" ? row.querySelector("summary").textContent : row.dataset.row)[1]))
"""
AWAY = """away => {
  window.Socket ??= WebSocket
  window.WebSocket = !away ? Socket : class extends Socket {
    constructor() { super(`${location.origin.replace("http", "ws")}/ws/none/`) }
  }
}"""
"""A network that is away holds requests back, and not every socket."""
_ids = itertools.count(1)


@pytest.fixture
def written(api: Faulty) -> Iterator[Written]:
    """An execution of the test's own, without rows."""
    made = Written(api, id=f"exec-{next(_ids)}")
    yield made
    made.finish()


@pytest.fixture
def page(browser: Browser, served: Console) -> Iterator[Page]:
    """A viewer's page. What goes wrong in its scripts fails the test."""
    complaints: list[str] = []
    context = browser.new_context(
        base_url=served.url, storage_state=served.state(), viewport={"width": 1440, "height": 900}
    )
    made = context.new_page()
    made.on("pageerror", lambda error: complaints.append(str(error)))
    yield made
    context.close()
    assert complaints == []


def _open(page: Page, written: Written, kind: str = "logs", query: str = "", state: str = "live") -> None:
    page.goto(f"/executions/{written.id}/{kind}/{query}")
    expect(page.locator("[data-live-state]")).to_have_attribute("data-state", state, timeout=LONG)


def _numbers(page: Page, kind: str = "logs") -> list[int]:
    """The numbers of the rows in the page, in their order there."""
    found: list[int] = page.evaluate(NUMBERS, kind)
    return found


def _wait_for(page: Page, number: int, kind: str = "logs") -> None:
    """Until that row is in the page."""
    page.wait_for_function(f"([kind, number]) => ({NUMBERS})(kind).includes(number)", arg=[kind, number], timeout=LONG)


def _down(first: int, last: int) -> list[int]:
    return list(range(first, last - 1, -1))


def _bodies(page: Page) -> list[str]:
    return page.locator(".log-rows > li .body").all_inner_texts()


def _extent(page: Page) -> dict[str, int | bool]:
    found: dict[str, int | bool] = page.evaluate(
        "import('/static/js/live.js').then((live) => live.liveOf(document.querySelector('[data-live]')).extent())"
    )
    return found


def _go(page: Page, way: str) -> int:
    """Ask for one page more at an end, as the search in the page does; how many rows came."""
    found: int = page.evaluate(
        "way => import('/static/js/live.js').then((live) => live.liveOf(document.querySelector('[data-live]'))[way]())",
        way,
    )
    return found


@pytest.mark.slow
@pytest.mark.parametrize("order", ["desc", "asc"])
def test_a_flood_leaves_the_newest_rows_and_nothing_between_them_is_missing(
    page: Page, written: Written, order: str
) -> None:
    written.write(20, every=0.001)
    _open(page, written, query=f"?order={order}")
    written.write(5000, every=0.00001)
    _wait_for(page, 5020)
    expect(page.locator("[data-live-new]")).to_be_hidden()
    page.wait_for_function("() => document.querySelectorAll('.log-rows > li').length === 1000", timeout=LONG)
    newest_first = _down(5020, 5020 - MOST_ROWS + 1)
    assert _numbers(page) == (newest_first if order == "desc" else newest_first[::-1])
    at_edge = (
        "scrollY === 0" if order == "desc" else "innerHeight + scrollY >= document.documentElement.scrollHeight - 1"
    )
    assert page.evaluate(at_edge)


@pytest.mark.parametrize("kind", ["logs", "events"])
@pytest.mark.slow
def test_back_to_the_first_row_and_forward_to_the_newest(page: Page, written: Written, kind: str) -> None:
    written.write(50, every=0.001)
    _open(page, written, kind, "?order=asc" if kind == "logs" else "")
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    written.write(4450, every=0.00001)
    _wait_for(page, 4500, kind)
    page.wait_for_function("() => document.querySelectorAll('[data-live-rows] > li').length === 1000", timeout=LONG)
    seen = []
    while not _extent(page)["atStart"]:
        assert _go(page, "older") > 0
        shown = _numbers(page, kind)
        assert len(shown) <= MOST_ROWS
        assert shown == list(range(shown[0], shown[-1] + 1))
        seen.append(shown[0])
    assert seen[-1] == 1
    assert len(seen) >= 10
    # What came meanwhile waits, and is counted; it is not shown behind a gap.
    written.write(2)
    expect(page.locator("[data-live-new]")).to_have_text(
        "2 new lines" if kind == "logs" else "2 new events", timeout=LONG
    )
    assert shown[-1] < 4500
    while not _extent(page)["atEnd"]:
        assert _go(page, "newer") > 0
        shown = _numbers(page, kind)
        assert shown == list(range(shown[0], shown[-1] + 1))
    assert shown[-1] == 4502
    # What went and was fetched again counts once.
    assert _extent(page)["fetched"] == 4502
    expect(page.locator("[data-live-new]")).to_be_hidden()


def test_more_lines_of_one_moment_than_a_page_holds(page: Page, written: Written) -> None:
    written.write(350)
    _open(page, written)
    written.write(1)
    _wait_for(page, 351)
    while not _extent(page)["atStart"]:
        _go(page, "older")
    assert _numbers(page) == _down(351, 1)


def test_a_reader_keeps_their_place(page: Page, written: Written) -> None:
    written.write(400, every=0.001)
    _open(page, written)
    page.evaluate("scrollTo(0, 500)")
    place = """() => {
      const row = document.elementFromPoint(300, 500).closest(".row")
      return `${row.dataset.row} ${row.getBoundingClientRect().top}`
    }"""
    before = page.evaluate(place)
    written.write(30, every=0.00001)
    new = page.locator("[data-live-new]")
    expect(new).to_have_text("30 new lines", timeout=LONG)
    # Towards the newest, page by page, and back: rows come in above and below.
    assert (_go(page, "newer"), _go(page, "older")) == (30, 100)
    expect(new).to_be_hidden()
    assert page.evaluate(place) == before
    written.write(1)
    expect(new).to_have_text("1 new line", timeout=LONG)
    new.press("Enter")
    _wait_for(page, 431)
    assert page.evaluate("scrollY") == 0
    # The button is gone: whoever came with the keyboard goes on at the newest row.
    expect(page.locator(".log-rows > li summary").first).to_be_focused()
    assert _numbers(page) == _down(431, 201)


def test_a_reader_who_leaves_the_newest_rows_a_little_is_not_taken_back(page: Page, written: Written) -> None:
    written.write(100, every=0.001)
    _open(page, written, query="?order=asc")
    page.mouse.move(700, 600)
    page.mouse.wheel(0, 100_000)
    written.write(1)
    _wait_for(page, 101)
    before = page.evaluate("scrollY")
    page.mouse.wheel(0, -40)
    page.wait_for_function("before => scrollY === before - 40", arg=before)
    written.write(30, every=0.001)
    new = page.locator("[data-live-new]")
    expect(new).to_have_text("30 new lines", timeout=LONG)
    assert (page.evaluate("scrollY"), _numbers(page)[-1]) == (before - 40, 101)
    page.mouse.wheel(0, 40)
    _wait_for(page, 131)
    # Nor is one whom a search takes elsewhere just before rows come: the browser tells of that only later.
    page.evaluate("""() => document.addEventListener("live:items", () => {
      document.querySelector(".log-rows > li").scrollIntoView()
    }, { once: true, capture: true })""")
    written.write(1)
    _wait_for(page, 132)
    assert page.evaluate("scrollY") < 300


def test_scrolling_fetches_what_is_older(page: Page, written: Written) -> None:
    written.write(320, every=0.001)
    _open(page, written)
    for first in (221, 121, 21, 1):
        assert page.locator("[data-live-edge=older]").is_visible()
        page.mouse.wheel(0, 100_000)
        _wait_for(page, first if first > 1 else 1)
    expect(page.locator("[data-live-edge=older]")).to_be_hidden()
    assert _numbers(page) == _down(320, 1)


def test_a_link_to_a_line_leads_on_to_the_newest(page: Page, written: Written) -> None:
    written.write(600, every=0.01, ago=60)
    _open(page, written)
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    _wait_for(page, 401)
    address = page.locator(".log-rows > li", has_text="line 450").get_attribute("data-row")
    page.goto(f"/executions/{written.id}/logs/?line={address}".replace("+", "%2B"))
    expect(page.locator(".log-rows > li.selected .body")).to_have_text("line 450")
    assert page.locator(".log-rows > li.selected").bounding_box()["y"] > 0  # type: ignore[index]
    written.write(1)
    expect(page.locator("[data-live-new]")).to_have_text("1 new line", timeout=LONG)
    while not _extent(page)["atEnd"]:
        assert _go(page, "newer") > 0
    shown = _numbers(page)
    assert shown == _down(601, shown[-1])
    assert shown[-1] <= 450 - 99


@pytest.mark.slow
def test_cuts_of_all_kinds_lose_nothing_and_bring_nothing_twice(page: Page, served: Console, written: Written) -> None:
    """A console that crashes, one that is restarted, and a network that is away, while lines are written."""
    written.write(20, every=0.001)
    _open(page, written)
    light = page.locator("[data-live-state]")
    for leave in (served.kill, served.stop):
        leave()
        expect(light).to_have_attribute("data-state", "reconnecting")
        written.write(100, every=0.001)
        # Until the network is back the page gets nowhere.
        page.context.set_offline(True)
        served.start()
        written.write(100, every=0.001)
        page.context.set_offline(False)
        expect(light).to_have_attribute("data-state", "live", timeout=LONG)
        written.write(100, every=0.001)
        _wait_for(page, len(written.rows))
        assert _numbers(page) == _down(len(written.rows), 1)


@pytest.fixture
def cut_off(page: Page, browser: Browser, served: Console, written: Written) -> Iterator[Callable[..., None]]:
    """`cut_off()`: when the page is back, upstream cannot go on after its last row; rows 61 to 360 come with no stream.

    If they are not `listed`, they come with no page either; then there is one more, which only the stream has."""
    others = []

    def cut(listed: bool = True) -> None:
        page.evaluate(AWAY, True)
        served.stop()
        page.context.set_offline(True)
        served.start()
        written.lost.add(60)
        written.write(300, every=0.001)
        # Another viewer's stream begins much later.
        others.append(browser.new_context(base_url=served.url, storage_state=served.state()))
        elsewhere = others[0].new_page()
        _open(elsewhere, written)
        if not listed:
            written.unlisted.update(range(61, 362))
            written.write(1)
            _wait_for(elsewhere, 361)
        page.evaluate(AWAY, False)
        page.context.set_offline(False)

    yield cut
    for other in others:
        other.close()


@pytest.mark.slow
@pytest.mark.parametrize("paused", [False, True])
def test_rows_that_cannot_be_replayed_are_fetched(
    page: Page, written: Written, cut_off: Callable[..., None], paused: bool
) -> None:
    written.write(60, every=0.001, ago=60)  # long before the other viewer's stream begins
    _open(page, written)
    if paused:
        page.get_by_role("button", name="Pause").click()
    cut_off()
    if paused:
        expect(page.locator("[data-live-gap=waiting]")).to_be_visible(timeout=LONG)
        assert _numbers(page) == _down(60, 1)
        page.get_by_role("button", name="Resume").click()
    expect(page.locator("[data-live-gap=mended]")).to_be_visible(timeout=LONG)
    assert _numbers(page) == _down(360, 1)
    written.write(1)
    _wait_for(page, 361)
    assert _numbers(page) == _down(361, 1)


@pytest.mark.slow
def test_rows_that_are_in_no_page_are_not_asked_for_without_end(
    page: Page, written: Written, cut_off: Callable[..., None]
) -> None:
    written.write(60, every=0.001, ago=60)  # long before the other viewer's stream begins
    _open(page, written)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/rows/" in request.url else None)
    cut_off(listed=False)
    expect(page.locator("[data-live-gap=failed]")).to_be_visible(timeout=LONG)
    _wait_for(page, 361)
    assert 1 <= len(asked) <= 10


def test_a_pause_keeps_what_comes_for_later(page: Page, written: Written) -> None:
    written.write(20, every=0.001)
    _open(page, written)
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("[data-live-state]")).to_have_text("paused")
    written.write(30, every=0.001)
    expect(page.locator("[data-live-new]")).to_have_text("30 new lines", timeout=LONG)
    assert _numbers(page) == _down(20, 1)
    page.get_by_role("button", name="Resume").click()
    _wait_for(page, 50)
    assert _numbers(page) == _down(50, 1)
    expect(page.locator("[data-live-state]")).to_have_text("live")


def _read(page: Page, source: str, ways: list[str]) -> list[Any]:
    """What a source of rows beyond the page's ends gives, asked from a page that has none."""
    found: list[Any] = page.evaluate(
        f"""async ways => {{
      const root = document.querySelector("[data-live]")
      const source = {source}
      const found = []
      for (const way of ways) {{
        const {{ entries, done }} = await source.read(way === "newer")
        found.push([entries.length, entries[0]?.key ?? "", entries.at(-1)?.key ?? "", done])
      }}
      return found
    }}""",
        ways,
    )
    return found


def test_the_list_of_events_is_read_once_from_its_start(page: Page, written: Written) -> None:
    """And a page without rows has where to begin."""
    written.write(350, every=0.001)
    _open(page, written, "events")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/rows/" in request.url else None)
    source = """new (await import("/static/js/live-replay.js")).EventPages(
      { dataset: { live: "/ws/none/", livePages: root.dataset.livePages } }, {}, { entries: [] })"""
    assert _read(page, source, ["newer"] * 4) == [
        [100, "event-1", "event-100", False],
        [100, "event-101", "event-200", False],
        [100, "event-201", "event-300", False],
        [50, "event-301", "event-350", True],
    ]
    assert len(asked) == len(set(asked)) > 0
    asked.clear()
    assert _read(page, source, ["older"] * 4) == [
        [100, "event-251", "event-350", False],
        [100, "event-151", "event-250", False],
        [100, "event-51", "event-150", False],
        [50, "event-1", "event-50", True],
    ]
    assert len(asked) == len(set(asked)) > 0


def test_large_rows_are_replayed_without_a_stall(page: Page, written: Written) -> None:
    """The server waits for an acknowledgement after so many characters, though there are few rows."""
    event = written.event
    written.event = lambda number: event(number) | {"attributes": {"text": "x" * 3000}}  # type: ignore[method-assign]
    written.write(400, every=0.001)
    _open(page, written, "events")
    assert page.evaluate("""async () => {
      const { replay } = await import("/static/js/replay.js")
      const { live } = document.querySelector("[data-live]").dataset
      const address = `${location.origin.replace("http", "ws")}${live}?`
      const { items, met } = await replay(address, "", ({ id }) => id === "400")
      return [items.length, met, items.reduce((size, item) => size + item.html.length, 0) > 1024 * 1024]
    }""") == [399, True, True]


def test_a_row_that_waits_may_be_older_than_the_newest_in_the_page(page: Page, written: Written) -> None:
    """Workers' clocks differ: it is met among the pages all the same."""
    written.write(1)
    _open(page, written)
    late, newest = "2026-01-31T10:00:00.000Z-late", "2026-01-31T10:00:01.000Z-newest"
    rows = [{"html": f'<li data-row="{key}"></li>'} for key in (late, newest)]

    def answer(route: Route) -> None:
        since = parse_qs(urlsplit(route.request.url).query)["from"][0]
        shown = rows if since <= late else rows[1:]
        route.fulfill(json={"items": shown, "fetched": len(shown), "next": None})

    page.route("**/logs/rows/**", answer)
    source = f"""new (await import("/static/js/live-pages.js")).LogPages(
      {{ dataset: {{ livePages: root.dataset.livePages }} }},
      {{ counts: new Map([["{newest}", 1]]), end: () => ({{ key: "{newest}" }}) }},
      {{ entries: [{{ key: "{late}" }}], counts: new Map([["{late}", 1]]), length: 1 }})"""
    assert _read(page, source, ["newer"]) == [[0, "", "", True]]


def _look_again(page: Page) -> None:
    """The top of the page asks for the execution's status, as it does every few seconds."""
    with page.expect_response(lambda response: "part=facts" in response.url):
        page.evaluate("htmx.trigger(document.body, 'seen')")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["logs", "events"])
def test_what_was_over_goes_on(page: Page, api: Faulty, kind: str) -> None:
    """Reset, or continued as new: the execution has another run, whose rows follow."""
    written = Written(api, id=f"exec-{next(_ids)}", run="00000000-0000-4000-8000-000000000001")
    written.write(20, every=0.001)
    _open(page, written, kind)
    written.finish()
    expect(page.locator("[data-live-state]")).to_have_attribute("data-state", "ended", timeout=LONG)
    _look_again(page)
    expect(page.locator("[data-live-state]")).to_have_attribute("data-state", "ended")
    written.begin("00000000-0000-4000-8000-000000000002")
    written.write(130, every=0.001)
    _look_again(page)
    expect(page.locator("[data-live-state]")).to_have_attribute("data-state", "live", timeout=LONG)
    _wait_for(page, 150, kind)
    assert _numbers(page, kind) == (_down(150, 1) if kind == "logs" else list(range(1, 151)))
    written.finish()
