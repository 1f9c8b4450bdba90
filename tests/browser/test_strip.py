"""The strip above the tabs in the browser: a range of time, chosen by hand, by keys or by a waterfall, on every tab."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests import faulty
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.upstream import Written
from tests.executions import canned
from tests.executions.services.trace_shapes import span
from tests.faulty import Faulty, reply
from tests.servers import Console

PAGE = f"/executions/{canned.ID}/"
BEGUN = datetime(2026, 1, 31, 14, 5, tzinfo=UTC)
EVENTS = [
    canned.event(0, "WORKFLOW_EXECUTION_STARTED", workflowType={"name": "invoice-pipeline"}),
    canned.event(1, "ACTIVITY_TASK_SCHEDULED", activityId="1", activityType={"name": "extract"}),
    canned.event(19, "ACTIVITY_TASK_COMPLETED", scheduledEventId="1"),
    canned.event(20, "ACTIVITY_TASK_SCHEDULED", activityId="2", activityType={"name": "book"}),
    canned.event(40, "WORKFLOW_EXECUTION_COMPLETED"),
]
SPANS = span(
    "run",
    0,
    40,
    span("extract", 1, 19, attributes={"temporalActivityID": "1", "temporalWorkflowID": canned.ID}),
    span("book", 20, 39),
)
WHOLE = "a[data-whole-time]"


def lines(first: int, last: int, count: int) -> list[dict[str, Any]]:
    """So many between two seconds, the newest first."""
    moments = [BEGUN + timedelta(seconds=last - (last - first) * one / count) for one in range(count)]
    return [canned.LOG | {"timestamp": one.isoformat(), "body": f"at {one}"} for one in moments]


@pytest.fixture
def page(browser: Browser, served: Console, api: Faulty) -> Iterator[Page]:
    """A viewer's; the run took forty seconds, and is over."""
    canned.healthy(api, status="COMPLETED", end_time="2026-01-31T14:05:40Z")
    api.on(reply({"events": EVENTS}), path=f"{canned.RUNS}/{canned.RUN}/history")
    api.on(reply(canned.execution() | {"span_tree": SPANS}), path=canned.path(rest="/trace/summary"))
    context = browser.new_context(
        base_url=served.url, storage_state=served.state(), viewport=DESKTOP, timezone_id="UTC", has_touch=True
    )
    made = context.new_page()
    yield made
    context.close()


def strip(page: Page) -> Locator:
    found = page.get_by_role("slider", name="Time strip")
    expect(found).to_be_visible()
    page.wait_for_function("() => 'ready' in document.documentElement.dataset")
    return found


def chosen(page: Page) -> list[float]:
    """The range in the address, in seconds after the start."""
    query = parse_qs(urlsplit(page.url).query)
    found = [datetime.fromisoformat(query[name][0]) for name in ("after", "before")]
    return [round((one - BEGUN).total_seconds(), 1) for one in found]


def marked(page: Page) -> list[float]:
    """The range that the strip marks, in per cent of it."""
    mark = page.locator("[data-chosen]")
    return [round(float((mark.get_attribute(name) or "").removesuffix("%")), 1) for name in ("x", "width")]


def test_a_drag_says_its_times_before_they_are_chosen(page: Page) -> None:
    page.goto(PAGE)
    box = strip(page).bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + 9)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 9, steps=3)
    expect(page.locator("[data-reading]")).to_have_text(
        re.compile(r"^01-31 14:05:(09|10)(\.\d+)? – 14:05:(19|20)(\.\d+)? · (9\.9|10\.0)\d? s$")
    )
    page.mouse.up()
    page.wait_for_url("**after=*")
    begun, ended = chosen(page)
    assert abs(begun - 10) <= 0.2
    assert abs(ended - 20) <= 0.2
    expect(page.locator(f"{WHOLE} >> nth=0")).to_contain_text("whole time")
    expect(strip(page)).to_be_focused()
    begun, width = marked(page)
    assert abs(begun - 25) <= 0.5
    assert abs(width - 25) <= 0.5


