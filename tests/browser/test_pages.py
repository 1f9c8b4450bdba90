"""Every page, as it looks: both themes, desktop and phone; accessible, and nothing sticks out."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.conftest import DESKTOP, PHONE, SCREENSHOTS, SEEDED, SignedIn, open_first

PAGES = {
    # name: (workflow and status to open, what follows its address)
    "overview": ("invoice-pipeline", "FAILED", ""),
    "history": ("invoice-pipeline", "FAILED", "history/"),
    "trace": ("research-agent", "COMPLETED", "trace/"),
    "trace-events": ("invoice-pipeline", "COMPLETED", "trace/?view=events"),
    "trace-otel": ("invoice-pipeline", "COMPLETED", "trace/?view=otel"),
    "logs": ("invoice-pipeline", "FAILED", "logs/"),
    "events": ("invoice-pipeline", "COMPLETED", "events/"),
    "actions": ("kyc-review", "RUNNING", "actions/"),
    "signal": ("kyc-review", "RUNNING", "signal/"),
    "query": ("kyc-review", "RUNNING", "query/"),
    "update": ("kyc-review", "RUNNING", "update/"),
    "cancel": ("kyc-review", "RUNNING", "cancel/"),
    "terminate": ("kyc-review", "RUNNING", "terminate/"),
    "reset": ("invoice-pipeline", "FAILED", "reset/"),
}
PLAIN = {
    "list": "/executions/",
    "audit": "/audit/",
    "empty": "/executions/?q=nothing-has-this-name",
    "error": "/executions/no-such-execution/",
    "wrong-filter": "/executions/?started_after=yesterday",
}


QUICK = {"history", "list"}
"""Those that `make test` looks at; the slow tests look at the others."""


def _each(names: dict[str, Any]) -> list[Any]:
    return [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in names]


def _act(page: Page) -> None:
    """Do something, so that the audit has a row: with an answer the first time, refused after that."""
    execution_id = open_first(page, "kyc-review")
    page.goto(f"/executions/{execution_id}/update/")
    page.get_by_label("Name").fill("set_priority")
    page.get_by_label("Input (JSON)").fill('{"priority": "high"}')
    page.locator("button.primary").click()
    page.locator("tr.selected, .problem").wait_for()


def look(page: Page, name: str) -> None:
    """A screenshot in each theme and size; axe finds nothing; nothing is wider than the window."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        for viewport in (DESKTOP, PHONE):
            page.set_viewport_size(viewport)
            page.screenshot(path=SCREENSHOTS / f"{name}-{theme}-{viewport['width']}.png")
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.set_viewport_size(DESKTOP)


@pytest.mark.parametrize("name", _each(PAGES))
def test_page_of_an_execution(signed_in: SignedIn, name: str) -> None:
    page = signed_in("admin")
    workflow, status, rest = PAGES[name]
    if name == "actions":
        _act(page)
    execution_id = open_first(page, workflow, status, SEEDED if workflow == "invoice-pipeline" else "")
    page.goto(f"/executions/{execution_id}/{rest}")
    page.wait_for_load_state("networkidle")
    look(page, name)


@pytest.mark.parametrize("name", _each(PLAIN))
def test_page_of_the_site(signed_in: SignedIn, name: str) -> None:
    page = signed_in("admin")
    if name == "audit":
        _act(page)
    page.goto(PLAIN[name])
    page.wait_for_load_state("networkidle")
    look(page, name)


def test_twenty_rows_of_history_above_the_fold(signed_in: SignedIn) -> None:
    page = signed_in("viewer")
    execution_id = open_first(page, "invoice-pipeline", "COMPLETED", SEEDED)
    page.goto(f"/executions/{execution_id}/history/?view=all")
    rows = page.locator(".history-rows > .row")
    assert rows.nth(0).bounding_box()["y"] <= 260
    twentieth = rows.nth(19).bounding_box()
    assert twentieth["y"] + twentieth["height"] <= DESKTOP["height"]
