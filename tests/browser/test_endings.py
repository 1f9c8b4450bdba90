"""Cancel and terminate in the browser, and what the engine made of it, asked through the vendor's own client."""

from collections.abc import Iterator

import pytest
from mistralai.client import Mistral
from playwright.sync_api import Page, expect

from tests.browser.conftest import SignedIn
from tests.browser.test_pages import look
from tests.sandbox.api import Api

LONG = 30_000
CLEAN_UP = "remove_partial_file"


def export(api: Api, clean_up_seconds: int) -> str:
    """A new export that has written its first chunk."""
    given = {"table": "endings", "chunks": 600, "clean_up_seconds": clean_up_seconds}
    execution_id = api.start("table-export", given)
    api.wait_for_event(execution_id, "EVENT_TYPE_ACTIVITY_TASK_SCHEDULED")
    return execution_id


@pytest.fixture(scope="module")
def cleaning(demo_api: Api) -> Iterator[str]:
    """An export that takes a minute to clean up: whoever cancels it sees it still running."""
    execution_id = export(demo_api, 60)
    yield execution_id
    demo_api.post(execution_id, "/terminate")


def events(engine: Mistral, execution_id: str) -> list[str]:
    """What the engine says happened, an activity by its name: where it was scheduled, and where it completed."""
    found = engine.workflows.executions.get_workflow_execution_history(execution_id=execution_id, decode_payloads=True)
    names, known = [], {}
    for one in found["events"]:
        kind = one["eventType"].removeprefix("EVENT_TYPE_")
        if scheduled := one.get("activityTaskScheduledEventAttributes"):
            kind = known[one["eventId"]] = scheduled["activityType"]["name"]
        if completed := one.get("activityTaskCompletedEventAttributes"):
            kind = f"{known[completed['scheduledEventId']]} completed"
        names.append(kind)
    return names


def status(engine: Mistral, execution_id: str) -> str:
    return str(engine.workflows.executions.get_workflow_execution(execution_id=execution_id).status)


def send(page: Page, execution_id: str, operation: str, reason: str) -> None:
    page.goto(f"/executions/{execution_id}/{operation}/")
    page.get_by_label("Reason").fill(reason)
    if operation == "terminate":
        page.get_by_label("Confirm").fill(page.locator(".whole-id mark").inner_text())
    page.locator("form.action button:not([type])").click()
    page.wait_for_url("**/actions/?action=*")


@pytest.mark.slow
def test_cancel_ends_it_after_ten_seconds_of_clean_up(signed_in: SignedIn, demo_api: Api, engine: Mistral) -> None:
    execution_id = export(demo_api, 10)
    page = signed_in("operator")
    send(page, execution_id, "cancel", "exported twice")
    page.goto(f"/executions/{execution_id}/")
    asked = page.locator(".asked")
    expect(asked).to_contain_text("by operator: exported twice")
    # Nobody loads the page again: it goes on by itself.
    expect(page.get_by_role("link", name="Cancel again")).to_be_visible()
    demo_api.wait_for_event(execution_id, "EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED")
    expect(page.locator(".facts .status")).to_have_text("Running")
    assert (status(engine, execution_id), CLEAN_UP in events(engine, execution_id)) == ("RUNNING", True)
    expect(page.locator(".facts .status")).to_have_text("Canceled", timeout=LONG)
    expect(asked).to_have_count(0)
    expect(page.locator("dt:text-is('Ended by') + dd")).to_have_text("operator, with cancel: exported twice")

    found = events(engine, execution_id)
    assert status(engine, execution_id) == "CANCELED"
    assert found.count("WORKFLOW_EXECUTION_CANCEL_REQUESTED") == 1
    assert found.count(CLEAN_UP) == 1
    assert found.index(CLEAN_UP) < found.index(f"{CLEAN_UP} completed") < found.index("WORKFLOW_EXECUTION_CANCELED")
    times = {one["eventType"]: one["eventTime"] for one in demo_api.history(execution_id)}
    seconds = _seconds(times["EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED"]) - _seconds(
        times["EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED"]
    )
    assert seconds % 86_400 >= 10


