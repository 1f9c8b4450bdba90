"""A trace under the hand: spans that fold, are walked by keys, searched, zoomed and opened; ten thousand too."""

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests import faulty
from tests.browser.conftest import DESKTOP, PHONE, SCREENSHOTS, is_complaint
from tests.executions import canned
from tests.executions.services.trace_shapes import SECOND, START, failed, large, span
from tests.faulty import Faulty, reply
from tests.servers import Console, console

MODEL = {"gen_ai.request.model": "mistral-large", "gen_ai.prompt": "Why?", "gen_ai.completion": "Because."}
TREE = span(
    "run",
    0,
    10,
    span("extract", 0, 4, span("chat", 1, 3, attributes=MODEL)),
    span("start", 4, 4, span("book", 4, 5, **failed()), span("book", 6, 9) | {"span_id": "id-again"}),
    attributes={"case": "case-7"},
)
NAMES = ["run", "extract", "chat", "start", "book", "book"]
NODES, HEAP = 4_000, 20_000_000
WORK = 0.25
"""Seconds of the page's main thread that one act may take, all its tasks together."""


def _serve(server: Faulty, execution_id: str, tree: dict[str, Any], **more: Any) -> None:
    canned.healthy(server, execution_id, **more)
    found = canned.execution(execution_id, **more)
    server.on(reply(found | {"span_tree": tree}), method="GET", path=canned.path(execution_id, "/trace/summary"))
    line = canned.LOG | {"span_id": "id-chat", "body": "asked the model"}
    server.on(reply({"results": [line, canned.LOG], "next_cursor": None}), path=canned.path(execution_id, "/logs"))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Faulty, Console]]:
    over = {"status": "COMPLETED", "end_time": "2026-01-31T15:05:00Z"}
    with faulty.running() as server, console(tmp_path_factory.mktemp("waterfall"), server.url) as running:
        _serve(server, "small", TREE)
        _serve(server, "large", large(), **over)
        yield server, running


Open = Callable[..., Page]


@pytest.fixture
def opened(browser: Browser, served: tuple[Faulty, Console]) -> Iterator[Open]:
    """`opened("small", "?q=…")`: a trace whose script has all spans. What the browser complains of fails the test."""
    contexts, complaints = [], []

    def make(execution_id: str = "small", rest: str = "", **options: Any) -> Page:
        context = browser.new_context(
            base_url=served[1].url,
            storage_state=served[1].state(),
            viewport=options.pop("viewport", DESKTOP),
            **options,
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text) if is_complaint(message) else None)
        page.goto(f"/executions/{execution_id}/trace/{rest}")
        page.locator("[data-waterfall][data-ready]").wait_for()
        return page

    yield make
    for context in contexts:
        context.close()
    assert complaints == []


def _titles(page: Page) -> Locator:
    return page.locator(".span-row .span-title")


def _here(page: Page) -> Locator:
    return page.locator(".span-row.at .span-title")


def _query(page: Page) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def _press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_the_keys_of_a_tree(opened: Open) -> None:
    page = opened()
    expect(_titles(page)).to_have_text(NAMES)
    page.locator("[data-span-tree]").focus()
    _press(page, "ArrowDown", "ArrowDown")
    expect(_here(page)).to_have_text("extract")
    _press(page, "ArrowRight")
    expect(_here(page)).to_have_text("chat")
    # Left: to the parent, then it closes, then further up.
    _press(page, "ArrowLeft", "ArrowLeft")
    expect(_here(page)).to_have_text("extract")
    expect(_titles(page)).to_have_text(["run", "extract", "start", "book", "book"])
    expect(page.locator(".span-row.at")).to_have_attribute("aria-expanded", "false")
    _press(page, "ArrowLeft")
    expect(_here(page)).to_have_text("run")
    _press(page, "End")
    expect(page.locator(".span-row.at")).to_have_attribute("data-span", "id-again")
    assert page.locator("[data-span-tree]").get_attribute("aria-activedescendant") == "span-5"
    _press(page, "Home", "j", "k", "ArrowDown", "ArrowRight")
    expect(_titles(page)).to_have_text(NAMES)
    page.get_by_role("button", name="Collapse all").click()
    expect(_titles(page)).to_have_text(["run", "extract", "start"])
    # What is hidden and failed is told.
    expect(page.locator(".span-row .span-said")).to_have_text(["", "", "1 failed inside"])
    page.get_by_role("button", name="Expand all").click()
    expect(_titles(page)).to_have_text(NAMES)
    expect(page.locator(".span-row.hurt .span-title")).to_have_text(["run", "start"])


