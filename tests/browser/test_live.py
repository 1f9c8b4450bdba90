"""Rows that arrive live, in a real browser, through the faults of real life."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.sandbox.api import Api
from tests.servers import PASSWORD, Console, console

LONG = 30_000


def _sign_in(browser: Browser, served: Console) -> Page:
    page = browser.new_context(base_url=served.url).new_page()
    page.goto("/accounts/login/")
    page.get_by_label("Name").fill("viewer")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/executions/")
    return page


def _bodies(page: Page) -> list[str]:
    return page.locator(".log-rows > li summary .mono").all_inner_texts()


@pytest.mark.slow
def test_lines_go_on_after_the_console_crashed(browser: Browser, sandbox: str, tmp_path: Path) -> None:
    api = Api(sandbox)
    execution_id = api.start("table-export", {"table": "orders", "chunks": 12})
    with console(tmp_path, sandbox) as served:
        page = _sign_in(browser, served)
        page.goto(f"/executions/{execution_id}/logs/?order=asc")
        light = page.locator("[data-live-state]")
        expect(light).to_have_text("live", timeout=LONG)
        expect(page.locator(".log-rows")).to_contain_text("chunk 3 written", timeout=LONG)
        served.kill()
        expect(light).to_have_text("reconnecting", timeout=LONG)
        served.start()
        expect(page.locator(".log-rows")).to_contain_text("chunk 12 written", timeout=LONG)
        expect(light).to_have_text("ended", timeout=LONG)
        shown = _bodies(page)
        page.context.close()
    assert shown == api.log_bodies(execution_id)
    assert [body for body in shown if "chunk" in body] == [
        f"table orders: chunk {number} written, 500 rows" for number in range(1, 13)
    ]


def test_pause_holds_rows_back_and_says_how_many(browser: Browser, sandbox: str, tmp_path: Path) -> None:
    execution_id = Api(sandbox).start("table-export", {"table": "orders", "chunks": 600})
    with console(tmp_path, sandbox) as served:
        page = _sign_in(browser, served)
        page.goto(f"/executions/{execution_id}/logs/")
        expect(page.locator(".log-rows")).to_contain_text("chunk 1 written", timeout=LONG)
        page.get_by_role("button", name="Pause").click()
        before = len(_bodies(page))
        new = page.locator("[data-live-new]")
        expect(new).to_have_text("2 new lines", timeout=LONG)
        assert len(_bodies(page)) == before
        new.click()
        expect(new).to_be_hidden()
        assert len(_bodies(page)) >= before + 2
        page.context.close()
    Api(sandbox).post(execution_id, "/terminate")
