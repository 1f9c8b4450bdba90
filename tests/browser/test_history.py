"""A long history in the browser: a window of rows at a time, what is inside a row, ranges of time, and what is new."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import DESKTOP
from tests.executions import canned
from tests.faulty import Faulty, reply
from tests.servers import Console

LONG = 30_000
HISTORY = f"{canned.RUNS}/{canned.RUN}/history"
ADDRESS = f"/executions/{canned.ID}/history/"
SHOWN = "rows => rows.map((row) => Number(row.id.slice('event-'.length)))"


@pytest.fixture
def page(browser: Browser, served: Console, api: Faulty) -> Iterator[Page]:
    """A viewer's; the run has ended, with 500 timers in its history."""
    canned.healthy(api, status="COMPLETED", end_time="2026-01-31T14:20:00Z")
    timers(api, 500)
    context = browser.new_context(base_url=served.url, storage_state=served.state(), viewport=DESKTOP)
    made = context.new_page()
    yield made
    context.close()


def timers(api: Faulty, count: int, *more: Any) -> None:
    """One started each second from five past two on."""
    events = [
        canned.event(number, "TIMER_STARTED", timerId=f"t-{number}")
        | {"eventTime": f"2026-01-31T14:{5 + number // 60:02}:{number % 60:02}Z"}
        for number in range(1, count + 1)
    ]
    api.on(reply({"events": [*events, *more]}), path=HISTORY)


def rows(page: Page) -> list[int]:
    return page.locator(".history-rows > .row").evaluate_all(SHOWN)


def scroll(page: Page, *, down: bool) -> None:
    """To the last or the first row, until more have come there."""
    with page.expect_response(lambda answer: "part=rows" in answer.url, timeout=LONG):
        page.evaluate("down => scrollTo(0, down ? document.documentElement.scrollHeight : 0)", down)
    page.wait_for_function("() => !document.querySelector('.htmx-request, .htmx-settling, .htmx-swapping')")


@pytest.mark.slow
def test_rows_come_as_one_scrolls_and_the_page_keeps_three_hundred(page: Page) -> None:
    page.goto(ADDRESS)
    assert rows(page) == list(range(1, 51))
    for last in (110, 170, 230, 290, 350, 410, 470, 500):
        scroll(page, down=True)
        page.wait_for_function("last => document.querySelector(`#event-${last}`)", arg=last)
        assert rows(page) == list(range(max(1, last - 299), last + 1))
    scroll(page, down=False)
    page.wait_for_function("() => document.querySelector('#event-141')")
    assert rows(page) == list(range(141, 441))


def test_rows_that_come_in_above_move_nothing(page: Page) -> None:
    page.goto(f"{ADDRESS}?event=250")
    chosen = page.locator("#event-250")
    expect(chosen.locator("pre")).to_contain_text('"timerId": "t-250"')
    page.evaluate("() => document.querySelector('#event-245').scrollIntoView()")
    where = "() => document.querySelector('#event-250').getBoundingClientRect().top"
    before = page.evaluate(where)
    page.wait_for_function("() => document.querySelector('#event-190')")
    assert abs(page.evaluate(where) - before) <= 1


def test_a_row_says_what_is_inside_once_it_is_opened(page: Page, api: Faulty) -> None:
    # A run that nobody has looked at yet: that of one that is over is asked for once.
    canned.healthy(api, status="FAILED", run_id=canned.OTHER_RUN)
    failure = {"message": "429 rate limited", "stackTrace": "at extract"}
    events = [
        canned.event(501, "ACTIVITY_TASK_SCHEDULED", activityType={"name": "extract"}, input={"payloads": [{"n": 1}]}),
        canned.event(502, "ACTIVITY_TASK_STARTED", scheduledEventId="501", attempt=3),
        canned.event(503, "ACTIVITY_TASK_FAILED", scheduledEventId="501", startedEventId="502", failure=failure),
    ]
    api.on(reply({"events": events}), path=f"{canned.RUNS}/{canned.OTHER_RUN}/history")
    page.goto(f"{ADDRESS}?order=desc")
    row = page.locator("#event-501")
    expect(row.locator("summary")).to_contain_text("429 rate limited")
    expect(row.locator("summary")).to_contain_text("×3")
    assert row.locator("pre").count() == 0
    row.locator("summary").click()
    expect(row.locator("pre", has_text='"n": 1')).to_be_visible()
    expect(row).to_contain_text("failed, at attempt 3 after 2.00 s")
    expect(row).to_contain_text("at extract")
    row.get_by_role("link", name="Only extract").click()
    expect(page).to_have_url(re.compile("name=extract"))
    assert rows(page) == [501]


