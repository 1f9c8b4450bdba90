"""The bar above the rows of a history stays in sight, and its search looks as one types. And rows on a phone."""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import DESKTOP, PHONE
from tests.executions import canned
from tests.faulty import Faulty, reply
from tests.servers import Console

LONG = 30_000
RUN = canned.OTHER_RUN
ADDRESS = f"/executions/{canned.ID}/history/"
TOPS = """() => ["#history-found", ".history-bar", ".execution-head"].map((name) => {
  const { top, bottom } = document.querySelector(name).getBoundingClientRect();
  return { top: Math.round(top), bottom: Math.round(bottom) };
})"""
MARKED = """() => [...CSS.highlights.get("found")].map((one) =>
  one.startContainer.data.slice(one.startOffset, one.endOffset))"""
MARKED_INSIDE = """() => [...CSS.highlights.get("found")].some((one) =>
  one.startContainer.parentElement.tagName === "PRE")"""
UNCOVERED = """(row) => row.getBoundingClientRect().top >=
  document.querySelector(".history-bar").getBoundingClientRect().bottom - 1"""
WHOLE_ROWS = """() => [...document.querySelectorAll(".row")]
  .filter((row) => row.getBoundingClientRect().bottom <= innerHeight).length"""
TICKS = """() => [...document.querySelectorAll(".axis-ticks text")].map((one) => one.getBoundingClientRect())
  .filter((box) => box.width).map(({ left, right }) => [left, right])"""


@pytest.fixture
def page(browser: Browser, served: Console, api: Faulty) -> Iterator[Page]:
    """A viewer's; the run has ended, with sixty activities in its history, the last of which failed."""
    yield from opened(browser, served, api, DESKTOP)


@pytest.fixture
def phone(browser: Browser, served: Console, api: Faulty) -> Iterator[Page]:
    yield from opened(browser, served, api, PHONE)


def opened(browser: Browser, served: Console, api: Faulty, viewport: Any) -> Iterator[Page]:
    canned.healthy(api, status="FAILED", end_time="2026-01-31T14:20:00Z", run_id=RUN)
    api.on(reply({"events": list(activities())}), path=f"{canned.RUNS}/{RUN}/history")
    context = browser.new_context(base_url=served.url, storage_state=served.state(), viewport=viewport)
    made = context.new_page()
    yield made
    context.close()


def activities() -> Iterator[dict[str, Any]]:
    for number in range(1, 181, 3):
        at = str(number)
        given = {"payloads": [{"invoice": f"scan-{number:03}.pdf"}]}
        name = "check_totals" if number > 150 else "extract"
        yield canned.event(number, "ACTIVITY_TASK_SCHEDULED", activityType={"name": name}, input=given)
        yield canned.event(number + 1, "ACTIVITY_TASK_STARTED", scheduledEventId=at, attempt=3 if number == 178 else 1)
        if number < 178:
            yield canned.event(number + 2, "ACTIVITY_TASK_COMPLETED", scheduledEventId=at, result={"payloads": ["Ok"]})
        else:
            failure = {"message": "totals do not match"}
            yield canned.event(number + 2, "ACTIVITY_TASK_FAILED", scheduledEventId=at, failure=failure)


def scrolled(page: Page) -> list[dict[str, int]]:
    page.evaluate("() => scrollTo({ top: 600, behavior: 'instant' })")
    found: list[dict[str, int]] = page.evaluate(TOPS)
    return found


def test_the_bar_stays_below_the_head_and_covers_no_row_that_has_the_focus(page: Page) -> None:
    page.goto(ADDRESS)
    rows, bar, head = scrolled(page)
    assert (head["top"], bar["top"]) == (0, head["bottom"])
    assert rows["top"] < 0
    page.locator("#event-61 summary").evaluate("(row) => row.scrollIntoView({ block: 'start', behavior: 'instant' })")
    page.locator("#event-61 summary").focus()
    for _ in range(8):
        page.keyboard.press("k")
        assert page.locator(":focus").evaluate(UNCOVERED)


def test_it_knows_its_height_where_it_takes_two_lines(page: Page) -> None:
    page.set_viewport_size({"width": 920, "height": 800})
    page.goto(ADDRESS)
    page.wait_for_function(
        "() => getComputedStyle(document.documentElement).getPropertyValue('--bar').trim() !== '41px'"
    )
    _, bar, _ = scrolled(page)
    padding = "() => parseFloat(getComputedStyle(document.documentElement).scrollPaddingTop)"
    assert abs(page.evaluate(padding) - bar["bottom"]) <= 2
    assert bar["bottom"] - bar["top"] > 60


def test_a_search_looks_as_one_types_and_marks_what_it_finds(page: Page) -> None:
    page.goto(f"{ADDRESS}?view=all&type=activity")
    page.keyboard.press("f")
    page.keyboard.type("Check_T")
    expect(page.locator("#history-count")).to_have_text("30 of 180 events", timeout=LONG)
    assert page.url.endswith(f"{ADDRESS}?view=all&type=activity&q=Check_T")
    expect(page.locator("#find")).to_be_focused()
    page.wait_for_function("() => CSS.highlights.get('found')?.size > 0")
    assert set(page.evaluate(MARKED)) == {"check_t"}
    # What is only inside a row is marked once that is opened.
    page.keyboard.press("Control+A")
    page.keyboard.type("scan-160")
    expect(page.locator(".history-rows > .row")).to_have_count(1, timeout=LONG)
    page.keyboard.press("Escape")
    page.locator("#event-160 summary").click()
    expect(page.locator("#event-160 pre")).to_contain_text("scan-160.pdf")
    page.wait_for_function(MARKED_INSIDE)
    # Chips go on from what is looked for; a reload and the way back show the same.
    assert "q=scan-160" in (page.locator("#history-kinds a").first.get_attribute("href") or "")
    page.reload()
    expect(page.locator("#find")).to_have_value("scan-160")
    expect(page.locator(".history-rows > .row")).to_have_count(1)


