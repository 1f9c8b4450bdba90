"""Pages follow what happens, quietly: what the reader is at stays, hidden tabs rest, and failures are waited out."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.conftest import DESKTOP, LONG_EXPORT, SignedIn, open_first
from tests.executions import canned
from tests.faulty import HANG, Faulty, reply, running
from tests.sandbox.api import Api
from tests.servers import console

LONG = 30_000
SOON = 2_000
"""Milliseconds in which a new run has to be on the page."""
HIDE = """away => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => away });
    document.dispatchEvent(new Event("visibilitychange"));
}"""
ANSWERED = """part => addEventListener("htmx:afterRequest", ({ detail }) => {
    if (detail.xhr.responseURL.includes(part)) window.answered = detail.xhr.status;
})"""
TOLD = "window.told = []; document.addEventListener('execution:status', (event) => told.push(event.detail));"


@pytest.fixture
def reviews(demo_api: Api) -> Any:
    """Starts reviews, which wait for a decision; they are ended with the test."""
    started = []

    def start() -> str:
        started.append(demo_api.start("kyc-review", {"case": "case-refresh"}))
        return started[-1]

    yield start
    for execution_id in started:
        demo_api.post(execution_id, "/terminate")


def row(page: Page, execution_id: str) -> Any:
    return page.locator(".run-list tbody tr", has_text=execution_id)


def asked(page: Page) -> list[str]:
    """What the page asks the console for from now on."""
    found: list[str] = []
    page.on("request", lambda request: found.append(request.url))
    return found


def test_a_new_run_comes_into_the_list_by_itself(signed_in: SignedIn, reviews: Any) -> None:
    page = signed_in("admin", viewport={"width": 1440, "height": 500})
    page.goto("/executions/?workflow=kyc-review")
    page.locator("details.more summary").click()
    page.locator("#f-deployment").fill("typed")
    page.mouse.wheel(0, 150)
    page.wait_for_function("() => scrollY > 0")
    kept = page.locator(".run-list tbody tr").nth(3)
    page.evaluate(
        """() => {
            const row = document.querySelectorAll(".run-list tbody tr")[3];
            row.mine = true;
            getSelection().selectAllChildren(document.querySelector(".more p"));
            window.top0 = document.querySelector("#f-deployment").getBoundingClientRect().top;
        }"""
    )
    execution_id = reviews()
    expect(row(page, execution_id)).to_be_attached(timeout=SOON)
    expect(row(page, execution_id)).to_have_class("arrived")
    expect(kept).not_to_have_class("arrived")
    # The rows that there were are the very same, and nobody was moved or interrupted.
    stayed = "[...document.querySelectorAll('.run-list tbody tr:not(.arrived)')].findIndex((row) => row.mine)"
    assert page.evaluate(stayed) == 3
    assert page.evaluate("document.querySelector('#f-deployment').getBoundingClientRect().top === window.top0")
    expect(page.locator("#f-deployment")).to_be_focused()
    expect(page.locator("#f-deployment")).to_have_value("typed")
    assert page.evaluate("String(getSelection())").startswith("Times are in your time zone")
    assert page.evaluate("document.querySelector('details.more').open")


def test_a_status_changes_in_its_row(signed_in: SignedIn, demo_api: Api, reviews: Any) -> None:
    execution_id = reviews()
    page = signed_in("viewer")
    page.goto("/executions/?workflow=kyc-review")
    link = row(page, execution_id).locator(".id a")
    link.focus()
    demo_api.post(execution_id, "/terminate")
    expect(row(page, execution_id).locator(".status")).to_have_text("Terminated")
    expect(link).to_be_focused()


@pytest.mark.slow
def test_a_row_that_leaves_the_list_takes_no_focus_away(signed_in: SignedIn, demo_api: Api, reviews: Any) -> None:
    below, leaving, _ = reviews(), reviews(), reviews()
    page = signed_in("viewer")
    page.goto("/executions/?workflow=kyc-review&status=RUNNING")
    link = row(page, below).locator(".id a")
    link.focus()
    page.evaluate("document.activeElement.addEventListener('blur', () => { window.blurred = true })")
    demo_api.post(leaving, "/terminate")
    expect(row(page, leaving)).to_have_count(0, timeout=LONG)
    expect(link).to_be_focused()
    assert page.evaluate("window.blurred") is None


def test_only_a_press_that_will_be_released_holds_a_refresh_back(signed_in: SignedIn) -> None:
    page = signed_in("viewer")
    page.goto("/executions/")
    held = "import('/static/js/polling.js').then((polling) => polling.inHand())"
    page.mouse.move(1000, 20)
    page.mouse.down()
    assert page.evaluate(held) is True
    # Its menu takes the release.
    page.evaluate("document.body.dispatchEvent(new Event('contextmenu', { bubbles: true }))")
    assert page.evaluate(held) is False
    page.mouse.up()
    page.mouse.down(button="right")
    assert page.evaluate(held) is False
    page.mouse.up(button="right")


@pytest.mark.slow
def test_a_selection_is_not_disturbed(signed_in: SignedIn, demo_api: Api, reviews: Any) -> None:
    ticked, ending = reviews(), reviews()
    page = signed_in("admin")
    page.goto("/executions/?workflow=kyc-review&status=RUNNING")
    box = row(page, ticked).locator("input")
    box.check()
    count = page.locator(".run-list tbody tr").count()
    new = page.locator("[data-list-new]")
    execution_id = reviews()
    expect(new).to_have_text("1 new")
    demo_api.post(ending, "/terminate")
    reviews()
    expect(new).to_have_text("2 new")
    assert page.locator(".run-list tbody tr").count() == count
    new.click()
    expect(row(page, execution_id)).to_be_attached()
    expect(row(page, ending)).to_have_count(0)
    expect(new).to_be_hidden()
    expect(box).to_be_checked()
    expect(page.locator("[data-selection-count]")).to_have_text("1")


def test_a_hidden_tab_rests(signed_in: SignedIn) -> None:
    page = signed_in("viewer")
    page.clock.install()
    page.goto("/executions/")
    page.clock.run_for(2_000)
    page.evaluate(HIDE, True)
    page.wait_for_load_state("networkidle")
    requests = asked(page)
    page.clock.run_for(60_000)
    assert requests == []
    with page.expect_response(lambda answer: answer.url.endswith("/executions/")):
        page.evaluate(HIDE, False)


@pytest.mark.slow
def test_a_teammates_reset_is_seen_on_an_open_page(signed_in: SignedIn, demo_api: Api) -> None:
    execution_id = demo_api.start_review()
    demo_api.post(execution_id, "/terminate")
    before = demo_api.wait_for(execution_id, "TERMINATED")
    page = signed_in("operator")
    page.clock.install()
    page.goto(f"/executions/{execution_id}/history/")
    page.evaluate(TOLD)
    facts, first = page.locator("#facts"), page.locator("#history-1")
    expect(facts).to_have_attribute("data-over", "yes")
    first.locator("summary").click()
    first.locator("summary").focus()
    assert demo_api.post(execution_id, "/reset", {"event_id": 4, "reason": "again"}).status_code == 204
    after = demo_api.wait_for(execution_id, "RUNNING")
    # The next look may still share the answer of the one before: on the server no time has passed.
    for _ in range(200):
        with page.expect_response(lambda answer: "part=facts" in answer.url) as looked:
            page.clock.fast_forward(10_000)
        if looked.value.status == 200 and 'data-status="RUNNING"' in looked.value.text():
            break
    expect(facts).to_have_attribute("data-status", "RUNNING")
    expect(page).to_have_title(f"Running · {execution_id} · Executions Console")
    assert page.evaluate("told.at(-1)") == {"status": "RUNNING", "run": after["run_id"], "over": False}
    assert after["run_id"] != before["run_id"]
    # The tab shows the new run, and the row that was open still is.
    expect(page.locator(".history-rows a", has_text="Reset").first).to_have_attribute(
        "href", re.compile(f"run={after['run_id']}")
    )
    expect(first).to_have_attribute("open", "")
    expect(first.locator("summary")).to_be_focused()
    expect(page.locator("#copy-link")).to_have_attribute("data-copy-link", f"run={after['run_id']}")
    demo_api.post(execution_id, "/terminate")


@pytest.mark.slow
def test_an_end_shows_in_the_overview_at_once(signed_in: SignedIn, demo_api: Api) -> None:
    execution_id = demo_api.start_review()
    page = signed_in("viewer")
    page.goto(f"/executions/{execution_id}/")
    expect(page.locator("#part")).to_contain_text("Not yet: it is still running.")
    copy = page.get_by_role("button", name="Copy the run id")
    copy.focus()
    demo_api.post(execution_id, "/terminate")
    expect(page.locator("#why")).to_contain_text("Terminated at", timeout=LONG)
    expect(page.locator("#part .facts-list")).to_contain_text("latest")
    expect(page.locator("#overview-payloads")).to_contain_text("From history event")
    expect(page).to_have_title(f"Terminated · {execution_id} · Executions Console")
    expect(copy).to_be_focused()


def test_a_failure_is_waited_out(signed_in: SignedIn) -> None:
    page = signed_in("viewer")
    page.clock.install()
    page.goto("/executions/")
    problem = '<section class="problem"><h2>The Workflows API does not answer</h2></section>'
    tries: list[int] = []

    def fail(route: Route) -> None:
        tries.append(1)
        # 418 in place of a 5xx: the browser's own complaints would fail the test.
        route.fulfill(status=418, headers={"Retry-After": "20"}, content_type="text/html", body=problem)

    page.route("**/executions/", fail)
    note = page.locator("[data-stale]")
    page.clock.run_for(2_000)
    expect(note).to_have_text(re.compile(r"Not refreshed since \d\d:\d\d:\d\d\. The Workflows API does not answer\."))
    assert len(tries) == 1
    # As long as was asked for, and up to a quarter more.
    page.clock.run_for(14_000)
    assert len(tries) == 1
    page.clock.run_for(12_500)
    expect(note).to_be_visible()
    assert len(tries) == 2
    page.unroute("**/executions/")
    page.clock.run_for(40_000)
    expect(note).to_be_hidden()


def test_what_is_typed_while_a_refresh_is_under_way_stays(signed_in: SignedIn, demo_api: Api, reviews: Any) -> None:
    execution_id = reviews()
    page = signed_in("viewer")
    page.goto(f"/executions/{execution_id}/history/")
    field, newest = page.locator("#part input[name=q]"), page.locator(".history-rows > .row").first
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/history/**", hold, times=1)
    with page.expect_request("**/history/**"):
        demo_api.post(execution_id, "/terminate")
    field.fill("typed")
    page.evaluate(ANSWERED, "/history/")
    held[0].continue_()
    page.wait_for_function("() => window.answered === 200")
    expect(newest).to_contain_text("Terminated")
    assert field.input_value() == "typed"


def test_what_is_old_is_said_while_other_parts_are_refreshed(signed_in: SignedIn, reviews: Any) -> None:
    page = signed_in("viewer")
    page.clock.install()
    page.goto(f"/executions/{reviews()}/history/")
    page.evaluate(TOLD)
    problem = '<section class="problem"><h2>The history is away</h2></section>'
    page.route("**/history/**", lambda route: route.fulfill(status=418, content_type="text/html", body=problem))
    note = page.locator("[data-stale]")
    page.clock.run_for(2_500)
    expect(note).to_contain_text("The history is away")
    page.evaluate("told.length = 0")
    page.clock.run_for(3_500)
    page.wait_for_function("() => told.length > 0")
    assert note.is_visible()
    page.unroute("**/history/**")
    page.clock.run_for(40_000)
    expect(note).to_be_hidden()


@pytest.mark.slow
def test_a_history_that_grows_moves_no_row_under_its_reader(signed_in: SignedIn) -> None:
    page = signed_in("viewer", viewport={"width": 1280, "height": 600})
    open_first(page, "table-export", search=LONG_EXPORT)
    page.get_by_role("link", name="History", exact=True).click()
    part = page.locator("#part")
    expect(part.locator(".history-rows > .row")).not_to_have_count(0)
    page.wait_for_function("() => document.documentElement.scrollHeight > innerHeight + 700", timeout=LONG)
    page.mouse.move(600, 400)
    page.mouse.wheel(0, 500)
    page.wait_for_function("() => scrollY > 400")
    # The row in the middle, and where it is.
    where = """() => {
      const row = document.elementFromPoint(600, 300).closest(".row");
      return [row.id, Math.round(row.getBoundingClientRect().top)];
    }"""
    before, end = page.evaluate(where), part.locator("#history-end")
    expect(end).not_to_have_attribute("data-was", end.get_attribute("data-was") or "", timeout=LONG)
    assert page.evaluate(where) == before


@pytest.mark.slow
def test_an_outage_of_the_api(browser: Browser, tmp_path: Path) -> None:
    with running() as api, console(tmp_path / "console", api.url) as serving:
        canned.healthy(api)
        context = browser.new_context(base_url=serving.url, storage_state=serving.state(), viewport=DESKTOP)
        page = context.new_page()
        page.goto("/executions/")
        expect(row(page, canned.ID)).to_be_attached()
        page.goto(f"/executions/{canned.ID}/")
        other = context.new_page()
        other.goto("/executions/")
        _outage(api, page, other)
        context.close()


def _outage(api: Faulty, page: Page, other: Page) -> None:
    api.on([HANG], method="GET")
    for shown in (page, other):
        expect(shown.locator("[data-stale]")).to_contain_text("The Workflows API does not answer", timeout=LONG)
        # What there is stays.
        expect(shown.locator("#main")).to_contain_text(canned.ID)
    # Pages open, and say of when they are; or that there is nothing to show, until there is.
    page.goto(f"/executions/{canned.ID}/history/", timeout=5_000)
    expect(page.locator(".as-of")).to_contain_text("The Workflows API does not answer")
    expect(page.locator("#facts .status")).to_have_text("Running")
    expect(page.locator("#part .problem h2")).to_have_text("The Workflows API does not answer")
    # It is said once.
    for _ in range(2):
        page.wait_for_event("response", lambda answer: "part=facts" in answer.url, timeout=LONG)
    expect(page.locator("[data-stale]")).to_be_hidden()
    other.goto("/executions/another/", timeout=5_000)
    expect(other.locator(".problem h2")).to_have_text("The Workflows API does not answer")
    expect(other.locator("[data-retry]")).to_be_visible()
    canned.healthy(api)
    api.on(reply(canned.execution("another")), method="GET", path=canned.path("another"))
    expect(page.locator(".as-of")).to_have_count(0, timeout=LONG)
    expect(page.locator(".history-rows > .row")).to_have_count(2, timeout=LONG)
    expect(other.locator("#facts")).to_contain_text("another", timeout=LONG)