@pytest.mark.slow
def test_a_span_s_pane_and_its_link(opened: Open) -> None:
    page = opened()
    page.locator(".span-row", has_text="chat").click()
    pane = page.locator("#span-pane")
    expect(pane.locator("h2")).to_have_text("chat")
    expect(pane.locator(".said-text")).to_have_text(["Why?", "Because."])
    expect(pane.locator(".span-line .body")).to_have_text("asked the model")
    expect(pane.locator(".span-logs-of")).to_contain_text("1 of the 2 lines fetched")
    assert _query(page) == {"span": "id-chat"}
    # The pane follows the keys, and what is open in the address.
    page.locator("[data-span-tree]").focus()
    _press(page, "ArrowDown", "ArrowDown")
    expect(pane.locator("h2")).to_have_text("book")
    expect(pane.locator(".span-thrown")).to_contain_text("it broke")
    expect(pane.locator(".span-thrown pre")).to_contain_text("Traceback")
    assert _query(page) == {"span": "id-book"}
    pane.get_by_role("link", name="start").click()
    expect(pane.locator("h2")).to_have_text("start")
    _press(page, "Escape")
    expect(pane).to_be_hidden()
    assert _query(page) == {}
    teammate = opened("small", "?span=id-book")
    expect(teammate.locator("#span-pane h2")).to_have_text("book")
    expect(teammate.locator(".span-row.selected")).to_have_attribute("data-span", "id-book")


@pytest.mark.slow
def test_the_search_counts_and_jumps(opened: Open) -> None:
    page = opened()
    page.get_by_role("button", name="Collapse all").click()
    _press(page, "f")
    page.keyboard.type("BOOK")
    count = page.locator("[data-span-count]")
    expect(count).to_have_text("2 matches")
    _press(page, "Enter")
    expect(page.locator(".span-row.at")).to_have_attribute("data-span", "id-book")
    expect(count).to_have_text("1 of 2 matches")
    _press(page, "Enter")
    expect(page.locator(".span-row.at")).to_have_attribute("data-span", "id-again")
    _press(page, "Shift+Enter", "Shift+Enter")
    expect(count).to_have_text("2 of 2 matches")
    assert _query(page) == {"q": "BOOK"}
    page.locator("#find").fill("case-7")
    expect(count).to_have_text("1 match")
    page.locator("[data-span-tree]").focus()
    _press(page, "n")
    expect(_here(page)).to_have_text("run")
    assert page.get_by_role("link", name="OpenTelemetry").get_attribute("href") == "?view=otel&q=case-7"
    page.locator("#find").fill("nothing")
    expect(count).to_have_text("0 matches")
    expect(opened("small", "?q=book").locator("[data-span-count]")).to_have_text("2 matches")


@pytest.mark.slow
def test_zoom_by_dragging_and_by_buttons(opened: Open) -> None:
    page = opened()
    box = page.locator("[data-span-map]").bounding_box()
    assert box
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.45, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.55, middle, steps=4)
    page.mouse.up()
    # `extract` and `chat` are over by then, the second `book` has not begun.
    expect(_titles(page)).to_have_text(["run", "start", "book"])
    expect(page.locator("[data-span-shown]")).to_have_text("3 in this time")
    assert _query(page)["after"].startswith("2026-01-31T14:05:04.5")
    assert _query(page)["before"].startswith("2026-01-31T14:05:05.")
    # The other tabs show the same time.
    tab = page.locator(".tabs").get_by_role("link", name="Logs").get_attribute("href") or ""
    assert parse_qs(urlsplit(tab).query) == {name: [value] for name, value in _query(page).items()}
    rows = _titles(opened("small", "?" + urlsplit(page.url).query))
    expect(rows).to_have_text(["run", "start", "book"])
    page.get_by_role("button", name="Whole").click()
    expect(_titles(page)).to_have_text(NAMES)
    assert _query(page) == {}
    page.get_by_role("button", name="Zoom in").click()
    expect(page.locator("[data-span-ruler] span")).to_have_text(["2.50 s", "3.50 s", "4.50 s", "5.50 s", "6.50 s"])
    page.locator(".span-row", has_text="chat").click()
    page.get_by_role("button", name="Zoom to it").click()
    expect(_titles(page)).to_have_text(["run", "extract", "chat"])


