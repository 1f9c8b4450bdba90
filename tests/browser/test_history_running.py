"""A history that grows while somebody reads in the middle of it: rows come in, none moves, is lost or comes twice."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import DESKTOP
from tests.executions import canned
from tests.faulty import Faulty, reply
from tests.servers import Console

pytestmark = pytest.mark.slow
LONG = 30_000
ADDRESS = f"/executions/{canned.ID}/history/"
SHOWN = "rows => rows.map((row) => Number(row.id.slice('event-'.length)))"
TOP = "(id) => document.getElementById(id)?.getBoundingClientRect().top"
QUIET = "() => !document.querySelector('.htmx-request, .htmx-settling, .htmx-swapping')"
HEIGHT = DESKTOP["height"]
AT_ITS_END = """([last, down]) => {
  scrollTo(0, down ? document.documentElement.scrollHeight : 0);
  return document.getElementById(`event-${last}`) && document.getElementById("history-end");
}"""


class Growing:
    """A run's history, one timer a second, and the page of somebody who reads it."""

    def __init__(self, page: Page, api: Faulty, order: str) -> None:
        self.page, self.api, self.order = page, api, order
        # The console keeps a history for a second: another test's must not be taken for this one's.
        self.run_id = str(uuid4())
        canned.healthy(api, status="RUNNING", run_id=self.run_id)
        self.events: list[dict[str, Any]] = []
        self.write(250)

    def write(self, count: int, *more: Any) -> int:
        """So many more events. Returns the last one's id."""
        first = len(self.events) + 1
        for number in range(first, first + count):
            made = canned.event(number, "TIMER_STARTED", timerId=f"t-{number}")
            self.events.append(made | {"eventTime": f"2026-01-31T14:{number // 60:02}:{number % 60:02}Z"})
        self.events += more
        self.api.on(reply({"events": self.events}), path=f"{canned.RUNS}/{self.run_id}/history")
        return len(self.events)

    def fire(self, number: int) -> int:
        """A timer that was started long ago, which changes its row. Returns the event's id."""
        fired = canned.event(len(self.events) + 1, "TIMER_FIRED", timerId=f"t-{number}", startedEventId=str(number))
        return self.write(0, fired)

    def rows(self) -> list[int]:
        found: list[int] = self.page.locator(".history-rows > .row").evaluate_all(SHOWN)
        return found

    def in_order(self, first: int, last: int) -> list[int]:
        """The rows of these events, as the page has them: one that ends a timer has none of its own."""
        ends = {int(one["eventId"]) for one in self.events if "timerFiredEventAttributes" in one}
        found = [number for number in range(first, last + 1) if number not in ends]
        return found if self.order == "asc" else found[::-1]

    def check(self) -> list[int]:
        """The rows: strictly in order, each once, and none missing between the first and the last."""
        found = self.rows()
        assert found == self.in_order(min(found), max(found))
        return found

    def settle(self) -> None:
        self.page.wait_for_function(QUIET)

    def scroll_to(self, event_id: int) -> None:
        """Into the middle of the window, as far as rows have to be brought for that."""
        row = self.page.locator(f"#event-{event_id}")
        while not row.count():
            with self.page.expect_response(lambda answer: "part=rows" in answer.url, timeout=LONG):
                edge = "[...document.querySelectorAll('[data-edge]')].at(-1)"
                self.page.evaluate(f"() => {edge}.scrollIntoView()")
            self.settle()
        row.evaluate("row => row.scrollIntoView({ block: 'center' })")
        self.settle()

    def top(self, event_id: int) -> float:
        found: float = self.page.evaluate(TOP, f"event-{event_id}")
        return found


@pytest.fixture(params=["desc", "asc"])
def growing(request: pytest.FixtureRequest, browser: Browser, served: Console, api: Faulty) -> Iterator[Growing]:
    context = browser.new_context(base_url=served.url, storage_state=served.state(), viewport=DESKTOP)
    page = context.new_page()
    made = Growing(page, api, request.param)
    page.goto(f"{ADDRESS}?order={request.param}")
    yield made
    context.close()


def test_who_reads_in_the_middle_keeps_the_place_while_rows_come_in(growing: Growing) -> None:
    read = 160 if growing.order == "desc" else 90
    growing.scroll_to(read)
    where = growing.top(read)
    assert 0.2 * HEIGHT < where < 0.8 * HEIGHT
    count = growing.page.locator("#history-count")
    if growing.order == "asc":
        # All up to the end, where rows come in; then back to where one reads.
        growing.scroll_to(250)
        growing.scroll_to(read)
        where = growing.top(read)
    for size in (1, 20, 5):
        last = growing.write(size)
        growing.page.wait_for_selector(f"#event-{last}", state="attached", timeout=LONG)
        growing.settle()
        assert abs(growing.top(read) - where) <= 1
        assert last in growing.check()
    # The row that one looks at changes, in its place.
    growing.fire(read)
    expect(growing.page.locator(f"#event-{read} summary")).to_contain_text("fired", timeout=LONG)
    growing.settle()
    assert abs(growing.top(read) - where) <= 1
    expect(count).to_have_text("276 steps")
    growing.check()


def test_more_than_a_page_holds_come_in_while_one_scrolls(growing: Growing) -> None:
    """Rows go at the other end, but not those that are read; on the way back they are all there again."""
    growing.scroll_to(200)
    seen: set[int] = set()
    for step in range(6):
        last = growing.write(40)
        way = -1 if step % 3 == 2 else 1
        for _ in range(4):
            growing.page.mouse.wheel(0, way * HEIGHT * 0.7)
            growing.settle()
            seen |= set(growing.check())
        growing.page.wait_for_function(
            "last => document.querySelector(`#event-${last}`) || !document.querySelector('#history-end')",
            arg=last,
            timeout=LONG,
        )
        growing.settle()
        assert len(growing.check()) <= 300 + 200
    last = len(growing.events)
    growing.page.wait_for_function(AT_ITS_END, arg=[last, growing.order == "asc"], timeout=LONG)
    growing.settle()
    found = growing.check()
    assert found[0 if growing.order == "desc" else -1] == last
    assert {*seen, *found} <= {*range(1, last + 1)}
    # From here on it follows again.
    following = growing.write(1)
    growing.page.wait_for_selector(f"#event-{following}", state="attached", timeout=LONG)
    growing.check()