def test_the_keys_choose_a_range_and_clear_it(page: Page) -> None:
    page.goto(f"{PAGE}history/?view=all&event=19")
    axis = strip(page)
    axis.focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowRight", "Shift+ArrowRight", "Shift+ArrowRight"):
        page.keyboard.press(key)
    # It begins with a tenth of the whole; then two steps on, and its end two further.
    said = "01-31 14:05:00.800 – 14:05:05.600 · 4.80 s"
    expect(page.locator("[data-reading]")).to_have_text(said)
    assert axis.get_attribute("aria-valuetext") == said
    # Its own refresh waits until nothing is marked any more.
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.evaluate("() => htmx.trigger('#strip', 'due')")
    expect(page.locator("[data-reading]")).to_have_text(said)
    assert [url for url in asked if "/strip/" in url] == []
    # To the end, and back to the start.
    page.keyboard.press("End")
    expect(page.locator("[data-reading]")).to_have_text("01-31 14:05:35.200 – 14:05:40.000 · 4.80 s")
    page.keyboard.press("Home")
    expect(page.locator("[data-reading]")).to_have_text("01-31 14:05:00.000 – 14:05:04.800 · 4.80 s")
    with page.expect_request(lambda request: "/strip/" in request.url):
        page.keyboard.press("Escape")
    expect(page.locator("[data-reading]")).to_be_empty()
    assert "after=" not in page.url
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("Enter")
    page.wait_for_url("**after=*")
    assert chosen(page) == [0, 3.6]
    # The event that the address named may be elsewhere.
    assert "event=" not in page.url
    # They go on from what is chosen, and Escape leaves it.
    expect(strip(page)).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.locator("[data-reading]")).to_have_text("01-31 14:05:00.400 – 14:05:04.000 · 3.60 s")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.wait_for_url(lambda url: "after=" not in url)
    assert "view=all" in page.url
    expect(strip(page)).to_be_focused()


def test_a_finger_chooses_one_on_a_phone(page: Page) -> None:
    page.set_viewport_size(PHONE)
    page.goto(f"{PAGE}history/")
    box = strip(page).bounding_box()
    assert box
    session = page.context.new_cdp_session(page)
    for kind, share in (("touchStart", 0.5), ("touchMove", 0.6), ("touchMove", 0.75), ("touchEnd", None)):
        at = [] if share is None else [{"x": box["x"] + box["width"] * share, "y": box["y"] + 20}]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})
    page.wait_for_url("**after=*")
    begun, ended = chosen(page)
    assert abs(begun - 20) <= 0.5
    assert abs(ended - 30) <= 0.5
    strip(page)
    # It does not widen the page, and the way back is there to be hit.
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    page.locator(WHOLE).first.tap()
    page.wait_for_url(lambda url: "after=" not in url)


def test_the_strip_marks_the_time_that_a_waterfall_shows(page: Page) -> None:
    page.goto(f"{PAGE}trace/")
    strip(page)
    page.wait_for_selector("[data-waterfall][data-ready]")
    assert page.locator(WHOLE).first.is_hidden()
    page.get_by_role("button", name="Zoom in").click()
    assert chosen(page) == [10, 30]
    assert marked(page) == [25, 50]
    expect(page.locator("[data-range-words]")).to_have_text("01-31 14:05:10 – 14:05:30 · 20.00 s")
    # Its own refresh, the other tabs and a copied link keep it.
    with page.expect_request(lambda request: "/strip/" in request.url) as asked:
        page.evaluate("() => htmx.trigger('#strip', 'due')")
    assert "after=2026-01-31T14%3A05%3A10" in asked.value.url
    links = [page.get_by_role("link", name=name, exact=True) for name in ("History", "Logs")]
    assert all("after=2026-01-31T14%3A05%3A10" in (link.get_attribute("href") or "") for link in links)
    assert "after=2026-01-31T14%3A05%3A10" in (page.locator("#copy-link").get_attribute("data-copy-link") or "")
    links[0].click()
    page.wait_for_url("**/history/**")
    assert chosen(page) == [10, 30]
    page.go_back()
    page.wait_for_selector("[data-waterfall][data-ready]")
    page.get_by_role("button", name="Whole").click()
    assert "after=" not in page.url
    expect(page.locator("[data-chosen]")).to_be_hidden()
    with page.expect_request(lambda request: "/strip/" in request.url) as asked:
        page.evaluate("() => htmx.trigger('#strip', 'due')")
    assert "after=" not in asked.value.url


def test_a_range_of_the_strip_is_the_zoom_of_the_waterfall(page: Page) -> None:
    page.goto(f"{PAGE}trace/?after=2026-01-31T14:05:22Z&before=2026-01-31T14:05:30Z")
    strip(page)
    page.wait_for_selector("[data-waterfall][data-ready]")
    expect(page.locator(".span-title")).to_have_text(["run", "book"])
    assert marked(page) == [55, 20]


