"""The workflows that do not move, or that go on as another run: what the engine makes of them."""

import time
from typing import Any

import pytest

from tests.sandbox import running
from tests.sandbox.api import WAIT_SECONDS, Api


def kinds(events: list[dict[str, Any]]) -> list[str]:
    return [event["eventType"].removeprefix("EVENT_TYPE_") for event in events]


def announced(api: Api, execution_id: str) -> list[dict[str, Any]]:
    found = api.http.get("/events/list", params={"workflow_exec_id": execution_id}).json()["events"]
    return [event for event in found if event["event_type"].startswith("ACTIVITY_TASK_")]


def wait_for_attempt(api: Api, execution_id: str, number: int) -> dict[str, Any]:
    """Wait until an attempt is announced as failed; its attributes."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        for event in announced(api, execution_id):
            if event["attributes"].get("attempt") == number:
                return dict(event["attributes"])
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_webhook_is_called_until_it_answers(api: Api) -> None:
    given = {"order": "order-1", "url": "https://hooks.partner.example/orders", "outage_seconds": 0.5}
    execution_id = api.start("partner-webhook", given)
    assert api.wait_for(execution_id, "COMPLETED")["result"] == {"order": "order-1", "status": 204}
    assert [event["event_type"].rpartition("_")[2] for event in announced(api, execution_id)] == [
        *("STARTED", "FAILED", "COMPLETED"),
    ]


def test_a_webhook_that_is_away_is_invisible_in_the_history(api: Api) -> None:
    given = {"order": "order-1", "url": "https://hooks.partner.example/orders", "outage_seconds": 86_400}
    execution_id = api.start("partner-webhook", given)
    words = "POST https://hooks.partner.example/orders answered 503 Service Unavailable"
    assert wait_for_attempt(api, execution_id, 2)["failure"] == {"message": words}
    assert kinds(api.history(execution_id))[-1] == "ACTIVITY_TASK_SCHEDULED"
    api.post(execution_id, "/terminate")


def test_the_night_goes_on_as_new_for_each_batch(api: Api) -> None:
    execution_id = api.start("nightly-reconciliation", {"night": "1130", "batches": 3, "accounts": 4})
    api.settled_runs(execution_id, 3)
    found = api.http.get("/runs", params={"root_execution_id": execution_id, "order": "asc"}).json()["executions"]
    assert [run["status"] for run in found] == ["CONTINUED_AS_NEW", "CONTINUED_AS_NEW", "COMPLETED"]
    assert api.get(execution_id)["result"] == {"night": "1130", "accounts": 12}
    assert kinds(api.history(execution_id)).count("ACTIVITY_TASK_COMPLETED") == 4


@pytest.mark.slow
def test_a_bank_that_does_not_answer(api: Api) -> None:
    execution_id = api.start("bank-settlement", {"transfer": "T-1", "bank_seconds": 30})
    api.wait_for(execution_id, "FAILED")
    found = api.wait_for_event(execution_id, "EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT")
    timeout = found["activityTaskTimedOutEventAttributes"]["failure"]["timeoutFailureInfo"]
    assert timeout == {"timeoutType": "TIMEOUT_TYPE_START_TO_CLOSE"}


def test_a_bank_that_answers(api: Api) -> None:
    execution_id = api.start("bank-settlement", {"transfer": "T-1", "bank_seconds": 0})
    assert api.wait_for(execution_id, "COMPLETED")["result"] == "confirmed-T-1"


@pytest.mark.parametrize(
    ("release", "cause", "words"),
    [
        ("changed", "NON_DETERMINISTIC_ERROR", "Nondeterminism error"),
        ("broken", "WORKFLOW_WORKER_UNHANDLED_FAILURE", "no price for the plan “team”"),
    ],
)
def test_a_renewal_under_a_release(api: Api, release: str, cause: str, words: str) -> None:
    execution_id = api.start("subscription-renewal", {"subscription": "sub-1", "release": release})
    failed = api.wait_for_event(execution_id, "EVENT_TYPE_WORKFLOW_TASK_FAILED")["workflowTaskFailedEventAttributes"]
    assert failed["cause"] == f"WORKFLOW_TASK_FAILED_CAUSE_{cause}"
    assert words in failed["failure"]["message"]
    assert api.get(execution_id)["status"] == "RUNNING"
    api.post(execution_id, "/terminate")


def test_a_renewal(api: Api) -> None:
    execution_id = api.start("subscription-renewal", {"subscription": "sub-1"})
    assert api.wait_for(execution_id, "COMPLETED")["result"] == "receipt-sub-1"


def test_workers_that_are_away(api: Api) -> None:
    given = {"account": "DE-1", "month": "last"}
    printed, archived = (api.start(f"statement-{what}", given) for what in ("print", "archive"))
    deadline = time.monotonic() + WAIT_SECONDS
    while kinds(found := api.history(printed)).count("ACTIVITY_TASK_SCHEDULED") < 2:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert found[-1]["activityTaskScheduledEventAttributes"]["taskQueue"]["name"] == "print-room"
    assert kinds(api.history(archived)) == ["WORKFLOW_EXECUTION_STARTED", "WORKFLOW_TASK_SCHEDULED"]
    for one in (printed, archived):
        api.post(one, "/terminate")


@pytest.mark.slow
def test_what_fails_for_ever_does_not_fill_the_log() -> None:
    with running.running("--empty") as sandbox:
        api = Api(sandbox.url)
        for release in ("changed", "broken"):
            execution_id = api.start("subscription-renewal", {"subscription": "sub-1", "release": release})
            api.wait_for_event(execution_id, "EVENT_TYPE_WORKFLOW_TASK_FAILED")
        execution_id = api.start("partner-webhook", {"order": "o", "url": "https://x.example", "outage_seconds": 99})
        wait_for_attempt(api, execution_id, 2)
        assert sandbox.said() == ""
