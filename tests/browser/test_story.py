"""What a new operator does in their first five minutes, in one go."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import SignedIn, open_first

LONG = 30_000


@pytest.mark.slow
def test_watch_cancel_and_find_it_in_the_audit(signed_in: SignedIn) -> None:
    page = signed_in("operator")
    execution_id = open_first(page, "table-export", search="export-orders")

    page.get_by_role("link", name="History").click()
    newest = page.locator(".history-rows > .row").first
    expect(newest).not_to_have_id(newest.get_attribute("id") or "", timeout=LONG)

    page.get_by_role("link", name="Logs").click()
    expect(page.locator("[data-live-state]")).to_have_text("live", timeout=LONG)
    newest = page.locator(".log-rows > li").first
    expect(newest).not_to_have_attribute("data-row", newest.get_attribute("data-row") or "", timeout=LONG)

    page.get_by_role("link", name="Cancel", exact=True).click()
    expect(page.locator(".action")).to_contain_text(execution_id)
    expect(page.locator(".action")).to_contain_text("Running")
    page.get_by_label("Reason").fill("the table is exported twice")
    page.get_by_role("button", name="Cancel the execution").click()
    expect(page.locator(".notice")).to_contain_text("Cancel: accepted")
    expect(page.locator("tr.selected")).to_contain_text("the table is exported twice")

    page.get_by_role("link", name="Logs").click()
    expect(page.locator(".log-rows")).to_contain_text("clean-up", timeout=LONG)
    page.get_by_role("link", name="Overview").click()
    runs = page.locator("[id^=runs-]")
    expect(runs).to_contain_text("Running")
    expect(page.locator(".facts .status")).to_have_text("Canceled", timeout=LONG)
    expect(runs).to_contain_text("Canceled")

    page.get_by_role("link", name="Audit").click()
    row = page.locator(".entries tbody tr", has_text=execution_id)
    expect(row).to_contain_text("operator")
    expect(row).to_contain_text("accepted")
    expect(row).to_contain_text("the table is exported twice")
