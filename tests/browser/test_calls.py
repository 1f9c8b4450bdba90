"""Talking to a workflow of the sandbox in the browser: signals, updates, and answers that come again."""

import json
import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from mistralai.client import Mistral
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, SignedIn, input_json
from tests.sandbox.api import Api

LONG = 30_000


def test_approve_a_review_through_its_fields(signed_in: SignedIn, demo_api: Api, engine: Mistral) -> None:
    execution_id = demo_api.start_review(case="case-1")
    page = signed_in("operator")
    page.goto(f"/executions/{execution_id}/signal/")
    page.get_by_label("Reason (optional)").fill("the customer waits")
    page.locator("#part").get_by_role("link", name="approve").click()
    expect(page.get_by_text("Approve the case.")).to_be_visible()
    assert page.url.endswith("?name=approve")
    page.locator("#part").get_by_role("link", name="reject").click()
    expect(page.get_by_text("Reject the case, with a reason.")).to_be_visible()
    page.go_back()
    expect(page.get_by_text("Approve the case.")).to_be_visible()
    assert input_json(page) == {"note": "", "limit": None, "conditions": []}

    # Nothing is sent that does not fit.
    page.get_by_label("limit").fill("-1")
    page.get_by_role("button", name="Signal").click()
    error = page.locator("[data-node]", has=page.get_by_label("reviewer")).locator("[data-node-error]")
    expect(error).to_have_text("This is required.")
    expect(page.get_by_label("reviewer")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("reviewer").fill("user-7")
    page.get_by_label("limit").fill("5000")
    page.get_by_role("button", name="Add to conditions").click()
    expect(page.get_by_label("text")).to_be_focused()
    page.keyboard.type("see the passport")
    page.get_by_label("until").fill("2027-01-31")
    given = {
        "note": "",
        "limit": 5000,
        "conditions": [{"until": "2027-01-31", "text": "see the passport"}],
        "reviewer": "user-7",
    }
    assert input_json(page) == given
    assert Axe().run(page).violations_count == 0
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.get_by_label("Input (JSON)").press("Control+Enter")
    expect(page.locator("tr.selected")).to_contain_text("approve")

    demo_api.wait_for(execution_id, "COMPLETED")
    result = engine.workflows.executions.get_workflow_execution(execution_id=execution_id).result
    assert result == {"case": "case-1", "priority": "normal", "score": result["score"], "decision": "approved", **given}

    # The run is over; what was sent is offered again.
    page.goto(f"/executions/{execution_id}/signal/?name=approve")
    expect(page.get_by_text("This run is over")).to_be_visible()
    page.locator("[data-recent]").click()
    assert input_json(page) == given
    expect(page.get_by_label("text")).to_have_value("see the passport")


@pytest.mark.slow
def test_a_priority_is_updated_while_its_status_is_asked_again_and_again(
    signed_in: SignedIn, demo_api: Api, engine: Mistral
) -> None:
    execution_id = demo_api.start_review(case="case-1")
    page = signed_in("operator")
    page.goto(f"/executions/{execution_id}/query/?name=get_status")
    page.get_by_role("button", name="Query").click()
    expect(page.locator("#answer-text")).to_contain_text('"priority": "normal"')
    page.get_by_label("Repeat").select_option("every 2 s")
    # What is being typed stays, and is not what is asked.
    page.get_by_label("Input (JSON)").fill('{"half": ')
    expect(page.locator("[data-changes]")).to_have_text(" · no change since the last answer", timeout=LONG)

    other = signed_in("operator")
    other.goto(f"/executions/{execution_id}/update/")
    other.get_by_label("Name").fill("set_priority")
    other.get_by_label("Name").press("Tab")
    other.get_by_label("priority").select_option("high")
    assert input_json(other) == {"priority": "high"}
    other.get_by_role("button", name="Update").click()
    expect(other.locator("tr.selected")).to_contain_text('"after": "high"')
    asked = {"execution_id": execution_id, "name": "get_status"}
    assert engine.workflows.executions.query_workflow_execution(**asked).result["priority"] == "high"

    page.bring_to_front()
    # The marks stay until the next change.
    kept = re.compile(r"last changed at \d\d:\d\d:\d\d\.\d\d\d: 1 line changed$")
    expect(page.locator("[data-last-change]")).to_have_text(kept, timeout=LONG)
    expect(page.locator("[data-changes]")).to_have_text(" · no change since the last answer")
    assert page.locator("#answer-text ins").all_inner_texts() == ['  "priority": "high",']
    expect(page.get_by_label("Input (JSON)")).to_have_value('{"half": ')
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.locator("[data-toast]")).to_have_text("Copied")
    copied = json.loads(page.evaluate("navigator.clipboard.readText()"))
    assert copied == {"decision": None, "priority": "high", "score": copied["score"]}
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename == "get_status.json"
    assert json.loads(Path(download.value.path()).read_text()) == copied
    assert Axe().run(page).violations_count == 0

    # It rests while nobody looks, and ends where it fails.
    page.evaluate("Object.defineProperty(document, 'hidden', { get: () => window.away, configurable: true })")
    page.evaluate("window.away = true; document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("[data-repeat-state]")).to_have_text("paused while nobody looks")
    failing = '<section class="problem" role="alert"><h2>It fails</h2></section>'
    page.route("**/query/", lambda route: route.fulfill(status=409, body=failing))
    page.evaluate("window.away = false; document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("[data-repeat-state]")).to_have_text("stopped: the last one failed")
    expect(page.get_by_label("Repeat")).to_have_value("")
    expect(page.locator("#answer-text")).to_contain_text('"priority": "high"')
    expect(page.locator("#answer")).to_contain_text("It fails")


def test_no_keyboard_comes_up_by_itself(signed_in: SignedIn, demo_api: Api) -> None:
    execution_id = demo_api.start_review(case="case-1")
    page = signed_in("operator", viewport=PHONE, has_touch=True, is_mobile=True)
    page.goto(f"/executions/{execution_id}/signal/?name=approve")
    page.get_by_label("reviewer").wait_for()
    assert page.evaluate("document.activeElement.tagName") == "BODY"
