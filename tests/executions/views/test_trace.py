"""The trace's pages: the waterfall and its parts, events, OpenTelemetry's JSON."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from executions.services import spans, trace_reads, under_way
from tests.executions import canned, pages
from tests.executions.services.test_stacks import ENGINE, OWN, frame
from tests.executions.services.trace_shapes import SECOND, START, failed, large, span
from tests.faulty import Faulty, reply

PAGE = f"/executions/{canned.ID}/trace/"
SUMMARY, OTEL, INFO = (canned.path(rest=f"/trace/{name}") for name in ("summary", "otel", "info"))
LOGS = canned.path(rest="/logs")
TREE = span("run", 0, 10, span("book", 1, 2, **failed()), span("book", 3, 4), attributes={"case": "case-7"})
RING = {
    "batches": [
        {
            "resource": {},
            "scopeSpans": [
                {"spans": [{"traceId": "a" * 32, "spanId": "b" * 16, "name": "alone", "startTimeUnixNano": str(START)}]}
            ],
        }
    ]
}


def serve(upstream: Faulty, tree: Any, otel: Any = None, **more: Any) -> None:
    found = canned.execution(**more)
    upstream.on(reply(found), path=canned.path())
    upstream.on(reply(found | {"span_tree": tree}), path=SUMMARY)
    upstream.on(reply(found | {"otel_trace_data": otel}), path=OTEL)


def asked(upstream: Faulty) -> list[str]:
    """What the API was asked for besides the execution itself."""
    paths = [one.path.removeprefix(canned.path()) for one in upstream.requests]
    upstream.requests.clear()
    return [path for path in paths if path]


class TestWaterfall:
    def test_its_first_rows_come_with_the_page(self, operator: Client, upstream: Faulty) -> None:
        serve(upstream, TREE)
        response = operator.get(PAGE)
        rows = [tag for _, tag in pages.parse(response).tags if tag.get("role") == "treeitem"]
        assert [(tag["data-span"], tag["aria-level"], tag.get("aria-expanded"), tag["class"]) for tag in rows] == [
            ("id-run", "1", "true", "span-row critical hurt"),
            ("id-book", "2", None, "span-row bad critical"),
            ("id-book", "2", None, "span-row critical"),
        ]
        assert "attempt 1 · failed: ValueError: it broke" in pages.text(response)

    def test_the_selected_span_comes_with_the_page(self, operator: Client, upstream: Faulty) -> None:
        serve(upstream, TREE)
        response = operator.get(PAGE, {"span": "id-book"})
        rows = [tag for _, tag in pages.parse(response).tags if tag.get("aria-selected") == "true"]
        assert [tag["data-span"] for tag in rows] == ["id-book"]
        assert response.context["span"].attempt == "1"
        assert "Traceback ValueError" in pages.text(response)
        assert operator.get(PAGE, {"span": "gone"}).context["span"] is None

    def test_the_chosen_time_is_in_the_address(self, operator: Client, upstream: Faulty) -> None:
        serve(upstream, TREE)
        begin = datetime.fromtimestamp(START / 1e9, UTC)
        after, before = ((begin + timedelta(seconds=moment)).isoformat() for moment in (3, 5))
        response = operator.get(PAGE, {"after": after, "before": before})
        rows = [(row.node.name, row.x, row.width) for row in response.context["rows"]]
        assert rows == [("run", 0, 1_000), ("book", 0, 500)]
        (shown,) = [tag for _, tag in pages.parse(response).tags if "data-waterfall" in tag]
        assert (shown["data-from"], shown["data-to"]) == ("3000000", "5000000")
        assert operator.get(PAGE, {"after": "yesterday"}).status_code == 400

    def test_without_a_tree_the_batches_are_drawn(self, operator: Client, upstream: Faulty) -> None:
        serve(upstream, None, RING)
        response = operator.get(PAGE)
        assert [row.node.name for row in response.context["rows"]] == ["alone"]
        assert "from the OpenTelemetry batches" in pages.text(response)
        assert asked(upstream) == ["/trace/summary", "/trace/otel", "/trace/info"]

    @pytest.mark.parametrize(
        ("info", "status", "words"),
        [
            ((reply({"otel_trace_id": None, "has_trace_data": False})), "COMPLETED", "ran without tracing"),
            ((reply({"otel_trace_id": "ab", "has_trace_data": False})), "COMPLETED", "may have been sampled out"),
            ((reply({"otel_trace_id": "ab", "has_trace_data": True})), "COMPLETED", "but gives no spans"),
            (
                (reply({"otel_trace_id": "ab", "has_trace_data": False})),
                "RUNNING",
                "no span has reached the",
            ),
            ((reply({})), "RUNNING", "Spans appear when the first activity ends"),
            ((reply({"detail": "no"}, 500)), "RUNNING", "Whether it was traced cannot be read"),
        ],
    )
    def test_no_trace_data_says_why(
        self, operator: Client, upstream: Faulty, info: Any, status: str, words: str
    ) -> None:
        serve(upstream, None, status=status)
        upstream.on(info, path=INFO)
        said = pages.text(operator.get(PAGE))
        assert "No trace data" in said
        assert words in said

    def test_a_refresh_has_something_only_for_other_spans(self, operator: Client, upstream: Faulty) -> None:
        tree = span("run", 0, None, span("a", 0, 1))
        serve(upstream, tree)
        before = pages.refresh(operator.get(PAGE), "part")
        assert operator.get(PAGE, headers=before).status_code == 204
        serve(upstream, span("run", 0, None, span("a", 0, 1), span("b", 1, 2)))
        changed = operator.get(PAGE, headers=before)
        assert [row.node.name for row in changed.context["rows"]] == ["run", "a", "b"]
        assert operator.get(PAGE, headers=pages.refresh(changed, "part")).status_code == 204

    def test_it_is_of_the_run_and_says_what_there_is_of_others(self, operator: Client, upstream: Faulty) -> None:
        runs = {name: {"temporalWorkflowID": canned.ID, "temporalRunID": name} for name in (canned.RUN, "r-2")}
        own, other = (span(name, 1, 2, attributes=about) for name, about in runs.items())
        serve(upstream, span("root", 0, 10, own, other, other))
        page = operator.get(PAGE)
        assert [row.node.name for row in page.context["rows"]] == ["root", canned.RUN]
        assert "2 more spans of other runs, show all runs’" in pages.text(page)
        assert operator.get(PAGE, {"part": "spans"}).json()["names"] == ["root", canned.RUN]
        assert operator.get(PAGE, {"part": "span", "span": "id-r-2"}).status_code == 404
        (link,) = [link for link in pages.links(page) if "runs=all" in link]
        every = operator.get(PAGE + link)
        assert sorted(row.node.name for row in every.context["rows"]) == [canned.RUN, "r-2", "r-2", "root"]
        assert "of all runs, this run’s only" in pages.text(every)
        assert operator.get(PAGE, {"part": "span", "span": "id-r-2", "runs": "all"}).status_code == 200
        # A link to one of them shows it.
        led = operator.get(PAGE, {"span": "id-r-2"}, follow=True)
        assert led.redirect_chain == [("?span=id-r-2&runs=all", 302)]
        assert led.context["span"].node.id == "id-r-2"
        assert operator.get(PAGE, {"span": "id-of-none"}).status_code == 200

    def test_a_run_without_a_span_among_the_first_says_that_there_are_more(
        self, operator: Client, upstream: Faulty, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        other = {"temporalWorkflowID": canned.ID, "temporalRunID": "r-2"}
        earlier = [span(name, -9, -8, attributes=other) for name in "ab"]
        serve(upstream, span("root", -9, 10, *earlier))
        history = {"events": [canned.event(1, "WORKFLOW_EXECUTION_STARTED", originalExecutionRunId="r-1")]}
        upstream.on(reply(history), path=f"{canned.RUNS}/{canned.RUN}/history")
        said = "None of the execution’s first 3 spans is of this run"
        assert said not in pages.text(operator.get(PAGE))
        monkeypatch.setattr(spans, "MAX_SPANS", 3)
        assert said in pages.text(operator.get(PAGE))
        assert "Only the execution’s first 3 spans are looked at" in pages.text(operator.get(PAGE, {"runs": "all"}))

    def test_ten_thousand_spans_are_a_small_page(self, operator: Client, upstream: Faulty) -> None:
        serve(upstream, large())
        response = operator.get(PAGE)
        assert len(response.content) < 100_000
        assert "10,000 spans" in pages.text(response)


class TestParts:
    def test_all_spans_of_the_page_without_asking_again(self, operator: Client, upstream: Faulty) -> None:
        serve(upstream, TREE)
        version = operator.get(PAGE).context["trace"].version
        asked(upstream)
        found = operator.get(PAGE, {"part": "spans"}).json()
        assert (found["version"], found["id"]) == (version, ["id-run", "id-book", "id-book"])
        assert operator.get(PAGE, {"part": "found", "q": "CASE-7"}).json() == {"version": version, "places": [0]}
        assert operator.get(PAGE, {"part": "span", "span": "id-run"}).status_code == 200
        assert asked(upstream) == []

    def test_a_page_that_is_opened_asks_anew(self, operator: Client, upstream: Faulty) -> None:
        for tree in (TREE, span("other", 0, 1)):
            serve(upstream, tree)
            assert operator.get(PAGE).context["rows"][0].node.name == tree["name"]
        assert operator.get(PAGE, {"part": "spans"}).json()["names"] == ["other"]

    def test_of_a_run_long_over_the_trace_is_kept(self, operator: Client, upstream: Faulty) -> None:
        serve(upstream, TREE, status="COMPLETED", end_time="2026-01-31T14:06:00Z")
        assert {operator.get(PAGE).status_code for _ in range(2)} == {200}
        assert asked(upstream).count("/trace/summary") == 1

    def test_what_is_kept_is_bounded(self, operator: Client, upstream: Faulty, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(trace_reads, "KEPT_BYTES", 10_000)
        serve(upstream, large(50, 3))
        operator.get(PAGE)
        assert len(trace_reads._kept) == 1

    def test_the_pane_of_a_span(self, operator: Client, upstream: Faulty) -> None:
        serve(upstream, TREE)
        response = operator.get(PAGE, {"part": "span", "span": "id-run"})
        said = pages.text(response)
        assert "<html" not in response.content.decode()
        assert said.startswith("run ×")
        assert "case case-7" in said
        assert "critical path 8.00 s of the critical path are this span’s own" in said

    def test_its_stack_trace_is_folded(self, operator: Client, upstream: Faulty) -> None:
        stack = frame(ENGINE) + frame(OWN)
        thrown = {"name": "exception", "attributes": {"exception.type": "E", "exception.stacktrace": stack}}
        serve(upstream, span("run", 0, 1, events=[thrown, thrown]))
        page = operator.get(PAGE, {"part": "span", "span": "id-run"})
        assert "… 1 call inside libraries File" in pages.text(page)
        wholes = [tag["id"] for name, tag in pages.parse(page).tags if name == "pre" and "id" in tag]
        assert wholes == ["span-stack-1", "span-stack-2"]

    def test_what_the_history_says_has_not_ended(
        self, operator: Client, upstream: Faulty, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        serve(upstream, span("run", 0, 10, span("StartActivity:extract_invoice", 5, 5)))
        failing = {"task_id": "1", "activity_name": "extract_invoice", "attempt": 7}
        event = canned.EVENT | {"event_type": "ACTIVITY_TASK_RETRYING", "attributes": failing, "workflow_run_id": "r"}
        event["event_timestamp"] = START + 6 * SECOND
        upstream.on(reply({"events": [event], "next_cursor": None}), path=canned.EVENTS)
        found = operator.get(PAGE, {"part": "going"}).json()
        assert found["version"] == operator.get(PAGE).context["trace"].version
        assert found["left"] == 0
        monkeypatch.setattr(under_way, "MOST", 0)
        assert operator.get(PAGE, {"part": "going"}).json()["left"] == 1
        retrying = {"words": "retrying, attempt 8", "short": "retrying", "failing": True, "known": True}
        assert found["going"] == {"1": retrying}
        # The run waits for it, rather than being at work itself.
        assert found["lengths"] == {"0": [10_000_000, 5_000_000, 5_000_000], "1": [5_000_000] * 3}
        upstream.on(reply({"detail": "no"}, status=503), path=f"{canned.RUNS}/{canned.RUN}/history")
        assert operator.get(PAGE, {"part": "going"}).status_code == 502

    def test_what_the_history_says_timed_out_in_a_run_that_is_over(self, operator: Client, upstream: Faulty) -> None:
        over = {"status": "FAILED", "end_time": "2026-01-31T14:05:10Z", "run_id": "r-timed-out"}
        tried = span("RunActivity:extract_invoice", 5, 15, attributes={"temporalActivityID": "1"})
        serve(upstream, span("run", 0, 10, span("StartActivity:extract_invoice", 5, 5, tried)), **over)
        ended = canned.event(9, "ACTIVITY_TASK_TIMED_OUT", scheduledEventId="5")
        upstream.on(reply({"events": [*canned.HISTORY["events"], ended]}), path=f"{canned.RUNS}/r-timed-out/history")
        found = operator.get(PAGE, {"part": "going"}).json()
        assert found["going"] == {str(place): {"words": "timed out", "over": True} for place in (1, 2)}
        assert found["lengths"]["2"] == [10_000_000, 10_000_000, 4_000_000]
        page = pages.text(operator.get(PAGE))
        assert "run ended after 10.00 s" in page
        assert operator.get(PAGE).context["rows"][2].path == pytest.approx(1_000 / 3, abs=0.1)

    @pytest.mark.parametrize("part", ["span", "logs"])
    def test_a_span_that_is_not_there(self, operator: Client, upstream: Faulty, part: str) -> None:
        serve(upstream, TREE)
        headers = {"HX-Request": "true", "HX-Target": "span-pane"}
        response = operator.get(PAGE, {"part": part, "span": "gone"}, headers=headers)
        assert response.status_code == 404
        assert "This span is not in the trace" in pages.problem_text(response)
        serve(upstream, None)
        assert operator.get(PAGE, {"part": "spans"}, headers=headers).status_code == 200


class TestLogs:
    @staticmethod
    def line(body: str, span_id: str | None, second: float = 1) -> dict[str, Any]:
        moment = datetime.fromtimestamp(START / 1e9 + second, UTC).isoformat()
        return {"timestamp": moment, "severity_text": "INFO", "body": body, "span_id": span_id}

    def test_those_of_the_span_and_of_its_descendants(self, operator: Client, upstream: Faulty) -> None:
        serve(upstream, span("run", 0, 10, span("a", 1, 4, span("deep", 2, 3)), span("b", 5, 6)))
        lines = [self.line(f"of {one}", f"id-{one}") for one in ("run", "a", "deep", "b")]
        lines.append(self.line("of none", None))
        upstream.on(reply({"results": lines, "next_cursor": None}), path=LOGS)
        response = operator.get(PAGE, {"part": "logs", "span": "id-a"})
        assert [line.body for line in response.context["logs"].lines] == ["of a", "of deep"]
        assert "2 of the 5 lines fetched from its time and 2 s around it: its own and its descendants’." in pages.text(
            response
        )
        query = dict(upstream.requests[-1].query)
        begin = datetime.fromtimestamp(START / 1e9, UTC)
        assert (query["after"], query["before"]) == tuple(
            (begin + timedelta(seconds=moment)).isoformat() for moment in (1 - 2, 4 + 2)
        )

    def test_it_looks_through_some_pages_and_goes_on_when_asked(self, operator: Client, upstream: Faulty) -> None:
        serve(upstream, TREE)
        page = [self.line("line", "id-run")] * 100
        upstream.on(lambda request: reply({"results": page, "next_cursor": "more"}), path=LOGS)
        response = operator.get(PAGE, {"part": "logs", "span": "id-run"})
        assert asked(upstream).count("/logs") == 3
        assert "300 of the 300 lines" in pages.text(response)
        (button,) = [tag for name, tag in pages.parse(response).tags if name == "button"]
        upstream.on(reply({"results": [], "next_cursor": None}), path=LOGS)
        further = operator.get(PAGE + button["hx-get"])
        assert dict(upstream.requests[-1].query)["cursor"] == "more"
        assert "No lines were written in its time or 2 s around it" in pages.text(further)

    @pytest.mark.parametrize(
        ("body", "said"),
        [
            ("a\nb\nc\nd", ""),
            ("a\nb\nc\nd\ne\nf", "+2 lines, whole on the Logs tab"),
            ("a" * 140, "whole on the Logs tab"),
        ],
    )
    def test_a_long_line_says_that_it_is_cut(self, operator: Client, upstream: Faulty, body: str, said: str) -> None:
        serve(upstream, TREE)
        upstream.on(reply({"results": [self.line(body, "id-run")], "next_cursor": None}), path=LOGS)
        page = operator.get(PAGE, {"part": "logs", "span": "id-run"})
        assert f"{' '.join(body.split())} {said}".strip() + " 1 of the 1 line" in pages.text(page)

    def test_where_they_cannot_be_read_it_says_so(self, operator: Client, upstream: Faulty) -> None:
        serve(upstream, TREE)
        upstream.on(reply({"detail": "no"}, 500), path=LOGS)
        response = operator.get(PAGE, {"part": "logs", "span": "id-run"})
        assert response.status_code == 200
        assert "The logs cannot be read" in pages.text(response)


class TestEvents:
    def test_progress_and_errors(self, operator: Client, upstream: Faulty) -> None:
        events = [
            {"id": "1", "name": "export", "timestamp_unix_nano": START, "attributes": {"done": 1, "total": 4}},
            {"id": "2", "name": "book", "timestamp_unix_nano": START + SECOND, "status": "FAILED", "error": "503"},
        ]
        upstream.on(reply(canned.execution() | {"events": events}), path=canned.path(rest="/trace/events"))
        response = operator.get(PAGE, {"view": "events"})
        (bar,) = [tag for name, tag in pages.parse(response).tags if name == "progress"]
        assert (bar["value"], bar["max"]) == ("25.0", "100")
        assert "failed book 503" in pages.text(response)
        assert "2 trace events of all runs" in pages.text(response)
        none = operator.get(PAGE, {"view": "events", "before": "2026-01-31T14:04:00Z"})
        assert "No trace events before" in pages.text(none)
        assert "?view=events" in pages.links(none)
        only = operator.get(PAGE, {"view": "events", "failed": "1"})
        assert [row.name for row in only.context["events"]] == ["book"]


class TestOtel:
    def test_as_otlp_and_as_received(self, operator: Client, upstream: Faulty) -> None:
        serve(upstream, TREE, RING)
        links = [link for link in pages.links(operator.get(PAGE, {"view": "otel"})) if "download" in link]
        otlp, received = (operator.get(PAGE + link) for link in links)
        assert list(otlp.json()) == ["resourceSpans"]
        assert otlp["Content-Disposition"] == f'attachment; filename="trace-{canned.RUN}.otlp.json"'
        assert received.json() == RING

    def test_a_chosen_time_does_not_count_and_it_says_so(self, operator: Client, upstream: Faulty) -> None:
        serve(upstream, TREE, RING)
        said = "The chosen time does not count here"
        assert said in pages.text(operator.get(PAGE, {"view": "otel", "before": "2026-01-31T14:05:00Z"}))
        assert said not in pages.text(operator.get(PAGE, {"view": "otel"}))

    def test_a_form_that_is_not_known_is_given_as_received(self, operator: Client, upstream: Faulty) -> None:
        serve(upstream, TREE, {"data": []})
        assert json.loads(operator.get(PAGE, {"view": "otel", "download": "otlp"}).content) == {"data": []}
        page = operator.get(PAGE, {"view": "otel"})
        assert [link for link in pages.links(page) if "download" in link] == ["?view=otel&download=1"]


@pytest.mark.parametrize("part", ["spans", "found", "span", "logs"])
def test_parts_are_for_those_who_may_read(sign_in: Any, upstream: Faulty, part: str) -> None:
    serve(upstream, TREE)
    address = f"{PAGE}?part={part}&span=id-run"
    assert sign_in("viewer").get(address).status_code == 200
    assert sign_in("nobody").get(address).status_code == 403
    assert sign_in("anonymous").get(address).status_code == 302
