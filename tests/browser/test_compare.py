"""Two executions side by side, in the browser: the ways there, and what it says of two real ones."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import SignedIn
from tests.browser.test_pages import look
from tests.sandbox.api import Api

LEDGER = {"document": "scan-2.pdf", "amount": 20, "flaw": "ledger"}


@pytest.fixture(scope="module")
def pair(demo_api: Api) -> tuple[str, str]:
    """An invoice that went well, and a later one that failed when it was booked."""
    good = demo_api.start("invoice-pipeline", {"document": "scan-1.pdf", "amount": 10})
    demo_api.wait_for(good, "COMPLETED")
    bad = demo_api.start("invoice-pipeline", LEDGER)
    demo_api.wait_for(bad, "FAILED")
    return good, bad


def says(page: Page, good: str, bad: str) -> None:
    """What it says of the two, whichever way led there."""
    expect(page.get_by_role("heading", name="Two executions side by side")).to_be_visible()
    heading = page.locator(".compare-facts thead")
    expect(heading.locator("th a")).to_have_text([good, bad])
    part = page.locator("#part")
    expect(part).to_contain_text(
        re.compile(r"Then the older\s*ActivityTaskCompleted book .*Then the newer\s*ActivityTaskFailed book", re.DOTALL)
    )
    expect(page.locator(".compare-values tr", has_text="amount").first).to_contain_text(re.compile(r"10.*20"))
    book = page.locator(".compare-steps tr", has_text="book").last
    expect(book.locator(".tag")).to_have_text("outcome differs")
    expect(book.locator("td").nth(1)).to_contain_text("the ledger service answered 503")


def test_two_ticked_rows(signed_in: SignedIn, pair: tuple[str, str]) -> None:
    page = signed_in("viewer")
    page.goto("/executions/?workflow=invoice-pipeline")
    link = page.get_by_role("link", name="Compare the two")
    page.get_by_label(f"Select {pair[0]}").check()
    expect(link).to_be_hidden()
    expect(page.locator("[data-compare-hint]")).to_have_text("Select two to compare them.")
    page.get_by_label(f"Select {pair[1]}").check()
    link.click()
    says(page, *pair)


@pytest.mark.slow
def test_what_is_over_can_be_compared_and_nothing_else(
    signed_in: SignedIn, demo_api: Api, pair: tuple[str, str]
) -> None:
    running = demo_api.start_review(case="compared")
    page = signed_in("admin")
    page.goto("/executions/")
    cancel = page.get_by_role("button", name="Cancel…")
    page.get_by_label(f"Select {running}").check()
    expect(cancel).to_be_enabled()
    page.get_by_label(f"Select {pair[1]}").check()
    expect(cancel).to_be_disabled()
    expect(page.locator("[data-selection-over]")).to_be_visible()
    expect(page.get_by_role("link", name="Compare the two")).to_be_visible()
    page.get_by_label(f"Select {pair[1]}").uncheck()
    expect(cancel).to_be_enabled()
    demo_api.post(running, "/terminate")


@pytest.mark.slow
def test_another_execution_is_named(signed_in: SignedIn, pair: tuple[str, str]) -> None:
    """In the field, by keyboard; one that does not exist is said, and the field is still there."""
    page = signed_in("viewer")
    page.goto(f"/executions/{pair[1]}/compare/")
    expect(page.get_by_role("heading", name="There is only one run")).to_be_visible()
    field = page.get_by_label("with")
    field.fill("inv-nowhere")
    field.press("Enter")
    expect(page.get_by_role("heading", name="There is no execution and no run “inv-nowhere”")).to_be_visible()
    expect(field).to_have_value("inv-nowhere")
    field.fill(pair[0])
    field.press("Enter")
    says(page, *pair)
    page.get_by_role("link", name=re.compile("^Not the same")).press("Enter")
    page.wait_for_url("**show=differing*")
    expect(page.locator(".compare-steps tbody tr:not(.differs)")).to_have_count(0)
    page.go_back()
    says(page, *pair)
    page.wait_for_load_state("networkidle")
    look(page, "compare-two")


@pytest.mark.slow
def test_a_suggestion_leads_to_it(signed_in: SignedIn, pair: tuple[str, str]) -> None:
    page = signed_in("viewer")
    page.goto(f"/executions/{pair[1]}/compare/")
    page.get_by_role("link", name=re.compile("^Last completed")).click()
    expect(page.get_by_role("heading", name="Two executions side by side")).to_be_visible()
    expect(page.locator(".compare-facts tbody")).to_contain_text("Completed")
