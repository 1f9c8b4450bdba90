"""What a visitor finds."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from console.sandbox.promises import Status
from tests.sandbox import running
from tests.sandbox.api import Api
from tests.sandbox.test_streams import Stream

pytestmark = pytest.mark.slow
SECONDS = 40
"""Twice what it takes, for busy machines."""


@pytest.fixture(scope="module")
def seeded() -> Iterator[Api]:
    with running.running() as sandbox:
        yield Api(sandbox.url)


def runs(api: Api, **query: Any) -> list[dict[str, Any]]:
    return list(api.http.get("/runs", params={"page_size": 1000, **query}).json()["executions"])


def test_a_stream_ends_on_a_time_out(seeded: Api) -> None:
    deadline = time.monotonic() + SECONDS
    while not (found := runs(seeded, search="kyc-", sort_by="start_time", order="asc")):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    stream = Stream()
    path = f"/executions/{found[0]['execution_id']}/stream"
    stream.thread = threading.Thread(target=stream.read, args=(seeded.http, path), daemon=True)
    stream.thread.start()
    stream.wait_for_end()
    assert seeded.get(found[0]["execution_id"])["status"] == "TIMED_OUT"
    assert stream.kinds[-1] == "ACTIVITY_TASK_COMPLETED"


def test_some_forty_runs_in_every_status(seeded: Api) -> None:
    wanted = set(Status.__args__) - {"RETRYING_AFTER_ERROR"}
    deadline = time.monotonic() + SECONDS
    while {run["status"] for run in runs(seeded)} != wanted:
        assert time.monotonic() < deadline, {run["status"] for run in runs(seeded)}
        time.sleep(0.2)
    assert 40 <= len(runs(seeded)) <= 60
    running_now = {run["workflow_name"] for run in runs(seeded, status="RUNNING")}
    stuck = {"partner-webhook", "subscription-renewal", "statement-print", "statement-archive"}
    assert {"table-export", "kyc-review"} | stuck <= running_now


def test_a_failed_invoice_has_its_stack_trace_after_its_retries(seeded: Api) -> None:
    found = runs(seeded, status="FAILED", workflow_identifier="invoice-pipeline")
    failed = [run["execution_id"] for run in found]
    words = []
    for execution_id in failed:
        event = seeded.wait_for_event(execution_id, "EVENT_TYPE_ACTIVITY_TASK_FAILED")
        failure = event["activityTaskFailedEventAttributes"]["failure"]
        assert 'invoice.py", line ' in failure["stackTrace"]
        words.append(failure["applicationFailureInfo"]["type"])
        assert [body for body in seeded.log_bodies(execution_id) if "Traceback" in body or "503" in body]
    assert sorted(words) == ["LedgerUnavailable"] * 2 + ["TotalsDoNotMatch"] * 2


def test_both_ledger_invoices_complete_after_a_reset(seeded: Api) -> None:
    reset = []
    for run in runs(seeded, status="FAILED"):
        execution_id = run["execution_id"]
        if any("ledger" in body for body in seeded.log_bodies(execution_id)):
            point = seeded.point_before(execution_id, "book")
            assert seeded.post(execution_id, "/reset", {"event_id": point}).status_code == 204
            reset.append(execution_id)
    assert [seeded.wait_for(execution_id, "COMPLETED")["execution_id"] for execution_id in reset] == reset
    assert len(reset) == 2


def test_search_keys_find_executions(seeded: Api) -> None:
    found = runs(seeded, search_key=["customer:customer-108", "batch"])
    assert {run["workflow_name"] for run in found} == {"invoice-pipeline"}
    keys = [seeded.get(run["execution_id"], include_search_keys="true")["search_keys"] for run in found]
    assert {one["customer"] for one in keys} == {"customer-108"}
