"""Small things that a page must not do to its reader."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import LONG_EXPORT, SEEDED, SignedIn, open_first

LONG = 30_000


@pytest.mark.slow
def test_a_refresh_leaves_what_is_being_typed(signed_in: SignedIn) -> None:
    page = signed_in("viewer")
    execution_id = open_first(page, "table-export", search=LONG_EXPORT)
    page.goto(f"/executions/{execution_id}/history/")
    newest = page.locator(".history-rows > .row").first
    with page.expect_response(lambda answer: "/history/" in answer.url, timeout=LONG):
        pass
    page.locator("#find").press_sequentially("chunk")
    rows = newest.get_attribute("id")
    # The rows go on, too.
    expect(newest).not_to_have_id(rows or "", timeout=LONG)
    with page.expect_request(lambda request: "part=facts" in request.url, timeout=LONG):
        pass
    with page.expect_request(lambda request: "part=facts" in request.url, timeout=LONG):
        pass
    expect(page.locator("#find")).to_have_value("chunk")
    expect(page.locator("#find")).to_be_focused()


def test_a_live_filter_looks_only_where_the_server_looks(signed_in: SignedIn) -> None:
    page = signed_in("viewer")
    execution_id = open_first(page, "invoice-pipeline", "COMPLETED", SEEDED)
    page.goto(f"/executions/{execution_id}/events/?q=Copy+link&only=1")
    expect(page.locator("[data-live-state]")).to_have_text("ended", timeout=LONG)
    expect(page.locator(".event-rows > li")).to_have_count(0)
    page.goto(f"/executions/{execution_id}/events/?q=extract_fields&only=1")
    expect(page.locator("[data-live-state]")).to_have_text("ended", timeout=LONG)
    assert set(page.locator(".event-rows > li [data-find]:nth-child(3)").all_inner_texts()) == {"extract_fields"}


@pytest.mark.slow
def test_new_lines_are_offered_where_they_can_be_clicked(signed_in: SignedIn) -> None:
    page = signed_in("viewer", viewport={"width": 1440, "height": 650})
    execution_id = open_first(page, "table-export", search=LONG_EXPORT)
    page.goto(f"/executions/{execution_id}/logs/")
    expect(page.locator(".log-rows > li").nth(30)).to_be_attached(timeout=60_000)
    page.mouse.move(700, 400)
    page.mouse.wheel(0, 300)
    new = page.locator("[data-live-new]")
    expect(new).to_be_visible(timeout=LONG)
    new.click(timeout=LONG)
    expect(new).to_be_hidden()


def test_filters_by_time_are_in_the_viewers_zone(signed_in: SignedIn) -> None:
    page = signed_in("viewer", timezone_id="America/New_York")
    page.goto("/executions/?started_after=2020-01-31T14:05:00Z")
    field = page.get_by_label("Started after")
    expect(field).to_have_value("2020-01-31T09:05:00")
    field.fill("2020-01-31T10:00")
    page.get_by_role("button", name="Apply").click()
    page.wait_for_url("**/executions/?*started_after=2020-01-31T15%3A00%3A00.000Z*")


def test_going_back_takes_the_filters_along(signed_in: SignedIn) -> None:
    page = signed_in("viewer")
    page.goto("/executions/")
    page.locator(".chip", has_text="Failed").click()
    page.wait_for_url("**status=FAILED*")
    page.locator(".chip", has_text="Canceled").click()
    page.wait_for_url("**status=CANCELED*")
    page.go_back()
    expect(page.locator(".chip:has(:checked)")).to_have_text(["Failed"])


def test_keys_walk_the_list_and_survive_a_refresh(signed_in: SignedIn) -> None:
    page = signed_in("viewer")
    page.goto("/executions/?status=COMPLETED")
    page.keyboard.press("j")
    page.keyboard.press("j")
    second = page.locator(".run-list td.id a").nth(1)
    expect(second).to_be_focused()
    href = second.get_attribute("href")
    with page.expect_response(lambda answer: "status=COMPLETED" in answer.url, timeout=LONG):
        pass
    expect(page.locator(f".run-list td.id a[href='{href}']")).to_be_focused()
    page.keyboard.press("/")
    expect(page.locator("#open-id")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#open-id")).not_to_be_focused()
