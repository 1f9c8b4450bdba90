"""The keys of a page, said on the page."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, SEEDED, SignedIn, open_first


def listed(page: Page) -> list[str]:
    return page.get_by_role("dialog").get_by_role("heading", level=3).all_inner_texts()


def test_they_are_those_of_the_page(signed_in: SignedIn) -> None:
    page = signed_in("viewer")
    execution_id = open_first(page, "invoice-pipeline", "COMPLETED", SEEDED)
    page.goto(f"/executions/{execution_id}/history/")
    row = page.locator(".history-rows summary").first
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(row.locator("xpath=..")).to_have_attribute("open", "")
    page.locator("#strip-axis").wait_for()
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keys of this page")
    expect(dialog).to_be_visible()
    assert listed(page) == ["Everywhere", "In a list", "On the time strip, when it has the focus"]
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    # The row is where it was, and open.
    expect(row).to_be_focused()
    expect(row.locator("xpath=..")).to_have_attribute("open", "")
    # In a field it is a character like any other.
    page.keyboard.press("/")
    page.keyboard.press("?")
    expect(page.locator("#open-id")).to_have_value("?")
    expect(dialog).to_be_hidden()
    page.goto(f"/executions/{execution_id}/trace/")
    page.locator("#strip-axis").wait_for()
    page.get_by_role("button", name="Keys").click()
    assert listed(page) == [
        "Everywhere",
        "When you have searched",
        "In the waterfall",
        "On the time strip, when it has the focus",
    ]
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()
    # While it is open, they do nothing on the page.
    page.locator("[data-place]").first.click()
    pane = page.get_by_label("The selected span")
    expect(pane).to_be_visible()
    page.keyboard.press("?")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(pane).to_be_visible()
    page.keyboard.press("Escape")
    expect(pane).to_be_hidden()
    page.set_viewport_size(PHONE)
    expect(page.get_by_role("button", name="Keys")).to_be_hidden()