def test_a_drag_over_the_time_axis_chooses_a_range(page: Page) -> None:
    page.goto(f"{ADDRESS}?view=timeline")
    drag(page, page.get_by_role("img", name="Time axis"))
    # From a fifth to two fifths of 899 seconds: timers that have no end go on, but not those that begin later.
    assert rows(page) == list(range(1, 51))
    expect(page.locator("[data-whole-time]")).to_be_visible()
    expect(page.locator("#history-count")).to_have_text(re.compile(r"(359|360|361) of 500 steps"))
    page.goto(page.url.replace("view=timeline", "view=all"))
    assert abs(rows(page)[0] - 181) <= 2
    expect(page.locator("#history-count")).to_have_text(re.compile(r"(179|180|181|182) of 500 events"))


def test_a_drag_over_the_strip_does_on_every_tab(page: Page) -> None:
    page.goto(f"/executions/{canned.ID}/")
    drag(page, page.get_by_role("slider", name="Time strip"))
    expect(page.locator(".strip-chosen")).to_be_visible()
    page.get_by_role("link", name="History", exact=True).click()
    expect(page.locator("#history-count")).to_have_text(re.compile(r"(359|360|361) of 500 steps"))
    page.locator("[data-whole-time]").click()
    page.wait_for_url(lambda url: "after=" not in url)
    expect(page.locator("#history-count")).to_have_text("500 steps")


def drag(page: Page, axis: Locator) -> None:
    """From a fifth to two fifths of it."""
    box = axis.bounding_box()
    assert box
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.2, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.4, middle, steps=5)
    page.mouse.up()
    page.wait_for_url("**after=*")


@pytest.mark.slow
def test_what_is_new_comes_in_and_what_changed_stays_open(page: Page, api: Faulty) -> None:
    canned.healthy(api, status="RUNNING")
    timers(api, 150)
    page.goto(ADDRESS)
    assert rows(page)[0] == 150
    # Whoever gets its link sees it in this order, also when the run is over.
    page.wait_for_url("**/history/?order=desc")
    first = page.locator("#event-150")
    first.locator("summary").click()
    expect(first.locator("pre")).to_contain_text("t-150")
    timers(api, 150, canned.event(151, "TIMER_FIRED", timerId="t-150", startedEventId="150"), *_new())
    expect(page.locator("#event-152")).to_be_visible(timeout=LONG)
    assert rows(page)[:2] == [152, 150]
    expect(first.locator("summary")).to_contain_text("fired")
    expect(first.locator("details")).to_have_attribute("open", "")
    expect(first).to_contain_text("TimerFired")
    expect(page.locator("#history-count")).to_have_text("151 steps")


def _new() -> list[Any]:
    return [canned.event(152, "WORKFLOW_EXECUTION_SIGNALED", signalName="approve")]


def test_the_address_names_the_row_that_was_opened_last(page: Page) -> None:
    page.goto(ADDRESS)
    for number in (3, 5):
        page.locator(f"#event-{number} summary").click()
        page.wait_for_url(f"**/history/?event={number}")
    expect(page.locator(".history-rows > .selected")).to_have_id("event-5")
    expect(page.locator("#history-views a").nth(2)).to_have_attribute("href", "?view=timeline&event=5")
    page.reload()
    opened = page.locator(".history-rows details[open]")
    expect(opened).to_have_id("history-5")
    expect(opened).to_contain_text("t-5")
    opened.locator("summary").focus()
    page.keyboard.press("Escape")
    page.wait_for_url("**/history/")
