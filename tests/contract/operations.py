"""What every client must be able to do with the sandbox, in the SDK's names; checked against the engine.

Each client's test module makes a class of its own from this one, with a `client` fixture: an object whose methods are
the operations, and return plain JSON values.
"""

import threading
from typing import Any

from tests.contract.conftest import Started
from tests.sandbox.api import Api

ACTIVITIES = ["read_document", "extract_fields", "validate", "book"]


def flat(span: dict[str, Any]) -> list[dict[str, Any]]:
    """A span and all below it."""
    return [span, *(below for child in span["children"] for below in flat(child))]


class Operations:
    # One execution

    def test_get_workflow_execution(self, client: Any, invoice: str) -> None:
        found = client.get_workflow_execution(execution_id=invoice)
        assert (found["execution_id"], found["status"]) == (invoice, "COMPLETED")
        assert (found["workflow_name"], found["deployment_name"]) == ("invoice-pipeline", "sandbox")
        assert (found["root_execution_id"], found["parent_execution_id"]) == (invoice, None)
        assert found["result"]["booking"] == "booking-scan-1.pdf"
        assert found["total_duration_ms"] > 1000

    def test_get_workflow_execution_history(self, client: Any, invoice: str) -> None:
        raw = client.get_workflow_execution_history(execution_id=invoice, decode_payloads=False)["events"]
        decoded = client.get_workflow_execution_history(execution_id=invoice, decode_payloads=True)["events"]
        assert (raw[0]["eventType"], raw[0]["eventId"]) == ("EVENT_TYPE_WORKFLOW_EXECUTION_STARTED", "1")
        assert raw[-1]["eventType"] == "EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED"
        inputs = [events[0]["workflowExecutionStartedEventAttributes"]["input"] for events in (raw, decoded)]
        assert inputs[0]["payloads"][0]["metadata"] == {"encoding": "anNvbi9wbGFpbg=="}
        assert inputs[1] == {"payloads": [{"document": "scan-1.pdf", "amount": 10}]}

    def test_signal_workflow_execution(self, client: Any, api: Api) -> None:
        review = api.start_review()
        given = {"reviewer": "user-7", "note": "all there"}
        answer = client.signal_workflow_execution(execution_id=review, name="approve", input=given)
        assert answer == {"message": "Signal accepted"}
        result = api.wait_for(review, "COMPLETED")["result"]
        assert {name: result[name] for name in ("decision", "reviewer", "note")} == {"decision": "approved", **given}

    def test_query_workflow_execution(self, client: Any, api: Api) -> None:
        review = api.start_review(priority="low")
        answer = client.query_workflow_execution(execution_id=review, name="get_status")
        assert answer["query_name"] == "get_status"
        assert (answer["result"]["priority"], answer["result"]["decision"]) == ("low", None)

    def test_query_workflow_execution_with_input(self, client: Any, api: Api) -> None:
        export = api.start("table-export", {"table": "t", "chunks": 1})
        given = {"rows_per_second": 50}
        answer = client.query_workflow_execution(execution_id=export, name="seconds_left", input=given)
        assert answer["result"] in (10, 0)
        api.post(export, "/terminate")

    def test_update_workflow_execution(self, client: Any, api: Api) -> None:
        review = api.start_review()
        given = {"priority": "high"}
        answer = client.update_workflow_execution(execution_id=review, name="set_priority", input=given)
        assert answer == {"update_name": "set_priority", "result": {"before": "normal", "after": "high"}}
        assert api.wait_for_event(review, "EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED")

    def test_cancel_workflow_execution(self, client: Any, api: Api) -> None:
        export = api.start("table-export", {"table": "orders", "clean_up_seconds": 1})
        api.wait_for_event(export, "EVENT_TYPE_ACTIVITY_TASK_SCHEDULED")
        assert client.cancel_workflow_execution(execution_id=export) is None
        api.wait_for(export, "CANCELED")
        assert "clean-up of orders: step 1 of 1" in api.log_bodies(export)
        kinds = [event["eventType"] for event in api.history(export)]
        assert kinds.index("EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED") < len(kinds) - 1
        assert kinds[-1] == "EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED"

    def test_terminate_workflow_execution(self, client: Any, api: Api) -> None:
        export = api.start("table-export", {"table": "orders"})
        assert client.terminate_workflow_execution(execution_id=export) is None
        assert api.get(export)["status"] == "TERMINATED"
        assert not [line for line in api.log_bodies(export) if "clean-up" in line]

    def test_reset_workflow(self, client: Any, api: Api, started: Started) -> None:
        ledger = started.ledgers.pop()
        failed = api.wait_for(ledger, "FAILED")
        point = api.point_before(ledger, "book")
        answer = client.reset_workflow(execution_id=ledger, event_id=point, reason="the ledger is back")
        assert answer is None
        again = api.wait_for(ledger, "COMPLETED")
        assert again["run_id"] != failed["run_id"]
        assert client.get_run(run_id=failed["run_id"])["status"] == "FAILED"
        words = [event.get("workflowTaskFailedEventAttributes", {}) for event in api.history(ledger)]
        assert [one["failure"]["message"] for one in words if one] == ["the ledger is back"]

    # Up to 100 executions

    def test_batch_cancel_workflow_executions(self, client: Any, api: Api) -> None:
        ids = [api.start_review() for _ in range(2)]
        results = client.batch_cancel_workflow_executions(execution_ids=[*ids, "nobody"])["results"]
        assert {key: one["status"] for key, one in results.items()} == {
            ids[0]: "success",
            ids[1]: "success",
            "nobody": "failure",
        }
        assert results["nobody"]["error"] == "Workflow execution nobody not found"
        for execution_id in ids:
            api.wait_for(execution_id, "CANCELED")

    def test_batch_terminate_workflow_executions(self, client: Any, api: Api, invoice: str) -> None:
        review = api.start_review()
        results = client.batch_terminate_workflow_executions(execution_ids=[review, invoice])["results"]
        assert (results[review]["status"], results[invoice]["status"]) == ("success", "failure")
        assert results[invoice]["error"] == "Workflow execution is not running: COMPLETED"
        assert api.get(review)["status"] == "TERMINATED"

    # Traces

    def test_get_workflow_execution_trace_info(self, client: Any, invoice: str) -> None:
        found = client.get_workflow_execution_trace_info(execution_id=invoice)
        assert found["has_trace_data"] is True
        assert len(bytes.fromhex(found["otel_trace_id"])) == 16

    def test_get_workflow_execution_trace_otel(self, client: Any, invoice: str) -> None:
        found = client.get_workflow_execution_trace_otel(execution_id=invoice)
        assert found["status"] == "COMPLETED"
        spans = found["otel_trace_data"]["batches"][0]["scopeSpans"][0]["spans"]
        assert {span["traceId"] for span in spans} == {found["otel_trace_id"]}
        names = [span["name"] for span in spans]
        assert [name for name in names if name.startswith("RunActivity")] == [f"RunActivity:{it}" for it in ACTIVITIES]
        task = next(span for span in spans if span["name"] == "llm_call")
        assert task["startTimeUnixNano"] == task["endTimeUnixNano"]
        duration = next(one["value"] for one in task["attributes"] if one["key"] == "custom_task.duration_ms")
        assert duration["doubleValue"] > 100

    def test_get_workflow_execution_trace_summary(self, client: Any, invoice: str) -> None:
        root = client.get_workflow_execution_trace_summary(execution_id=invoice)["span_tree"]
        assert (root["name"], root["attributes"]["workflow.execution_id"]) == ("invoice-pipeline", invoice)
        spans = flat(root)
        runs = [span for span in spans if span["name"].startswith("RunActivity")]
        assert [span["name"] for span in runs] == [f"RunActivity:{name}" for name in ACTIVITIES]
        assert [child["name"] for child in runs[1]["children"]] == ["llm_call"]
        assert all(root["start_time_unix_nano"] <= span["start_time_unix_nano"] for span in spans)
        assert root["end_time_unix_nano"] >= max(span["end_time_unix_nano"] for span in runs)

    def test_get_workflow_execution_trace_events(self, client: Any, api: Api, invoice: str) -> None:
        each = client.get_workflow_execution_trace_events(execution_id=invoice)["events"]
        merged = client.get_workflow_execution_trace_events(execution_id=invoice, merge_same_id_events=True)["events"]
        assert [event["name"] for event in merged] == [
            "invoice-pipeline",
            "read_document",
            "extract_fields",
            "llm_call",
            "validate",
            "book",
        ]
        assert {event["status"] for event in merged} == {"COMPLETED"}
        assert {event["id"] for event in each} == {event["id"] for event in merged}
        whole = client.get_workflow_execution_trace_events(execution_id=invoice, include_internal_events=True)["events"]
        done = [event for event in whole if event["internal"] and event["name"] == "WORKFLOW_TASK_COMPLETED"]
        assert done[-2]["attributes"]["event_id"] == api.point_before(invoice, "book")

    # Logs and streams

    def test_get_workflow_execution_logs(self, client: Any, invoice: str) -> None:
        whole = client.get_workflow_execution_logs(execution_id=invoice, limit=100)
        assert whole["next_cursor"] is None
        records, cursor = [], None
        while page := client.get_workflow_execution_logs(execution_id=invoice, limit=2, cursor=cursor):
            assert 1 <= len(page["results"]) <= 2
            records += page["results"]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert records == whole["results"]
        assert [record["body"] for record in records][::5] == ["reading scan-1.pdf, 2 pages", "booking scan-1.pdf"]
        newest_first = client.get_workflow_execution_logs(execution_id=invoice, limit=100, order="desc")
        assert newest_first["results"] == records[::-1]
        of_activity = client.get_workflow_execution_logs(execution_id=invoice, activity_id="1")["results"]
        assert of_activity == [record for record in records if record["log_attributes"]["activity_id"] == "1"]

    def test_logs_belong_to_spans(self, client: Any, invoice: str) -> None:
        trace = client.get_workflow_execution_trace_summary(execution_id=invoice)["span_tree"]
        names = {span["span_id"]: span["name"] for span in flat(trace)}
        records = client.get_workflow_execution_logs(execution_id=invoice, limit=100)["results"]
        assert [names[record["span_id"]] for record in records] == [
            f"RunActivity:{record['log_attributes']['activity_type']}" for record in records
        ]

    def test_stream(self, client: Any, invoice: str) -> None:
        found = client.stream(execution_id=invoice)
        kinds = [one["data"]["data"]["event_type"] for one in found]
        assert (kinds[0], kinds[-1]) == ("WORKFLOW_EXECUTION_STARTED", "WORKFLOW_EXECUTION_COMPLETED")
        assert kinds.count("CUSTOM_TASK_IN_PROGRESS") > 10
        numbers = [one["data"]["broker_sequence"] for one in found]
        assert numbers == sorted(set(numbers))
        assert [one["id"] for one in found] == [str(number) for number in numbers]
        assert client.stream(execution_id=invoice, last_event_id=found[4]["id"]) == found[5:]

    def test_stream_workflow_execution_logs(self, client: Any, invoice: str) -> None:
        found = client.stream_workflow_execution_logs(execution_id=invoice)
        pages = client.get_workflow_execution_logs(execution_id=invoice, limit=100)["results"]
        assert [one["data"] for one in found] == pages
        rest = client.stream_workflow_execution_logs(execution_id=invoice, last_event_id=found[1]["id"])
        assert rest == found[2:]

    def test_a_stream_ends_on_terminate(self, client: Any, api: Api) -> None:
        review = api.start_review()
        found: list[Any] = []
        reading = threading.Thread(target=lambda: found.extend(client.stream(execution_id=review)))
        reading.start()
        client.terminate_workflow_execution(execution_id=review)
        reading.join(20)
        assert not reading.is_alive()
        assert [one["data"]["data"]["event_type"] for one in found] == [
            "WORKFLOW_EXECUTION_STARTED",
            "ACTIVITY_TASK_STARTED",
            "ACTIVITY_TASK_COMPLETED",
        ]

    # Runs, events, registrations

    def test_list_runs(self, client: Any, api: Api, started: Started) -> None:
        api.settled_runs(started.research, 6)
        found = client.list_runs(root_execution_id=started.research)["executions"]
        own = [run for run in found if run["execution_id"] == started.research]
        children = [run for run in found if run["parent_execution_id"] == started.research]
        assert [run["status"] for run in own] == ["COMPLETED", "CONTINUED_AS_NEW"]
        assert len(children) == len(found) - len(own) == 4
        assert own[0]["user_id"] == children[0]["user_id"] == "user-42"
        pages, token = [], None
        while page := client.list_runs(root_execution_id=started.research, page_size=4, next_page_token=token):
            pages.append(page["executions"])
            token = page["next_page_token"]
            if token is None:
                break
        assert pages == [found[:4], found[4:]]

    def test_get_run_and_get_run_history(self, client: Any, api: Api, started: Started) -> None:
        api.settled_runs(started.research, 6)
        runs = client.list_runs(root_execution_id=started.research, status=["CONTINUED_AS_NEW"])["executions"]
        found = client.get_run(run_id=runs[0]["run_id"])
        assert {name: found[name] for name in runs[0]} == runs[0]
        history = client.get_run_history(run_id=runs[0]["run_id"])["events"]
        assert history[-1]["eventType"] == "EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW"
        engine_run_id = history[0]["workflowExecutionStartedEventAttributes"]["firstExecutionRunId"]
        assert engine_run_id != runs[0]["run_id"]

    def test_get_workflow_events(self, client: Any, invoice: str) -> None:
        streamed = client.stream(execution_id=invoice)
        events, cursor = [], None
        while page := client.get_workflow_events(workflow_exec_id=invoice, limit=10, cursor=cursor):
            events += page["events"]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert [one["event_id"] for one in events] == [one["data"]["data"]["event_id"] for one in streamed]

    def test_workflow_registrations(self, client: Any) -> None:
        found = client.get_workflow_registrations()["workflow_registrations"]
        review = next(one for one in found if one["definition"]["signals"])
        assert [one["name"] for one in review["definition"]["signals"]] == ["approve", "reject"]
        schema = review["definition"]["updates"][0]["input_schema"]
        assert schema["properties"]["priority"] == {"enum": ["high", "low", "normal"]}
        one = client.get_workflow_registration(workflow_registration_id=review["id"])
        assert one["definition"] == review["definition"]