def test_back_brings_the_zoom_before_and_keeps_the_selected_span(opened: Open) -> None:
    page = opened("small", "?after=2026-01-31T14:05:02Z&before=2026-01-31T14:05:08Z")
    opened_with, ruler = page.evaluate("() => history.length"), page.locator("[data-span-ruler] span").first
    expect(ruler).to_have_text("2.00 s")
    # Steps that follow each other are one zoom.
    page.locator("[data-span-tree]").focus()
    # Both at once: a slow machine would make two zooms of them.
    page.evaluate(
        """() => {
          for (let press = 0; press < 2; press++) {
            document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: "+", bubbles: true }));
          }
        }"""
    )
    expect(ruler).to_have_text("4.25 s")
    page.locator(".span-row", has_text="run").click()
    expect(page.locator("#span-pane h2")).to_have_text("run")
    page.get_by_role("button", name="Whole").click()
    expect(_titles(page)).to_have_text(NAMES)
    assert page.evaluate("() => history.length") == opened_with + 2
    page.go_back()
    expect(ruler).to_have_text("4.25 s")
    assert _query(page)["after"].startswith("2026-01-31T14:05:04.25")
    page.go_back()
    expect(ruler).to_have_text("2.00 s")
    assert {**_query(page), "span": "id-run"} == _query(page)
    assert _query(page)["before"].startswith("2026-01-31T14:05:08")
    page.go_forward()
    expect(ruler).to_have_text("4.25 s")
    expect(page.locator("#span-pane h2")).to_have_text("run")


@pytest.mark.slow
def test_a_refresh_keeps_what_the_reader_made_of_it(opened: Open, served: tuple[Faulty, Console]) -> None:
    grown = TREE | {"children": [*TREE["children"], span("later", 9, None)], "end_time_unix_nano": None}
    _serve(served[0], "grows", TREE)
    page = opened("grows")
    page.locator(".span-row", has_text="extract").locator(".span-fold").click()
    page.locator(".span-row", has_text="start").click()
    expect(page.locator("#span-pane h2")).to_have_text("start")
    row = page.locator(".span-row", has_text="run").first.element_handle()
    _serve(served[0], "grows", grown)
    expect(_titles(page)).to_have_text(["run", "extract", "start", "book", "book", "later"], timeout=15_000)
    expect(page.locator("[data-trace-part=total]")).to_have_text("7 spans")
    expect(page.locator(".span-row.selected .span-title")).to_have_text("start")
    expect(page.locator(".span-row", has_text="later").locator(".span-all")).to_have_text("running")
    assert row.is_visible()


