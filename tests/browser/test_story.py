"""What a new operator does in their first five minutes, in one go."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import SignedIn, open_first

LONG = 30_000


def test_watch_cancel_and_find_it_in_the_audit(signed_in: SignedIn) -> None:
    page = signed_in("operator")
    execution_id = open_first(page, "table-export", search="export-orders")

    page.get_by_role("link", name="History").click()
    newest = page.locator(".history-rows > li").first
    expect(newest).not_to_have_id(newest.get_attribute("id") or "", timeout=LONG)

    page.get_by_role("link", name="Logs").click()
    expect(page.locator("[data-live-state]")).to_have_text("live", timeout=LONG)
    newest = page.locator(".log-rows > li").first
    expect(newest).not_to_have_id(newest.get_attribute("id") or "", timeout=LONG)

    page.get_by_role("link", name="Cancel", exact=True).click()
    expect(page.locator(".action")).to_contain_text(execution_id)
    expect(page.locator(".action")).to_contain_text("Running")
    page.get_by_label("Reason").fill("the table is exported twice")
    page.get_by_role("button", name="Cancel the execution").click()
    expect(page.locator(".notice")).to_contain_text("Cancel: accepted")
    expect(page.locator("tr.selected")).to_contain_text("the table is exported twice")

    page.get_by_role("link", name="Logs").click()
    expect(page.locator(".log-rows")).to_contain_text("clean-up", timeout=LONG)
    expect(page.locator("[data-live-state]")).to_have_text("ended", timeout=LONG)
    page.get_by_role("link", name="Overview").click()
    expect(page.locator(".facts .status")).to_have_text("Canceled")

    page.get_by_role("link", name="Audit").click()
    row = page.locator(".entries tbody tr", has_text=execution_id)
    expect(row).to_contain_text("operator")
    expect(row).to_contain_text("done")
    expect(row).to_contain_text("the table is exported twice")


def test_approve_a_review_by_signal(signed_in: SignedIn) -> None:
    page = signed_in("operator")
    execution_id = open_first(page, "kyc-review")
    page.get_by_role("link", name="Query").click()
    page.get_by_role("button", name="get_status").click()
    page.locator("button.primary").click()
    expect(page.locator("#answer")).to_contain_text('"decision": null')

    page.get_by_role("link", name="Signal").click()
    page.get_by_role("button", name="approve").click()
    page.get_by_label("Input (JSON)").fill('{"reviewer": "user-7"}')
    page.locator("button.primary").click()
    expect(page.locator("tr.selected")).to_contain_text("approve")

    page.goto(f"/executions/{execution_id}/")
    expect(page.locator(".facts .status")).to_have_text("Completed")
    expect(page.locator("#result")).to_contain_text('"decision": "approved"')


def test_reset_a_failed_invoice_and_see_the_new_run(signed_in: SignedIn) -> None:
    page = signed_in("operator")
    page.goto("/executions/?workflow=invoice-pipeline&status=FAILED")
    page.locator(".run-list td.id a").first.wait_for(timeout=60_000)
    for place in range(page.locator(".run-list td.id a").count()):
        page.locator(".run-list td.id a").nth(place).click()
        page.locator(".cause").wait_for()
        if "ledger" in page.locator(".cause").inner_text():
            break
        page.go_back()
    failed_run = page.url.partition("run=")[2]
    page.get_by_role("link", name="Reset", exact=True).click()
    point = page.locator(".points-list tr", has_text="ActivityTaskScheduled book")
    point.get_by_role("radio").check()
    expect(page.get_by_label("Reset to event")).to_have_value(point.locator("label").first.inner_text())
    page.get_by_label("Reason").fill("the ledger is back")
    page.locator("button.primary").click()
    expect(page.locator("tr.selected")).to_contain_text("done")

    page.get_by_role("link", name="Overview").click()
    expect(page.locator(".facts .status")).to_have_text(re.compile("Running|Completed"))
    runs = page.locator("dd .plain-list li")
    expect(runs).to_have_count(2)
    expect(runs.filter(has_text="latest").locator("a")).not_to_have_attribute("href", re.compile(failed_run))
    expect(page.locator("#result")).to_contain_text("booking", timeout=LONG)
