"""Streams and log pages of the real thing."""

import json
import threading
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from tests.sandbox.api import WAIT_SECONDS, Api


@dataclass
class Stream:
    """A stream that is read in the background."""

    lines: list[str] = field(default_factory=list)
    started: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None

    def read(self, http: httpx.Client, path: str, **options: Any) -> None:
        with http.stream("GET", path, **options) as answer:
            assert answer.headers["Content-Type"].startswith("text/event-stream")
            for line in answer.iter_lines():
                self.lines.append(line)
                self.started.set()

    def wait_for_end(self) -> None:
        assert self.thread
        self.thread.join(WAIT_SECONDS)
        assert not self.thread.is_alive(), "the stream did not end"

    @property
    def ids(self) -> list[int]:
        return [int(line.removeprefix("id: ")) for line in self.lines if line.startswith("id: ")]

    @property
    def kinds(self) -> list[str]:
        return [line.removeprefix("event: ") for line in self.lines if line.startswith("event: ")]

    @property
    def data(self) -> list[Any]:
        return [json.loads(line.removeprefix("data: ")) for line in self.lines if line.startswith("data: ")]


def read(api: Api, execution_id: str, rest: str = "/stream", **options: Any) -> Stream:
    """A stream read to its end."""
    stream = Stream()
    stream.read(api.http, f"/executions/{execution_id}{rest}", **options)
    return stream


def follow(api: Api, execution_id: str, rest: str = "/stream") -> Stream:
    """A stream that is open, read in the background."""
    stream = Stream()
    path = f"/executions/{execution_id}{rest}"
    stream.thread = threading.Thread(target=stream.read, args=(api.http, path), daemon=True)
    stream.thread.start()
    assert stream.started.wait(WAIT_SECONDS)
    return stream


@pytest.fixture(scope="module")
def done(api: Api) -> str:
    """A completed export of two chunks."""
    execution_id = api.start("table-export", {"table": "orders", "chunks": 2})
    api.wait_for(execution_id, "COMPLETED")
    return execution_id


def test_a_closed_execution_is_replayed_and_the_stream_ends(api: Api, done: str) -> None:
    stream = read(api, done)
    assert stream.lines[0] == ": connected"
    assert stream.kinds == [
        "WORKFLOW_EXECUTION_STARTED",
        *["ACTIVITY_TASK_STARTED", "ACTIVITY_TASK_COMPLETED"] * 2,
        "WORKFLOW_EXECUTION_COMPLETED",
    ]
    assert [one["broker_sequence"] for one in stream.data] == stream.ids


def test_events_resume_by_the_query_only(api: Api, done: str) -> None:
    whole = read(api, done)
    middle = str(whole.ids[2])
    assert read(api, done, params={"last_event_id": middle}).ids == whole.ids[3:]
    assert read(api, done, headers={"Last-Event-ID": middle}).ids == whole.ids


def test_logs_resume_by_the_header_before_the_query(api: Api, done: str) -> None:
    whole = read(api, done, "/logs/stream")
    assert set(whole.kinds) == {"log"}
    first, last = str(whole.ids[0]), str(whole.ids[-1])
    assert read(api, done, "/logs/stream", params={"last_event_id": first}).ids == whole.ids[1:]
    both = {"params": {"last_event_id": first}, "headers": {"Last-Event-ID": last}}
    assert read(api, done, "/logs/stream", **both).ids == []


def test_logs_start_at_a_time_unless_they_resume(api: Api, done: str) -> None:
    whole = read(api, done, "/logs/stream")
    after = whole.data[1]["timestamp"]
    assert read(api, done, "/logs/stream", params={"after": after}).ids == whole.ids[1:]
    resumed = {"after": "2100-01-01T00:00:00Z", "last_event_id": str(whole.ids[0])}
    assert read(api, done, "/logs/stream", params=resumed).ids == whole.ids[1:]


def test_logs_of_one_activity_or_one_run(api: Api, done: str) -> None:
    whole = read(api, done, "/logs/stream")
    of_second = [one for one in whole.data if one["log_attributes"]["activity_id"] == "2"]
    assert read(api, done, "/logs/stream", params={"activity_id": "2"}).data == of_second != whole.data
    run_id = api.get(done)["run_id"]
    assert read(api, done, "/logs/stream", params={"run_id": run_id}).ids == whole.ids
    unknown = "00000000-0000-0000-0000-000000000000"
    assert read(api, done, "/logs/stream", params={"run_id": unknown}).ids == []


@pytest.mark.parametrize(("source", "everything"), [("DATABASE", True), ("HYBRID", True), ("LIVE", False)])
def test_event_sources(api: Api, done: str, source: str, everything: bool) -> None:
    whole = read(api, done)
    assert read(api, done, params={"event_source": source}).ids == (whole.ids if everything else [])


def test_stored_events_of_a_running_execution_end(api: Api) -> None:
    review = api.start_review()
    assert read(api, review, params={"event_source": "DATABASE"}).kinds[0] == "WORKFLOW_EXECUTION_STARTED"
    api.post(review, "/terminate")


