import asyncio
import threading

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

from console.sandbox import telemetry
from console.sandbox.telemetry import Feed, Kept, Row, Telemetry


def row(sequence: int) -> Row:
    return Row(sequence, {})


def numbers(rows: list[Row]) -> list[int]:
    return [one.sequence for one in rows]


async def test_a_feed_gives_what_comes_after() -> None:
    feed = Feed()
    for sequence in (3, 7, 8):
        feed.add(row(sequence))
    assert [numbers(feed.after(last)) for last in (0, 3, 5, 8)] == [[3, 7, 8], [7, 8], [7, 8], []]
    assert feed.last == 8


async def test_a_feed_forgets_its_oldest_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telemetry, "KEPT_ROWS", 2)
    feed = Feed()
    for sequence in (1, 2, 3):
        feed.add(row(sequence))
    assert numbers(feed.after(0)) == [2, 3]


async def test_a_row_wakes_those_who_took_the_event_before_it() -> None:
    feed = Feed()
    before = feed.changed
    feed.add(row(1))
    assert before.is_set()
    assert not feed.changed.is_set()


def test_kept_forgets_its_oldest_entries() -> None:
    kept: Kept[list[int]] = Kept(2, list)
    for name in ("a", "b", "a", "c"):
        kept[name].append(1)
    assert dict(kept) == {"b": [1], "c": [1]}


def test_kept_without_a_maker_misses_keys() -> None:
    with pytest.raises(KeyError):
        Kept[str](2)["a"]


async def test_reports_come_from_any_thread_in_order() -> None:
    found = Telemetry(asyncio.get_running_loop())

    def report() -> None:
        found.remember("run-1", telemetry.Chain("root", "parent", "run-0", "run-0", "kyc-review"))
        found.event("kyc-1", "run-1", "WORKFLOW_EXECUTION_STARTED", {"task_id": "run-1"})
        found.log("kyc-1", {"body": "one"})
        found.event("kyc-1", "run-1", "WORKFLOW_EXECUTION_COMPLETED", {})

    thread = threading.Thread(target=report)
    changed = found.events["kyc-1"].changed
    thread.start()
    await asyncio.wait_for(changed.wait(), 10)
    thread.join()
    await asyncio.sleep(0)
    events = [one.data for one in found.events["kyc-1"].rows]
    assert [one["event_type"] for one in events] == ["WORKFLOW_EXECUTION_STARTED", "WORKFLOW_EXECUTION_COMPLETED"]
    assert (events[0]["root_workflow_exec_id"], events[0]["first_execution_run_id"]) == ("root", "run-0")
    assert events[0]["event_id"] != events[1]["event_id"]
    assert numbers(list(found.events["kyc-1"].rows)) == [1, 3]
    assert numbers(list(found.logs["kyc-1"].rows)) == [2]


async def test_what_is_kept_of_executions_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telemetry, "KEPT_EXECUTIONS", 3)
    found = Telemetry(asyncio.get_running_loop())
    for number in range(5):
        found.event(f"kyc-{number}", f"run-{number}", "WORKFLOW_EXECUTION_STARTED", {})
        found.log(f"kyc-{number}", {})
        found.remember(f"run-{number}", telemetry.Chain("", None, "", None, ""))
    await asyncio.sleep(0)
    assert list(found.events) == list(found.logs) == ["kyc-2", "kyc-3", "kyc-4"]
    assert list(found.chains) == ["run-2", "run-3", "run-4"]


async def test_spans_are_kept_by_trace_but_for_what_comes_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telemetry, "KEPT_ROWS", 2)
    found = Telemetry(asyncio.get_running_loop())
    tracer = TracerProvider().get_tracer("test")
    names = ("RunWorkflow:kyc-review", "SignalWorkflow:approve", "HandleQuery:get_status", "RunActivity:screen", "more")
    context = trace.set_span_in_context(
        trace.NonRecordingSpan(trace.SpanContext(1, 1, is_remote=False, trace_flags=trace.TraceFlags(1)))
    )
    for name in names:
        span = tracer.start_span(name, context, attributes={"temporalWorkflowID": "kyc-1"})
        span.end()
        found.span(span)  # type: ignore[arg-type]
    await asyncio.sleep(0)
    assert dict(found.traces) == {"kyc-1": f"{1:032x}"}
    assert [span.name for span in found.spans[f"{1:032x}"]] == ["RunWorkflow:kyc-review", "RunActivity:screen"]


async def test_waking_makes_no_feed() -> None:
    found = Telemetry(asyncio.get_running_loop())
    changed = found.events["kyc-1"].changed
    found.wake("kyc-1")
    found.wake("kyc-2")
    assert changed.is_set()
    assert (list(found.events), list(found.logs)) == (["kyc-1"], [])
