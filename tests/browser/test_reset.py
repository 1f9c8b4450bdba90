"""A failed invoice reset in the browser: what it shows before, what it leads to, and what the engine made of it."""

import re

import pytest
from mistralai.client import Mistral
from playwright.sync_api import Page, expect

from tests.browser.conftest import SignedIn
from tests.browser.test_pages import look
from tests.sandbox.api import Api

LONG = 30_000
LEDGER = {"document": "scan-1.pdf", "amount": 10, "flaw": "ledger"}


@pytest.fixture(scope="module")
def failed(demo_api: Api) -> str:
    """An invoice that failed when it was booked, and that nobody resets."""
    execution_id = demo_api.start("invoice-pipeline", LEDGER)
    demo_api.wait_for(execution_id, "FAILED")
    return execution_id


def chosen(page: Page) -> str:
    """What would be sent."""
    return page.locator("form.action input[name=event_id][type=hidden]").input_value()


def rehearsal(page: Page, number: int) -> None:
    """Wait until the page says what a reset to this event does."""
    expect(page.get_by_role("heading", name=f"What a reset to event {number} does")).to_be_visible()
    assert chosen(page) == str(number)


@pytest.mark.slow
def test_reset_to_before_what_failed(signed_in: SignedIn, demo_api: Api, engine: Mistral) -> None:
    execution_id = demo_api.start("invoice-pipeline", LEDGER)
    before = demo_api.wait_for(execution_id, "FAILED")
    page = signed_in("operator")
    page.goto(f"/executions/{execution_id}/")
    page.get_by_role("link", name="Reset", exact=True).click()
    expect(page.locator(".reset-cause")).to_contain_text("the ledger service answered 503")
    rehearsal(page, 22)
    expect(page.get_by_role("heading", name="Runs again: book")).to_be_visible()
    button = page.locator("form.action #act")
    expect(button).to_have_text("Reset, and run book again")
    expect(button).to_have_class("primary")
    page.get_by_label("Reason").fill("the ledger is back")

    # Another point by keyboard, and back: what it does follows, and what is sent is what is shown.
    page.get_by_role("radio", name="22").focus()
    page.keyboard.press("ArrowDown")
    rehearsal(page, 16)
    expect(page.get_by_role("heading", name="Runs again: validate, book")).to_be_visible()
    expect(page).to_have_url(re.compile(r"event_id=16"))
    expect(button).to_have_text("Reset, and run validate and book again")
    expect(button).to_have_class("danger filled")
    # After what failed it would only fail again; the better point is a click away.
    page.get_by_role("radio", name="28").check()
    rehearsal(page, 28)
    expect(button).to_have_text("Reset")
    page.locator(".rehearsal .notice label", has_text="event 22").click()
    rehearsal(page, 22)
    page.get_by_role("radio", name="16").check()
    rehearsal(page, 16)
    page.locator(".points-tools label", has_text="event 22").click()
    rehearsal(page, 22)
    expect(button).to_be_enabled()
    button.click()

    row = page.locator("tr.selected")
    expect(row).to_contain_text("done")
    expect(row).to_contain_text("the ledger is back")
    expect(row.get_by_role("link", name="The run before")).to_have_attribute("href", re.compile(before["run_id"]))
    demo_api.wait_for(execution_id, "COMPLETED")
    row.get_by_role("link", name="Compare the two runs").click()
    expect(page.locator("#part")).to_contain_text(
        "The newer run took over what the older one had done, up to history event 21."
    )
    expect(page.locator("#part")).to_contain_text("“the ledger is back”")
    book = page.locator(".compare-steps tr", has_text="book").first
    expect(book.locator("td").nth(0)).to_contain_text("the ledger service answered 503")
    expect(book.locator("td").nth(1)).to_contain_text("booking-scan-1.pdf")
    page.wait_for_load_state("networkidle")
    look(page, "compare")

    executions, runs = engine.workflows.executions, engine.workflows.runs
    after = executions.get_workflow_execution(execution_id=execution_id)
    assert (after.status, after.result["booking"]) == ("COMPLETED", "booking-scan-1.pdf")
    assert after.run_id != before["run_id"]
    assert runs.get_run(run_id=before["run_id"]).status == "FAILED"
    history = executions.get_workflow_execution_history(execution_id=execution_id)["events"]
    marker = history[21]["workflowTaskFailedEventAttributes"]
    assert (history[21]["eventId"], marker["cause"], marker["failure"]["message"]) == (
        "22",
        "WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW",
        "the ledger is back",
    )


