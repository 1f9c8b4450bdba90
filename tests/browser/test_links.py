"""Links: what is shared is what a teammate sees."""

from playwright.sync_api import Browser, expect

from tests.browser.conftest import SEEDED, SignedIn, open_first
from tests.servers import PASSWORD


def test_copied_link_names_the_run_and_the_event(signed_in: SignedIn) -> None:
    page = signed_in("operator")
    open_first(page, "invoice-pipeline", "COMPLETED", SEEDED)
    page.get_by_role("link", name="History").click()
    page.locator("#history-5 > summary").click()
    page.locator("#event-5").get_by_role("button", name="Copy link").click()
    expect(page.locator("[data-toast]")).to_have_text("Link to this event and this run copied")
    link = page.evaluate("navigator.clipboard.readText()")
    assert "event=5" in link
    assert "run=" in link

    teammate = signed_in("viewer")
    teammate.goto(link)
    expect(teammate.locator("#event-5 details")).to_have_attribute("open", "")
    expect(teammate.locator("#event-5")).to_contain_text("ActivityTaskScheduled")


def test_link_opened_signed_out_comes_back_after_signing_in(demo: str, browser: Browser, signed_in: SignedIn) -> None:
    page = signed_in("operator")
    open_first(page, "invoice-pipeline", "COMPLETED", SEEDED)
    page.get_by_role("link", name="History").click()
    link = page.url + "&type=activity"

    stranger = browser.new_context().new_page()
    stranger.goto(link)
    expect(stranger.locator(".sign-in")).to_contain_text("You will come back to the page that you opened.")
    stranger.get_by_label("Name").fill("viewer")
    stranger.get_by_label("Password").fill(PASSWORD)
    stranger.get_by_role("button", name="Sign in").click()
    expect(stranger).to_have_url(link)
    expect(stranger.get_by_role("group", name="Kinds").locator(".chip.on")).to_contain_text("activity")
    stranger.context.close()


def test_log_line_has_a_link_that_survives_a_reload(signed_in: SignedIn) -> None:
    page = signed_in("viewer")
    open_first(page, "invoice-pipeline", "COMPLETED", SEEDED)
    page.get_by_role("link", name="Logs").click()
    # All there is, so that no row moves while it is clicked.
    expect(page.locator("[data-live-state]")).to_have_text("ended", timeout=30_000)
    row = page.locator(".log-rows > li").nth(1)
    words = row.locator(".body").inner_text()
    row.locator("summary").click()
    row.get_by_role("button", name="Copy link").click()
    expect(page.locator("[data-toast]")).to_have_text("Link to this line and this run copied")
    page.goto(page.evaluate("navigator.clipboard.readText()"))
    expect(page.locator(".log-rows > li.selected .body")).to_have_text(words)
    expect(page.locator(".log-rows > li.selected details")).to_have_attribute("open", "")
