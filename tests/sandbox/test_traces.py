"""Traces of the real thing, where the clients' contract does not look."""

from typing import Any

import pytest

from tests.sandbox.api import Api


def spans(api: Api, execution_id: str) -> list[dict[str, Any]]:
    found = api.get(execution_id, "/trace/otel")["otel_trace_data"]["batches"]
    return list(found[0]["scopeSpans"][0]["spans"])


def test_what_is_sent_to_an_execution_leaves_its_trace_alone(api: Api) -> None:
    review = api.start_review()
    before = api.get(review, "/trace/info")
    assert api.post(review, "/queries", {"name": "get_status"}).status_code == 200
    assert api.post(review, "/updates", {"name": "set_priority", "input": {"priority": "low"}}).status_code == 200
    assert api.post(review, "/signals", {"name": "approve", "input": {"reviewer": "user-7"}}).status_code == 202
    api.wait_for(review, "COMPLETED")
    assert api.get(review, "/trace/info") == before
    handled = [span for span in spans(api, review) if span["name"].startswith(("Handle", "Validate"))]
    names = ["ValidateUpdate:set_priority", "HandleUpdate:set_priority", "HandleSignal:approve"]
    assert [span["name"] for span in handled] == names
    # Each is linked to the trace of what was sent.
    assert all(span["links"][0]["traceId"] != span["traceId"] for span in handled)


@pytest.mark.slow
def test_each_attempt_is_a_span_with_its_error(api: Api) -> None:
    invoice = api.start("invoice-pipeline", {"document": "scan-1.pdf", "amount": 10, "flaw": "total"})
    api.wait_for(invoice, "FAILED")
    attempts = [span for span in spans(api, invoice) if span["name"] == "RunActivity:validate"]
    words = "TotalsDoNotMatch: net 10.00 and VAT 1.90 do not add up to 21.90"
    assert [span["status"] for span in attempts] == [{"code": "STATUS_CODE_ERROR", "message": words}] * 3
    assert [span["events"][0]["name"] for span in attempts] == ["exception"] * 3
    assert len({span["parentSpanId"] for span in attempts}) == 1


@pytest.mark.slow
def test_children_and_later_runs_are_in_their_parents_trace(api: Api) -> None:
    research = api.start("research-agent", {"question": "Why?", "sources": 1, "rounds": 2})
    api.wait_for(research, "COMPLETED")
    names = [span["name"] for span in spans(api, research)]
    assert names.count("RunWorkflow:research-agent") == names.count("RunWorkflow:source-reader") == 2
    listed = api.settled_runs(research, 4)
    child = next(run["execution_id"] for run in listed if run["parent_execution_id"])
    own = spans(api, child)
    assert [span["name"] for span in own if span["name"].startswith("Run")] == [
        "RunWorkflow:source-reader",
        "RunActivity:read_source",
    ]
    assert {span["traceId"] for span in own} == {api.get(research, "/trace/info")["otel_trace_id"]}


def test_a_running_executions_tree_has_no_end(api: Api) -> None:
    review = api.start_review()
    assert api.get(review, "/trace/info")["has_trace_data"] is True
    tree = api.get(review, "/trace/summary")["span_tree"]
    assert (tree["name"], tree["end_time_unix_nano"]) == ("kyc-review", None)
