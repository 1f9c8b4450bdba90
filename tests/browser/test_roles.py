"""Only what a user may do is offered."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import SignedIn, open_first

OFFERED = {
    "viewer": [],
    "operator": ["Signal", "Query", "Update", "Reset", "Cancel"],
    "admin": ["Signal", "Query", "Update", "Reset", "Cancel", "Terminate"],
}


@pytest.mark.parametrize(("role", "offered"), OFFERED.items())
def test_actions_that_a_role_is_offered(signed_in: SignedIn, role: str, offered: list[str]) -> None:
    page = signed_in(role)
    open_first(page, "kyc-review")
    assert page.locator(".acts a").all_inner_texts() == offered


@pytest.mark.slow
def test_admin_terminates_a_batch(signed_in: SignedIn) -> None:
    page = signed_in("admin")
    page.goto("/executions/?workflow=kyc-review&status=RUNNING")
    boxes = page.locator(".run-list tbody input[name=id]")
    boxes.first.wait_for()
    chosen = [boxes.nth(place).get_attribute("value") or "" for place in (0, 1)]
    for place in (0, 1):
        boxes.nth(place).check()
    expect(page.locator("[data-selection-bar]")).to_contain_text("2 selected")
    page.get_by_role("button", name="Terminate…").click()
    expect(page.locator("h1")).to_have_text("Terminate 2 executions")
    page.get_by_label("Reason").fill("opened by mistake")
    page.get_by_label("How many?").fill("2")
    page.get_by_role("button", name="Terminate 2 executions").click()
    expect(page.locator("#progress")).to_contain_text("2 done")
    for execution_id in chosen:
        page.goto(f"/executions/{execution_id}/")
        expect(page.locator(".facts .status")).to_have_text("Terminated")