@pytest.mark.slow
def test_points_are_found_without_losing_what_was_written(signed_in: SignedIn, failed: str) -> None:
    page = signed_in("operator")
    # From a row of the history that is no point.
    page.goto(f"/executions/{failed}/history/?view=all&event=13")
    page.locator("#event-13").get_by_role("link", name="Reset to before this").click()
    expect(page.locator("#choice-notice")).to_contain_text("Chosen instead: event 10, the last point before it.")
    rehearsal(page, 10)
    page.get_by_label("Reason").fill("as agreed")
    page.get_by_label("Find a point").fill("validate")
    # Event 16 stands before `validate`, 22 is suggested, and 10 is chosen.
    expect(page.get_by_role("radio")).to_have_count(3)
    page.get_by_label("Find a point").press("Enter")
    page.get_by_role("radio", name="16").check()
    rehearsal(page, 16)
    expect(page.locator("#choice-notice")).to_be_empty()
    page.get_by_label("Leave out signals").check()
    expect(page).to_have_url(re.compile("exclude_signals=on"))
    rehearsal(page, 16)
    expect(page.get_by_label("Reason")).to_have_value("as agreed")
    page.reload()
    rehearsal(page, 16)
    expect(page.get_by_label("Leave out signals")).to_be_checked()
    expect(page.locator("#points tr:has(:checked)")).to_be_in_viewport()


@pytest.mark.slow
def test_what_could_not_be_shown_is_not_sent(signed_in: SignedIn, failed: str, engine: Mistral) -> None:
    """A point was chosen, but what it does did not come: the one before it must not be sent in its stead."""
    page = signed_in("operator")
    page.goto(f"/executions/{failed}/reset/")
    rehearsal(page, 22)
    page.get_by_label("Reason").fill("as agreed")
    page.route(f"**/executions/{failed}/reset/?*", lambda route: route.fulfill(status=401))
    with page.expect_response("**/reset/?*"):
        page.locator("#point-4").check()
    expect(page.locator("button.primary")).to_be_enabled()
    page.unroute_all()
    page.locator("button.primary").click()
    expect(page.locator(".field-error")).to_have_text("Choose the point.")
    expect(page.get_by_label("Reason")).to_have_value("as agreed")
    assert engine.workflows.executions.get_workflow_execution(execution_id=failed).status == "FAILED"
    page.wait_for_load_state("networkidle")
    look(page, "reset-no-point")


def test_without_script_a_button_shows_what_it_does(signed_in: SignedIn, failed: str) -> None:
    page = signed_in("operator", java_script_enabled=False)
    page.goto(f"/executions/{failed}/reset/")
    assert chosen(page) == "22"
    page.get_by_role("radio", name="16").check()
    page.get_by_label("Leave out updates").check()
    page.get_by_role("button", name="Show what it does").click()
    rehearsal(page, 16)
    expect(page.locator("form.action input[name=exclude_updates][type=hidden]")).to_have_value("on")


@pytest.mark.slow
def test_how_the_rehearsal_looks(signed_in: SignedIn, demo_api: Api) -> None:
    execution_id = demo_api.start_review()
    for priority in ("high", "low"):
        update = {"name": "set_priority", "input": {"priority": priority}}
        assert demo_api.post(execution_id, "/updates", update).status_code == 200
    page = signed_in("operator")
    page.goto(f"/executions/{execution_id}/reset/?event_id=4&exclude_updates=on")
    rehearsal(page, 4)
    expect(page.get_by_role("heading", name="Signals and updates that are left out: 2")).to_be_visible()
    # It has grown since.
    assert demo_api.post(execution_id, "/signals", {"name": "approve", "input": {"reviewer": "user-7"}}).is_success
    expect(page.locator("#grown")).to_contain_text("more events since this was shown", timeout=LONG)
    page.get_by_role("button", name="Show it anew").click()
    expect(page.get_by_role("heading", name="Signals and updates that are applied again: 1")).to_be_visible()
    page.locator(".step-rows summary").first.click()
    look(page, "reset-rehearsed")
