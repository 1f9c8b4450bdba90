"""Why an execution is not moving: each sentence, brought about on the sandbox and read in the browser."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect
from playwright.sync_api import TimeoutError as TookTooLong

from tests.browser.conftest import SCREENSHOTS, SignedIn
from tests.sandbox.api import Api

LONG = 40_000
SAID = """() => {
  const copy = document.querySelector("#why .why-words").cloneNode(true);
  for (const time of copy.querySelectorAll("time")) time.replaceWith("T");
  return copy.textContent.replace(/\\s+/g, " ").trim().replace(/event \\d+/g, "event N")
    .replace(/run [0-9a-f]{8}/, "run R")
    .replace(/\\d+ times/, "N times").replace(/[\\w.-]+@[\\w.-]*\\w/, "WHO").replace(/-[0-9a-f]{6}\\b/, "-ID");
}"""
"""The sentence without what differs from time to time."""


def read(page: Page, execution_id: str, words: str, tab: str = "") -> None:
    """Open the page, and wait until it says this."""
    page.goto(f"/executions/{execution_id}/{tab}")
    try:
        page.wait_for_function(f"(words) => ({SAID})() === words", arg=words, timeout=LONG)
    except TookTooLong:
        assert page.evaluate(SAID) == words


def seeded(api: Api, workflow: str, number: int = 0, **query: Any) -> str:
    """The id of one of the demo's own executions, the oldest first."""
    wanted = {"workflow_identifier": workflow, "order": "asc", **query}
    return str(api.http.get("/runs", params=wanted).json()["executions"][number]["execution_id"])


def canceled_export(api: Api) -> str:
    execution_id = api.start("table-export", {"table": "orders", "clean_up_seconds": 60})
    api.wait_for_event(execution_id, "EVENT_TYPE_ACTIVITY_TASK_SCHEDULED")
    api.post(execution_id, "/cancel")
    return execution_id


def ended(api: Api, how: str) -> str:
    execution_id = api.start_review()
    api.post(execution_id, how)
    return execution_id


def failed_invoice(api: Api) -> str:
    return api.start("invoice-pipeline", {"document": "scan.pdf", "amount": 10, "flaw": "total"})


SENTENCES: dict[str, tuple[Callable[[Api], str], str]] = {
    "retries": (
        lambda api: seeded(api, "partner-webhook"),
        "Waiting for activity call_webhook, which has failed N times since T (event N). "
        "Last error: POST https://hooks.partner.example/orders answered 503 Service Unavailable.",
    ),
    "running": (
        lambda api: seeded(api, "table-export", search="export-payments"),
        "Activity export_chunk has been running since T (event N).",
    ),
    "signal": (
        lambda api: api.start_review(),
        "Waiting for a signal, approve or reject, or for the timer time to decide until T (event N).",
    ),
    "clean-up": (
        canceled_export,
        "Cancel was requested at T (event N), not from this console but by WHO. "
        "Clean-up is running: activity remove_partial_file has been running since T (event N).",
    ),
    "changed-code": (
        lambda api: seeded(api, "subscription-renewal", 0),
        "The workflow’s code no longer takes the steps in its history (non-determinism): it has been failing since T "
        "(event N). Deploy code that takes the same steps, or reset it to before the change. Last error: [TMPRL1100] "
        "Nondeterminism error: Activity type of scheduled event 'check_plan' does not match activity type of activity "
        "command 'charge_card'.",
    ),
    "broken-code": (
        lambda api: seeded(api, "subscription-renewal", 1),
        "The workflow’s code has been failing since T (event N). "
        "Last error: PlanMissing: no price for the plan “team”. "
        "It goes on by itself once a worker runs code that does not fail.",
    ),
    "completed": (
        lambda api: api.start("subscription-renewal", {"subscription": "sub-1"}),
        "Completed at T.",
    ),
    "canceled": (
        lambda api: ended(api, "/cancel"),
        "Canceled at T, as requested at T (event N), not from this console but by WHO.",
    ),
    "terminated": (
        lambda api: ended(api, "/terminate"),
        "Terminated at T (event N), not from this console but by WHO: terminated by user via frontend. "
        "It was then waiting for a signal, approve or reject, or for the timer time to decide until T (event N).",
    ),
    "failed": (
        failed_invoice,
        "Failed at T, because activity validate failed N times. First cause: TotalsDoNotMatch: "
        "net 10.00 and VAT 1.90 do not add up to 21.90 (event N).",
    ),
    "activity-timed-out": (
        lambda api: seeded(api, "bank-settlement"),
        "Failed at T, because activity confirm_transfer timed out N times. "
        "First cause: an attempt took longer than its limit of 2s (event N).",
    ),
    "timed-out": (
        lambda api: seeded(api, "kyc-review", search="kyc-"),
        "Timed out at T (event N): it did not end within its limit of 9s. "
        "It was then waiting for a signal, approve or reject, or for the timer time to decide until T (event N).",
    ),
    "child": (
        lambda api: seeded(api, "monthly-statements"),
        "Waiting for the child {id}-DE-4711-ID since T (event N). "
        "In the child: no worker has picked up activity print_statement since T (event N). "
        "It waits in the task queue print-room: is a worker running that polls it? And 1 more.",
    ),
    "activity-unclaimed": (
        lambda api: seeded(api, "statement-print"),
        "No worker has picked up activity print_statement since T (event N). "
        "It waits in the task queue print-room: is a worker running that polls it?",
    ),
    "workflow-unclaimed": (
        lambda api: seeded(api, "statement-archive"),
        "No worker has picked up the workflow’s task since T (event N). "
        "It waits in the task queue archive: is a worker running that polls it?",
    ),
}