def test_nothing_found_and_cleared_again(page: Page) -> None:
    page.goto(ADDRESS)
    page.locator("#find").fill("nowhere")
    expect(page.get_by_role("heading", name="No history event matches")).to_be_visible(timeout=LONG)
    page.locator("#find").fill("")
    expect(page.locator("#event-1")).to_be_visible(timeout=LONG)
    assert page.url.endswith(ADDRESS)
    assert page.evaluate("() => CSS.highlights.get('found').size") == 0


def test_json_rows_are_folded_and_each_can_be_copied_and_kept(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{ADDRESS}?view=json")
    assert page.evaluate(WHOLE_ROWS) >= 20
    row = page.locator("#event-3")
    expect(row.locator("summary")).to_contain_text('{"scheduledEventId":"1","result":{"payloads":["Ok"]}}')
    row.locator("summary").click()
    row.get_by_role("button", name="Copy JSON").click()
    expect(page.locator("[data-toast]")).to_have_text("Copied")
    copied = page.evaluate("() => navigator.clipboard.readText().then(JSON.parse)")
    assert copied == next(one for one in activities() if one["eventId"] == "3")
    with page.expect_download() as kept:
        row.get_by_role("link", name="Download JSON").click()
    assert kept.value.suggested_filename == f"history-{RUN}-event-3.json"
    page.get_by_role("link", name="all open").click()
    expect(page.locator("#event-6 pre")).to_be_visible()


def test_a_button_copies_the_text_that_follows_it(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{ADDRESS}?event=178")
    row = page.locator("#event-178")
    row.get_by_role("heading", name="Input").get_by_role("button").click()
    expect(page.locator("[data-toast]")).to_have_text("Copied")
    assert page.evaluate("() => navigator.clipboard.readText().then(JSON.parse)") == {"invoice": "scan-178.pdf"}


def test_a_phone_shows_outcome_attempts_and_error(phone: Page) -> None:
    phone.goto(f"{ADDRESS}?order=desc")
    row = phone.locator("#event-178 summary")
    for words in ("check_totals", "failed", "×3", "totals do not match"):
        expect(row.get_by_text(words).first).to_be_visible()
    box = row.bounding_box()
    assert box
    assert box["height"] <= 48
    _, bar, _ = scrolled(phone)
    # What chooses the view goes; the search, the count and what failed stay, and fit.
    assert (bar["top"] < 0, bar["bottom"] <= 72) == (True, True)
    for part in (phone.locator("#find"), phone.locator("#history-count"), phone.locator("#state-failed")):
        place = part.bounding_box()
        assert place
        assert (place["x"] >= 0, place["x"] + place["width"] <= PHONE["width"], place["y"] >= 0) == (True, True, True)
    expect(phone.get_by_role("link", name="first failure")).to_be_in_viewport(ratio=1)
    assert phone.evaluate("() => document.documentElement.scrollWidth") == PHONE["width"]


def test_a_phone_shows_the_whole_link_and_an_axis_that_can_be_read(phone: Page) -> None:
    phone.goto(f"{ADDRESS}?view=timeline")
    link = phone.locator("#copy-link").bounding_box()
    assert link
    assert link["x"] + link["width"] <= PHONE["width"]
    expect(phone.get_by_role("button", name="Copy link").first).to_be_visible()
    places = phone.evaluate(TICKS)
    assert len(places) >= 2
    assert all(one[1] <= other[0] for one, other in pairwise(places))


@pytest.mark.slow
def test_the_row_of_an_activity_that_is_tried_again_says_so(page: Page, api: Faulty) -> None:
    canned.healthy(api)
    about = {"task_id": "1", "activity_name": "extract_invoice", "failure": {"message": "429 rate limited"}}

    def fail(times: int) -> None:
        failed = canned.EVENT | {"event_type": "ACTIVITY_TASK_FAILED", "attributes": about}
        moments = [{"event_timestamp": (1_769_868_306 + number) * 10**9} for number in range(times)]
        api.on(reply({"events": [failed | one for one in moments], "next_cursor": None}), path=canned.EVENTS)

    fail(3)
    page.goto(ADDRESS)
    row = page.locator("#event-5 summary")
    expect(row.locator(".outcome")).to_have_text("retrying ×3", timeout=LONG)
    expect(page.locator("#event-5")).to_have_class(re.compile("retrying"))
    # The chips follow what the sentence told first.
    expect(page.locator("#state-retrying")).to_have_text(re.compile("retrying 1"), timeout=LONG)
    expect(row.locator(".tells")).to_have_text(re.compile(r"429 rate limited, since (\d\d-\d\d )?\d\d:05:06"))
    row.focus()
    fail(4)
    expect(row.locator(".outcome")).to_have_text("retrying ×4", timeout=LONG)
    expect(row).to_be_focused()
    # The sentence knows of it no more.
    page.locator("[data-standing]").evaluate("one => one.remove()")
    settled = "document.body.dispatchEvent(new CustomEvent('htmx:afterSettle', { bubbles: true, detail: {} }))"
    page.evaluate(settled)
    expect(row.locator(".outcome")).to_have_text("not completed")
    expect(page.locator("#event-5")).not_to_have_class(re.compile("retrying"))