def test_a_range_with_an_open_end_goes_on_to_the_end_of_the_axis(page: Page) -> None:
    page.goto(f"{PAGE}events/?after=2026-01-31T14:05:10Z")
    strip(page)
    written = page.locator("[data-range-words]")
    expect(written).to_have_text("01-31 14:05:10 – end")
    assert marked(page) == [25, 75]
    # Nothing is written over it.
    expect(page.locator(".strip-ticks")).to_be_hidden()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator("#copy-link").click()
    expect(page.locator("[data-toast]")).to_have_text("Link to this run and this time range copied")
    choose = "(detail) => { document.dispatchEvent(new CustomEvent('range:chosen', { detail })); }"
    page.evaluate(choose, {"before": "2026-01-31T14:05:10Z"})
    expect(written).to_have_text("start – 01-31 14:05:10")
    assert marked(page) == [0, 25]
    page.evaluate(choose, {"after": "2026-01-31T14:05:30Z", "before": ""})
    expect(written).to_have_text("01-31 14:05:30 – end")
    assert marked(page) == [75, 25]
    page.evaluate(choose, {"after": "", "before": ""})
    expect(page.locator("[data-chosen]")).to_be_hidden()
    expect(page.locator(".strip-ticks")).to_be_visible()


@pytest.mark.slow
def test_lines_that_were_fetched_are_no_longer_unread(page: Page, api: Faulty) -> None:
    def answer(request: faulty.Request) -> list[Any]:
        query = dict(request.query)
        older = "before" in query or "cursor" in query
        return reply({"results": lines(5, 20, 50), "next_cursor": None} if older else newest)

    # Of its own: what was fetched of the other one is known.
    canned.healthy(api, "long", run_id=canned.OTHER_RUN, status="COMPLETED", end_time="2026-01-31T14:05:40Z")
    api.on(reply({"events": EVENTS}), path=f"{canned.RUNS}/{canned.OTHER_RUN}/history")
    newest = {"results": lines(20, 38, 100), "next_cursor": "older"}
    api.on(answer, path=canned.path("long", "/logs"))
    page.goto("/executions/long/logs/")
    strip(page)
    names = page.locator(".strip-names")
    expect(names).to_contain_text("100 lines fetched so far")
    expect(page.locator(".strip-unread")).to_have_count(1)
    page.evaluate("() => scrollTo(0, document.documentElement.scrollHeight)")
    expect(page.locator(".log-rows > li")).to_have_count(150)
    expect(page.locator(".strip-unread")).to_have_count(0, timeout=15_000)
    expect(names).to_contain_text("150 lines")


def test_a_span_leads_to_its_events_and_they_lead_back(page: Page) -> None:
    page.goto(f"{PAGE}trace/?span=id-extract")
    joined = page.locator(".span-joined")
    expect(joined.locator(".span-happened .body")).to_have_text(
        ["ActivityTaskScheduled extract", "ActivityTaskCompleted extract"]
    )
    joined.locator(".span-happened").first.click()
    row = page.locator("#event-1")
    row.get_by_role("link", name="Span", exact=True).click()
    page.wait_for_url("**span=id-extract**")
    expect(page.locator(".span-pane-name")).to_have_text("extract")


def test_live_events_beyond_the_range_stay_away(browser: Browser, served: Console, api: Faulty) -> None:
    written = Written(api, id="exec-live")
    written.write(3, ago=3_600)
    context = browser.new_context(base_url=served.url, storage_state=served.state(), viewport=DESKTOP)
    made = context.new_page()
    after, before = (datetime.now(UTC) + timedelta(seconds=one) for one in (-600, 3_600))
    query = f"after={after:%Y-%m-%dT%H:%M:%SZ}&before={before:%Y-%m-%dT%H:%M:%SZ}"
    made.goto(f"/executions/exec-live/events/?{query}")
    expect(made.locator("[data-live-state]")).to_have_text("live")
    expect(made.locator("[data-live-empty]")).to_be_visible()
    written.write(2, ago=1_200)
    written.write(2)
    written.write(2, ago=-7_200)
    written.write(1)
    rows = made.locator(".event-rows > li")
    expect(rows).to_have_count(3)
    assert rows.evaluate_all("rows => rows.map((row) => row.dataset.row)") == ["event-6", "event-7", "event-10"]
    expect(made.locator("[data-row-count]")).to_have_text("3 of the 10 events fetched")
    written.finish()
    context.close()