def test_both_streams_end_on_terminate(api: Api) -> None:
    review = api.start_review()
    streams = [follow(api, review), follow(api, review), follow(api, review, "/logs/stream")]
    api.post(review, "/terminate")
    for stream in streams:
        stream.wait_for_end()
    assert streams[0].kinds == streams[1].kinds
    assert "WORKFLOW_EXECUTION_CANCELED" not in streams[0].kinds


def test_a_stream_goes_on_through_a_reset(api: Api) -> None:
    review = api.start_review()
    stream = follow(api, review)
    old = api.get(review)["run_id"]
    # After the screening: that is replayed, and only the waiting happens again.
    assert api.post(review, "/reset", {"event_id": 10}).status_code == 204
    api.wait_for_event(review, "EVENT_TYPE_TIMER_STARTED")
    assert api.get(review)["run_id"] != old
    api.post(review, "/signals", {"name": "approve", "input": {"reviewer": "user-7"}})
    stream.wait_for_end()
    # What the new run only replays is not reported again.
    assert stream.kinds == [
        "WORKFLOW_EXECUTION_STARTED",
        "ACTIVITY_TASK_STARTED",
        "ACTIVITY_TASK_COMPLETED",
        "WORKFLOW_EXECUTION_COMPLETED",
    ]
    runs = [one["data"]["workflow_run_id"] for one in stream.data]
    assert len(dict.fromkeys(runs)) == 2
    # A reset starts a chain of its own.
    assert stream.data[-1]["data"]["first_execution_run_id"] == runs[-1]


def test_a_stream_goes_on_as_new(api: Api) -> None:
    research = api.start("research-agent", {"question": "Why?", "sources": 1, "rounds": 2})
    stream = follow(api, research)
    stream.wait_for_end()
    kinds = [kind for kind in stream.kinds if kind.startswith("WORKFLOW")]
    assert kinds == [
        "WORKFLOW_EXECUTION_STARTED",
        "WORKFLOW_EXECUTION_CONTINUED_AS_NEW",
        "WORKFLOW_EXECUTION_STARTED",
        "WORKFLOW_EXECUTION_COMPLETED",
    ]
    went_on = next(one["data"] for one in stream.data if one["data"]["event_type"].endswith("AS_NEW"))
    assert went_on["attributes"]["input"]["value"]["rounds"] == 1
    last = stream.data[-1]["data"]
    assert last["first_execution_run_id"] == last["continued_run_id"] == went_on["workflow_run_id"]
    assert last["workflow_run_id"] != went_on["workflow_run_id"]


def test_the_events_of_a_cancel(api: Api) -> None:
    export = api.start("table-export", {"table": "orders", "clean_up_seconds": 1})
    stream = follow(api, export)
    api.wait_for_event(export, "EVENT_TYPE_ACTIVITY_TASK_SCHEDULED")
    api.post(export, "/cancel")
    stream.wait_for_end()
    assert stream.kinds[-1] == "WORKFLOW_EXECUTION_CANCELED"
    started = [one["data"]["attributes"]["activity_name"] for one in stream.data if "ACTIVITY_TASK_S" in str(one)]
    assert started[-1] == "remove_partial_file"


def test_log_pages_keep_their_range_and_order(api: Api, done: str) -> None:
    whole = api.get(done, "/logs", limit=100)["results"]
    times = [record["timestamp"] for record in whole]
    assert times == sorted(times)
    window = {"after": times[0], "before": times[-1], "order": "desc", "limit": 1}
    records, cursor = [], None
    while True:
        # Only the first page says what is wanted; the cursor remembers it.
        page = api.get(done, "/logs", **({"limit": 1, "cursor": cursor} if cursor else window))
        records += page["results"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert records == [record for record in whole if record["timestamp"] < times[-1]][::-1]


def test_a_time_without_a_zone_is_in_utc(api: Api, done: str) -> None:
    whole = api.get(done, "/logs", limit=100)["results"]
    naive = whole[1]["timestamp"].removesuffix("+00:00")
    assert api.get(done, "/logs", after=naive)["results"] == whole[1:]


def test_new_lines_do_not_shift_the_pages(api: Api) -> None:
    export = api.start("table-export", {"table": "orders", "clean_up_seconds": 2})
    api.wait_for_event(export, "EVENT_TYPE_ACTIVITY_TASK_SCHEDULED")
    api.post(export, "/cancel")
    api.wait_for_log(export, "clean-up of orders: step 1 of 2")
    first = api.get(export, "/logs", order="desc", limit=1)
    api.wait_for_log(export, "clean-up of orders: step 2 of 2")
    whole = api.get(export, "/logs", limit=100)["results"]
    rest = api.get(export, "/logs", limit=100, cursor=first["next_cursor"])["results"]
    assert first["results"] + rest == whole[whole.index(first["results"][0]) :: -1]