def test_an_activity_that_is_tried_again_does_not_look_finished(opened: Open, served: tuple[Faulty, Console]) -> None:
    run_id = "0b8e1c3e-0000-4000-8000-0000000000f1"
    _serve(served[0], "stuck", span("run", 0, 10, span("StartActivity:extract_invoice", 5, 5)), run_id=run_id)
    failing = {"task_id": "1", "activity_name": "extract_invoice", "attempt": 7}
    event = canned.EVENT | {"event_type": "ACTIVITY_TASK_RETRYING", "attributes": failing}
    event["event_timestamp"] = START + 6 * SECOND
    served[0].on(reply({"events": [event], "next_cursor": None}), path=canned.EVENTS)
    page = opened("stuck", "?span=id-StartActivity:extract_invoice")
    row = page.locator(".span-row.stuck.going")
    expect(row).to_have_text("StartActivity:extract_invoiceretrying, attempt 85.00 sretrying")
    expect(row.locator(".span-took")).to_have_attribute("width", "500.0")
    expect(page.locator("[data-span-took]")).to_have_text("retrying, attempt 8")
    page.locator(".span-row", has_text="run").first.click()
    expect(page.locator("[data-span-took]")).to_have_text("10.00 s")
    # The run waits for it, and is not at work itself.
    expect(page.locator(".span-row.selected .span-own")).to_have_text("5.00 s")
    expect(page.locator("[data-span-own]")).to_have_text("5.00 s")
    expect(page.locator("[data-span-critical]")).to_have_text(
        "5.00 s of the critical path are this span’s own", use_inner_text=True
    )
    row.click()
    expect(page.locator("[data-span-took]")).to_have_text("retrying, attempt 8")
    # With the next spans the history is asked again: by then it has ended.
    ended = canned.event(9, "ACTIVITY_TASK_COMPLETED", scheduledEventId="5")
    tree = span("run", 0, 10, span("StartActivity:extract_invoice", 5, 5, span("again", 6, 9)))
    _serve(served[0], "stuck", tree, run_id=run_id)
    served[0].on(reply({"events": [*canned.HISTORY["events"], ended]}), path=f"{canned.RUNS}/{run_id}/history")
    expect(page.locator("[data-span-took]")).to_have_text("4.00 s", timeout=15_000)
    expect(page.locator(".span-row.stuck")).to_have_count(0)


def test_what_timed_out_does_not_look_well(opened: Open, served: tuple[Faulty, Console]) -> None:
    run_id = "0b8e1c3e-0000-4000-8000-0000000000f2"
    over = {"run_id": run_id, "status": "FAILED", "end_time": "2026-01-31T14:05:10Z"}
    tried = span("RunActivity:extract_invoice", 5, 20, attributes={"temporalActivityID": "1"})
    tree = span("run", 0, 10, span("a", 1, 2, **failed()), span("StartActivity:extract_invoice", 5, 5, tried))
    _serve(served[0], "late", tree, **over)
    ended = canned.event(10, "ACTIVITY_TASK_TIMED_OUT", scheduledEventId="5")
    served[0].on(reply({"events": [*canned.HISTORY["events"], ended]}), path=f"{canned.RUNS}/{run_id}/history")
    page = opened("late")
    expect(page.locator(".span-row.bad .span-said")).to_have_text(["failed: ValueError: it broke", *["timed out"] * 2])
    expect(page.locator("[data-span-tail]")).to_have_text("run ended after 10.00 s")
    assert [line.get_attribute("x1") for line in page.locator("[data-span-ended]").all()] == ["500.0"] * 2
    attempt = page.locator("#span-3")
    expect(attempt.locator(".span-took")).to_have_attribute("width", "750.0")
    expect(attempt.locator(".span-path")).to_have_attribute("width", "250.0")
    button = page.locator("[data-span-failed]")
    expect(button).to_have_text("Next of 3 failed")
    # Only what failed in the time that is shown, and the time stays.
    attempt.click()
    page.locator("[data-span-zoom=span]").click()
    expect(button).to_have_text("Next of 2 failed")
    before = page.url
    for place in (2, 3):
        button.click()
        expect(page.locator(".span-row.selected")).to_have_attribute("id", f"span-{place}")
        expect(page.locator(".span-pane-name")).to_have_text(page.locator(f"#span-{place} .span-title").inner_text())
    expect(page).to_have_url(before)
    expect(page.locator("[data-span-took]")).to_have_text("15.00 s timed out")
    expect(page.locator("[data-span-critical]")).to_have_text(
        "5.00 s of the critical path are this span’s own", use_inner_text=True
    )


def _without_polls(route: Route) -> None:
    response = route.fetch()
    route.fulfill(response=response, body=response.text().replace("every 3s, ", ""))


@pytest.mark.slow
def test_servers_that_keep_different_spans_are_not_asked_in_turn(opened: Open) -> None:
    page, asked = opened(), []
    page.route(re.compile("/trace/$"), _without_polls)
    page.on("request", lambda request: asked.extend(parse_qs(urlsplit(request.url).query).get("part", [])))
    page.route(re.compile("part=going"), lambda route: route.fulfill(json={"version": "another", "going": []}))
    page.reload()
    page.locator("[data-waterfall][data-ready]").wait_for()
    page.wait_for_load_state("networkidle")
    assert [part for part in asked if part in {"spans", "going"}] == ["spans", "going"] * 2


