"""What operators did, in the browser: in an execution's history, and in the audit with its filters and its sheet."""

import csv
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import SignedIn
from tests.browser.test_pages import look
from tests.sandbox.api import Api

LONG = 30_000


def act(page: Page, execution_id: str, reason: str) -> None:
    """Change a review's priority."""
    page.goto(f"/executions/{execution_id}/update/?name=set_priority")
    page.get_by_label("Input (JSON)").fill('{"priority": "high"}')
    page.get_by_label("Reason (optional)").fill(reason)
    page.get_by_role("button", name="Update").click()
    page.wait_for_url("**/actions/?action=*")


@pytest.mark.slow
def test_it_stands_among_the_engine_s_events(signed_in: SignedIn, demo_api: Api) -> None:
    execution_id = demo_api.start_review()
    page = signed_in("operator")
    act(page, execution_id, "the customer waits")
    page.goto(f"/executions/{execution_id}/history/?view=all")
    rows = page.locator(".history-rows > .row")
    # What was read a moment before stands for a second; what is new comes in by itself.
    expect(rows.filter(has_text="WorkflowExecutionUpdateAccepted")).to_be_visible(timeout=LONG)
    texts = rows.all_inner_texts()
    done = next(place for place, text in enumerate(texts) if "Update by operator" in text)
    accepted = next(place for place, text in enumerate(texts) if "WorkflowExecutionUpdateAccepted" in text)
    # The newest first: what the engine made of it stands above it.
    assert accepted < done

    page.locator(".chip", has_text="operator").click()
    expect(rows).to_have_count(1)
    rows.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(rows).to_contain_text("the customer waits")
    link = rows.locator("[data-copy-link]")
    link.click()
    expect(page.locator("[data-toast]")).to_have_text("Link to this event and this run copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    # It opens again at every refresh, as an event does.
    page.goto(copied)
    row = page.locator(".row.selected")
    expect(row.locator("details")).to_have_attribute("open", "")
    with page.expect_response(lambda answer: "/history/" in answer.url, timeout=LONG):
        pass
    expect(row.locator("details")).to_have_attribute("open", "")
    look(page, "history-operators")
    row.get_by_role("link", name="Its record").click()
    expect(page.locator("tr.selected")).to_contain_text('"priority": "high"')
    look(page, "actions-open")


@pytest.mark.slow
def test_filters_are_in_the_address_and_the_sheet_has_what_they_give(
    signed_in: SignedIn, demo_api: Api, tmp_path: Path
) -> None:
    execution_id = demo_api.start_review()
    page = signed_in("admin", timezone_id="America/New_York")
    act(page, execution_id, "=1+1")
    page.goto("/audit/")
    page.get_by_label("Execution").last.fill(execution_id)
    page.get_by_label("Operation").select_option("Update")
    page.get_by_label("Outcome").select_option("done")
    page.get_by_label("After").fill("2020-01-31T09:00")
    page.get_by_label("After").press("Enter")
    page.wait_for_url("**/audit/?*after=2020-01-31T14%3A00%3A00.000Z*")
    assert "user=" not in page.url
    expect(page.get_by_label("After")).to_have_value("2020-01-31T09:00:00")
    expect(page.locator(".entries tbody tr")).to_have_count(1)
    expect(page.locator(".entries tbody tr")).to_contain_text("=1+1")
    look(page, "audit-filtered")

    page.set_viewport_size({"width": 1440, "height": 900})
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Download CSV").click()
    file = tmp_path / "audit.csv"
    downloading.value.save_as(file)
    with file.open(encoding="utf-8-sig", newline="") as opened:
        (row,) = csv.DictReader(opened)
    assert (row["execution"], row["operation"], row["outcome"]) == (execution_id, "update", "done")
    assert (row["user"], row["reason"]) == ("admin", "'=1+1")

    page.get_by_label("User").fill("nobody")
    page.get_by_label("User").press("Enter")
    expect(page.locator(".empty h2")).to_have_text("No actions match these filters")
    page.get_by_role("link", name="Clear").click()
    page.wait_for_url("**/audit/")
    expect(page.get_by_label("User")).to_have_value("")