def _seconds(moment: str) -> float:
    hours, minutes, seconds = moment.partition("T")[2].rstrip("Z").split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def test_terminate_ends_it_at_once_and_nothing_cleans_up(signed_in: SignedIn, demo_api: Api, engine: Mistral) -> None:
    execution_id = export(demo_api, 10)
    page = signed_in("admin")
    page.goto(f"/executions/{execution_id}/cancel/")
    page.get_by_role("link", name="Terminate instead").click()
    page.get_by_label("Reason").fill("the disk is full")
    page.get_by_label("Confirm").fill(execution_id[:6])
    page.get_by_role("button", name="Terminate").click()
    expect(page.locator(".field-error")).to_have_text("These are not the last 6 characters of the id.")
    assert status(engine, execution_id) == "RUNNING"
    expect(page.get_by_label("Reason")).to_have_value("the disk is full")
    page.get_by_label("Confirm").fill(execution_id[-6:])
    page.keyboard.press("Enter")
    page.wait_for_url("**/actions/?action=*")
    expect(page.locator("tr.selected")).to_contain_text("the disk is full")

    assert status(engine, execution_id) == "TERMINATED"
    found = events(engine, execution_id)
    assert (found[-1], CLEAN_UP in found) == ("WORKFLOW_EXECUTION_TERMINATED", False)
    page.get_by_role("link", name="Overview").click()
    expect(page.locator("dt:text-is('Ended by') + dd")).to_have_text("admin, with terminate: the disk is full")


@pytest.mark.slow
def test_two_tabs_and_the_back_button_ask_once(signed_in: SignedIn, cleaning: str, engine: Mistral) -> None:
    first = signed_in("operator")
    second = first.context.new_page()
    second.goto(f"/executions/{cleaning}/cancel/")
    second.get_by_label("Reason").fill("typed in the other tab")
    send(first, cleaning, "cancel", "exported twice")

    # The page behind is made anew, and says what has been asked already.
    first.go_back()
    expect(first.locator(".action .canceling")).to_contain_text("by operator: exported twice")
    expect(first.get_by_role("button", name="Cancel the execution again")).to_be_visible()

    second.get_by_role("button", name="Cancel the execution").click()
    expect(second.locator(".problem h2")).to_have_text("This execution has changed since you opened the form")
    expect(second.locator(".problem dd").last).to_contain_text("Cancel requested")
    expect(second.get_by_label("Reason")).to_have_value("typed in the other tab")
    assert events(engine, cleaning).count("WORKFLOW_EXECUTION_CANCEL_REQUESTED") == 1
    look(second, "changed")
    second.goto(f"/executions/{cleaning}/terminate/")
    expect(second.locator(".action .notice")).to_have_count(0)


@pytest.mark.slow
def test_a_cancel_from_elsewhere_is_seen(signed_in: SignedIn, demo_api: Api, engine: Mistral) -> None:
    execution_id = export(demo_api, 60)
    engine.workflows.executions.cancel_workflow_execution(execution_id=execution_id)
    demo_api.wait_for_event(execution_id, "EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED")
    page = signed_in("viewer")
    page.goto(f"/executions/{execution_id}/")
    said = page.locator("#why")
    expect(said).to_contain_text("not from this console")
    # A refresh of the page around it leaves it there.
    with page.expect_response(lambda answer: answer.url.endswith(f"/{execution_id}/"), timeout=LONG):
        page.evaluate("htmx.trigger(document.body, 'facts-changed')")
    expect(said).to_contain_text("not from this console")
    said.get_by_role("link").first.click()
    expect(page.locator(".row.selected")).to_contain_text("WorkflowExecutionCancelRequested")
    expect(said).to_contain_text("not from this console")
    demo_api.post(execution_id, "/terminate")