def _deepest_is_in_sight(page: Page) -> None:
    page.locator("#find").fill("level_198")
    _press(page, "Enter")
    row = page.locator(".span-row.at")
    expect(row).to_have_attribute("aria-level", "200")
    title, name = (row.locator(part).bounding_box() for part in (".span-title", ".span-name"))
    assert title
    assert name
    assert title["x"] + title["width"] < name["x"] + name["width"]


class _Worked:
    """What each act costs the page's main thread: its own time, however busy the machine is."""

    def __init__(self, page: Page) -> None:
        self.session = page.context.new_cdp_session(page)
        self.session.send("Performance.enable", {"timeDomain": "threadTicks"})
        self.before = self._now()

    def _now(self) -> float:
        found = self.session.send("Performance.getMetrics")["metrics"]
        return float(next(one["value"] for one in found if one["name"] == "TaskDuration"))

    def check(self, act: str) -> None:
        now = self._now()
        assert now - self.before < WORK, f"{act} took {now - self.before:.3f} s"
        self.before = now


@pytest.mark.slow
def test_ten_thousand_spans(opened: Open) -> None:
    page = opened("large")
    expect(page.locator(".span-counts")).to_contain_text("10,000 spans")
    page.wait_for_load_state("networkidle")
    worked = _Worked(page)
    page.locator("[data-span-tree]").focus()
    _press(page, "End")
    expect(_here(page)).to_have_text("last")
    worked.check("the last row")
    _deepest_is_in_sight(page)
    worked.check("the deepest row")
    page.get_by_role("button", name="Collapse all").click()
    expect(page.locator(".span-row[aria-expanded=false]").first).to_be_visible()
    worked.check("closing all")
    page.get_by_role("button", name="Expand all").click()
    worked.check("opening all")
    page.locator("#find").fill("timeouterror")
    count = page.locator("[data-span-count]")
    expect(count).to_have_text(re.compile(r"^\d+ matches"))
    worked.check("the search")
    for _ in range(5):
        _press(page, "Enter")
        worked.check("the next match")
    expect(count).to_have_text(re.compile(r"^\d+ of \d+ matches"))
    for share in range(1, 10):
        page.evaluate(f"() => scrollTo(0, document.documentElement.scrollHeight * {share} / 10)")
        expect(page.locator(".span-row").nth(20)).to_be_in_viewport()
        worked.check("scrolling")
    assert page.locator("*").count() <= NODES
    worked.session.send("HeapProfiler.collectGarbage")
    assert page.evaluate("performance.memory.usedJSHeapSize") <= HEAP
    _look(page, "waterfall-large")


@pytest.mark.slow
def test_it_looks_right_everywhere(opened: Open) -> None:
    page = opened("small", "?span=id-book&q=book")
    expect(page.locator(".span-logs-of")).to_be_visible()
    _look(page, "waterfall")


def _look(page: Page, name: str) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        for viewport in (DESKTOP, PHONE):
            page.set_viewport_size(viewport)
            page.screenshot(path=SCREENSHOTS / f"{name}-{theme}-{viewport['width']}.png")
            found = Axe().run(page)
            assert found.violations_count == 0, found.generate_report()
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_phone_shows_the_row_above_its_pane(opened: Open) -> None:
    page = opened("small", viewport=PHONE)
    page.locator(".span-row", has_text="book").last.click()
    expect(page.locator("#span-pane h2")).to_have_text("book")
    row, pane = page.locator(".span-row.selected").bounding_box(), page.locator("#span-pane").bounding_box()
    assert row
    assert pane
    assert row["y"] + row["height"] <= pane["y"] + 1


def test_the_script_says_lengths_as_the_server_does(opened: Open) -> None:
    page = opened()
    before = page.locator(".span-row").all_inner_texts()
    plain = page.context.browser.new_context(java_script_enabled=False, storage_state=page.context.storage_state())
    static = plain.new_page()
    static.goto(page.url)
    assert static.locator(".span-row").all_inner_texts() == before
    plain.close()