QUICK = {"retries", "signal"}
"""Those that `make test` reads; the slow tests read all the others."""


@pytest.mark.parametrize(
    "name", [one if one in QUICK else pytest.param(one, marks=pytest.mark.slow) for one in SENTENCES]
)
def test_the_sentence(signed_in: SignedIn, demo_api: Api, name: str) -> None:
    find, words = SENTENCES[name]
    execution_id = find(demo_api)
    page = signed_in("operator")
    read(page, execution_id, words.replace("{id}", execution_id))
    # Two lines at most, so that twenty rows fit below.
    box = page.locator("#why").bounding_box()
    assert box
    assert box["height"] <= 44
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"why-{name}.png", clip={"x": 0, "y": 0, "width": 1440, "height": 300})


@pytest.mark.slow
def test_a_run_that_continued_leads_to_the_next(signed_in: SignedIn, demo_api: Api) -> None:
    execution_id = seeded(demo_api, "nightly-reconciliation")
    runs = demo_api.settled_runs(execution_id, 3)
    first, second = sorted(runs, key=lambda run: str(run["start_time"]))[:2]
    page = signed_in("viewer")
    page.goto(f"/executions/{execution_id}/history/?run={first['run_id']}")
    expect(page.locator("#why .why-words")).to_contain_text(f"run {second['run_id'][:8]} went on from it.")
    assert page.evaluate(SAID) == "Continued as new at T: run R went on from it."
    page.locator("#why").get_by_role("link").click()
    page.wait_for_url(f"**/executions/{execution_id}/?run={second['run_id']}")


def test_the_first_cause_has_its_stack_trace_on_every_tab(signed_in: SignedIn, demo_api: Api) -> None:
    execution_id = seeded(demo_api, "invoice-pipeline", status="FAILED")
    page = signed_in("viewer")
    page.goto(f"/executions/{execution_id}/logs/")
    page.locator("#why .why-more > summary").click()
    # The workflow's own code first; what the engine's library did is one click away.
    expect(page.locator("#why .stack-own")).to_contain_text("invoice.py")
    expect(page.locator("#why .stack-own")).not_to_contain_text("temporalio")
    expect(page.locator("#why-stack")).to_be_hidden()
    page.locator("#why .stack-whole > summary").click()
    expect(page.locator("#why-stack")).to_contain_text("temporalio")
    page.locator("#why").get_by_role("link").click()
    expect(page.locator(".row.selected")).to_contain_text("ActivityTask")


def test_it_keeps_its_place_while_it_loads(signed_in: SignedIn, demo_api: Api) -> None:
    page = signed_in("viewer")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/why/", hold)
    page.goto(f"/executions/{seeded(demo_api, 'partner-webhook')}/")
    expect(page.locator("#why")).to_have_text("Looking for what it waits for…")
    before = page.locator(".tabs").bounding_box()
    for one in held:
        one.continue_()
    expect(page.locator("#why")).to_contain_text("Waiting for activity")
    assert page.locator(".tabs").bounding_box() == before


@pytest.mark.slow
def test_it_follows_what_happens(signed_in: SignedIn, demo_api: Api) -> None:
    execution_id = demo_api.start_review()
    page = signed_in("operator")
    page.goto(f"/executions/{execution_id}/events/")
    page.locator("#why").get_by_role("link", name="approve").click()
    page.wait_for_url("**/signal/?name=approve")
    demo_api.post(execution_id, "/signals", {"name": "approve", "input": {"reviewer": "user-7"}})
    expect(page.locator("#why .why-words")).to_contain_text("Completed at", timeout=LONG)
