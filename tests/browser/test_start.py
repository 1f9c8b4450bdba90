"""A page before its scripts are there, and one whose scripts do not come."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.conftest import DESKTOP
from tests.executions import canned
from tests.faulty import Faulty
from tests.servers import Console

HISTORY = f"/executions/{canned.ID}/history/"
LONG = 30_000


@pytest.fixture
def page(browser: Browser, served: Console, api: Faulty) -> Iterator[Page]:
    canned.healthy(api)
    context = browser.new_context(base_url=served.url, storage_state=served.state("operator"), viewport=DESKTOP)
    yield context.new_page()
    context.close()


class Held:
    """The scripts of a page, but for what decides on refreshes: they come when they are let go."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.routes: list[Route] = []
        page.route("**/js/app*.js", self.hold)

    def hold(self, route: Route) -> None:
        self.routes.append(route)

    def open(self, where: str) -> None:
        with self.page.expect_request("**/js/app*.js"):
            self.page.goto(where, wait_until="domcontentloaded")

    def let_go(self) -> None:
        for route in self.routes:
            route.continue_()
        self.page.wait_for_function("() => 'ready' in document.documentElement.dataset")


def test_scripts_that_do_not_come_are_told_and_the_rows_are_there(page: Page) -> None:
    page.route("**/js/windows*.js", lambda route: route.abort())
    page.goto(HISTORY, wait_until="domcontentloaded")
    expect(page.get_by_role("alert")).to_have_text(
        "Parts of this page did not load, so not all of it works. Load it again"
    )
    expect(page.locator(".history-rows > .row").first).to_be_visible()


def test_a_row_that_was_opened_before_has_its_content(page: Page) -> None:
    held = Held(page)
    held.open(HISTORY)
    row = page.locator(".history-rows > .row").first
    row.locator("summary").click()
    expect(row.locator(".row-body")).to_have_text("Loading…")
    held.let_go()
    expect(row.locator("pre").first).to_be_visible(timeout=LONG)


def test_a_part_that_fails_before_stays_and_is_asked_again(page: Page, api: Faulty) -> None:
    held = Held(page)
    failing: dict[str, Any] = {"body": '<section class="problem"><h2>It fails</h2></section>', "status": 502}
    page.route("**/why/*", lambda route: route.fulfill(**failing, content_type="text/html"))
    page.route("**/why/", lambda route: route.fulfill(**failing, content_type="text/html"))
    with page.expect_response(lambda answer: "/why/" in answer.url):
        held.open(HISTORY)
    expect(page.locator("#why[hx-get]")).to_be_attached()
    assert page.locator(".problem").count() == 0
    held.let_go()
    expect(page.locator("[data-stale]")).to_contain_text("It fails", timeout=LONG)


def test_who_types_already_is_left_alone(page: Page) -> None:
    held = Held(page)
    held.open(f"/executions/{canned.ID}/cancel/")
    page.locator("#open-id").press_sequentially("exec-")
    held.let_go()
    page.keyboard.type("1")
    expect(page.locator("#open-id")).to_have_value("exec-1")
