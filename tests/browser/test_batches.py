"""Many executions at once in the browser: selecting, confirming, watching, leaving and coming back, and the results."""

import csv
import io
from collections import Counter
from pathlib import Path

import pytest
from mistralai.client import Mistral
from playwright.sync_api import Page, expect

from tests.browser.conftest import SCREENSHOTS, SignedIn
from tests.browser.test_pages import look
from tests.sandbox.api import Api

LONG = 30_000


def status(engine: Mistral, execution_id: str) -> str:
    return str(engine.workflows.executions.get_workflow_execution(execution_id=execution_id).status)


def listed(page: Page, query: str, count: int) -> None:
    """The list with this filter, once the engine lists so many."""
    page.goto(f"/executions/?{query}")
    for _ in range(40):
        if page.locator(".run-list tbody tr").count() == count:
            return
        page.wait_for_timeout(250)
        page.reload()
    raise AssertionError(f"The list does not get to {count} rows.")


def test_selected_rows_are_canceled(signed_in: SignedIn, demo_api: Api, engine: Mistral) -> None:
    chosen = [demo_api.start_review(case=f"some-{number}") for number in range(2)]
    spared = demo_api.start_review(case="some-2")
    page = signed_in("admin")
    page.goto("/executions/?workflow=kyc-review&status=RUNNING")
    for execution_id in (*chosen, spared):
        page.locator(f".run-list input[value='{execution_id}']").check()
    bar = page.locator("[data-selection-bar]")
    expect(bar).to_contain_text("3 selected")
    page.locator(f".run-list input[value='{spared}']").uncheck()
    expect(bar).to_contain_text("2 selected")
    assert page.locator("[data-select-all]").evaluate("box => box.indeterminate")
    page.get_by_role("button", name="Cancel…").click()
    expect(page.locator("h1")).to_have_text("Cancel 2 executions")
    expect(page.locator(".batch")).to_contain_text("Its clean-up code runs first")
    page.get_by_role("button", name="Cancel 2 executions").click()
    assert page.locator("textarea[name=reason]").evaluate("field => field.validity.valueMissing")
    page.get_by_label("Reason").fill("opened by mistake")
    page.get_by_role("button", name="Cancel 2 executions").click()
    expect(page.locator("#progress")).to_contain_text("Done", timeout=LONG)
    expect(page.locator("#progress .part-done").last).to_have_text("2 accepted")
    for execution_id in chosen:
        demo_api.wait_for(execution_id, "CANCELED")
        assert status(engine, execution_id) == "CANCELED"
    assert status(engine, spared) == "RUNNING"
    page.locator(".batch-items").get_by_role("link", name=f"The action on {chosen[0]}").click()
    expect(page.locator("tr.selected")).to_contain_text("opened by mistake")
    page.get_by_role("link", name="in a batch").first.click()
    expect(page.locator("h1")).to_have_text("Cancel 2 executions")


@pytest.mark.slow
def test_all_that_match_a_filter_are_terminated(
    signed_in: SignedIn, demo_api: Api, engine: Mistral, tmp_path: Path
) -> None:
    ids = [demo_api.start("kyc-review", {"case": "many"}, f"many-{number:03}") for number in range(60)]
    page = signed_in("admin")
    listed(page, "q=many-&status=RUNNING", 50)
    page.get_by_label("Select all on this page").check()
    offer = page.locator(".selection-all")
    expect(offer).to_have_text("Select all that match this filter, on every page", use_inner_text=True)
    # One row less is not the whole page: the offer goes, and what was chosen with it.
    offer.locator("input").check()
    expect(offer).to_have_text("All that match this filter are selected, on every page", use_inner_text=True)
    expect(page.locator("[data-selection-words]")).to_be_hidden()
    page.locator("tbody input[name=id]").first.uncheck()
    expect(offer).to_be_hidden()
    expect(page.locator("[data-selection-bar]")).to_contain_text("49 selected")
    page.get_by_label("Select all on this page").check()
    expect(offer.locator("input")).not_to_be_checked()
    page.screenshot(path=SCREENSHOTS / "batch-select-light-1440.png")
    offer.locator("input").check()
    page.get_by_role("button", name="Terminate…").click()

    expect(page.locator("h1")).to_have_text("Terminate 60 executions")
    expect(page.locator(".batch-filter")).to_contain_text("Search many-")
    expect(page.locator(".batch-items tbody tr")).to_have_count(60)
    look(page, "batch-frozen")
    page.get_by_label("Reason").fill("opened by mistake")
    page.get_by_label("How many?").fill("50")
    page.get_by_role("button", name="Terminate 60 executions").click()
    expect(page.locator(".field-error")).to_have_text("This is not the number of executions in the batch.")
    assert status(engine, ids[0]) == "RUNNING"
    # One ends by itself meanwhile, which is its own result.
    assert demo_api.post(ids[7], "/terminate").status_code == 204
    page.get_by_label("How many?").fill("60")
    page.get_by_role("button", name="Terminate 60 executions").click()

    # Who leaves finds it again.
    page.goto("/audit/")
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Batches").click()
    row = page.locator(".batch-list tbody tr").first
    expect(row).to_contain_text("Done", timeout=LONG)
    expect(row).to_contain_text("59 done 1 refused", use_inner_text=True)
    look(page, "batches")
    row.get_by_role("link").click()
    page.get_by_role("navigation", name="Results").get_by_role("link", name="refused").click()
    expect(page.locator(".batch-items tbody tr")).to_have_count(1)
    expect(page.locator(".batch-items")).to_contain_text(ids[7])
    assert page.url.endswith("?state=refused")
    look(page, "batch-results")
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Results as CSV").click()
    downloading.value.save_as(tmp_path / "results.csv")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "results.csv").read_text("utf-8-sig"))))
    assert Counter(row["Result"] for row in rows) == {"done": 59, "refused": 1}
    assert {row["Execution"] for row in rows} == set(ids)
    for execution_id in (ids[0], ids[59]):
        demo_api.wait_for(execution_id, "TERMINATED")
        assert status(engine, execution_id) == "TERMINATED"

    page.get_by_role("button", name="Try the 1 refused again").click()
    page.locator(".batch-items").get_by_role("link", name=f"The action on {ids[7]}").click()
    expect(page.locator("tr.selected")).to_contain_text("tried again")
    expect(page.locator("tr.selected")).to_contain_text("refused")
