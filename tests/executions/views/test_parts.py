"""What the tabs of an execution ask the API for, and what they make of its answers."""

import html
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest
from django.test import Client

from executions.services import logs, reads
from executions.services.history_rows import WINDOW
from executions.upstream.types import LogRecord
from tests.executions import canned, pages
from tests.faulty import RESET, Faulty, reply

PAGE = f"/executions/{canned.ID}/"
HISTORY = f"{canned.RUNS}/{canned.RUN}/history"
EARLIER = "2026-01-31T14:04:00+00:00"
HOSTILE = "<script>alert(1)</script>\x1b[31m\u202e"


class TestOverview:
    def test_the_top_of_the_page_answers_only_once_the_status_has_changed(
        self, operator: Client, upstream: Faulty
    ) -> None:
        before = pages.refresh(operator.get(PAGE), "facts")
        same = operator.get(f"{PAGE}?part=facts", headers=before)
        assert (same.status_code, same.content) == (204, b"")
        canned.healthy(upstream, status="COMPLETED")
        changed = operator.get(f"{PAGE}?part=facts", headers=before)
        assert changed.status_code == 200
        assert pages.text(changed).split()[0] == "Completed"
        # A teammate may reset it.
        assert pages.poller(changed, "facts")["hx-trigger"] == "every 10s, seen from:body"

    def test_a_running_execution(self, operator: Client, upstream: Faulty) -> None:
        response = operator.get(PAGE)
        assert [one.target for one in upstream.requests] == [canned.path()]
        assert response.context["result"] is None

    @pytest.mark.parametrize(
        ("result", "shown"), [(None, "null"), (0, "0"), ({"a": [1]}, '{\n  "a": [\n    1\n  ]\n}'), ("", '""')]
    )
    def test_a_result(self, operator: Client, upstream: Faulty, result: Any, shown: str) -> None:
        canned.healthy(upstream, status="COMPLETED", result=result)
        found = operator.get(PAGE).context["result"]
        assert (found.words if found else None) == (None if result is None else shown)

    def test_input_and_failure_come_after_the_page(self, operator: Client, upstream: Faulty) -> None:
        given, failure = (
            {"payloads": [{"amount": 10}]},
            {"message": "no <money>", "applicationFailureInfo": {"type": "Odd"}},
        )
        start = canned.event(1, "WORKFLOW_EXECUTION_STARTED", input=given)
        ended = canned.event(2, "WORKFLOW_EXECUTION_FAILED", failure=failure)
        canned.healthy(upstream, status="FAILED")
        upstream.on(reply({"events": [start, ended]}), path=f"{canned.RUNS}/{canned.RUN}/history")
        page = operator.get(PAGE)
        part = f"{PAGE}?part=payloads&run={canned.RUN}"
        assert part in [tag.get("hx-get") for _, tag in pages.parse(page).tags]
        assert [one.target for one in upstream.requests] == [canned.path()]
        shown = pages.text(operator.get(part))
        assert shown == 'Failure Copy Odd : no <money> From history event 2 Input Copy { "amount": 10 }'

    def test_an_input_that_is_encrypted_or_missing_says_so(self, operator: Client, upstream: Faulty) -> None:
        def shown(**attributes: Any) -> str:
            start = canned.event(1, "WORKFLOW_EXECUTION_STARTED", **attributes)
            upstream.on(reply({"events": [start]}), path=f"{canned.RUNS}/{canned.RUN}/history")
            return pages.text(operator.get(f"{PAGE}?part=payloads"))

        closed = canned.encoded("x", "binary/encrypted")
        assert shown(input={"payloads": [closed]}).startswith("Input It is encrypted (binary/encrypted)")
        assert shown() == "Input None: it was started without one."
        upstream.on([RESET], path=f"{canned.RUNS}/{canned.RUN}/history")
        response = operator.get(f"{PAGE}?part=payloads")
        assert response.status_code == 200
        assert pages.text(response).startswith("Input Not known now:")

    def test_a_long_input_is_folded(self, operator: Client, upstream: Faulty) -> None:
        start = canned.event(1, "WORKFLOW_EXECUTION_STARTED", input={"payloads": [list(range(7_000))]})
        upstream.on(reply({"events": [start]}), path=f"{canned.RUNS}/{canned.RUN}/history")
        response = operator.get(f"{PAGE}?part=payloads")
        assert "Show all" in pages.text(response)
        assert pages.links(response) == [f"{PAGE}history/?download=event&event=1&run={canned.RUN}"]

    def test_the_runs_are_this_execution_s(self, operator: Client, upstream: Faulty) -> None:
        old = canned.execution(run_id=canned.OTHER_RUN, status="FAILED")
        listed = [canned.execution(), old, canned.execution("inv-10")]
        upstream.on(reply({"executions": listed}), path=canned.RUNS)
        response = operator.get(f"{PAGE}?part=runs")
        assert [run.run_id for run in response.context["runs"]] == [canned.RUN, canned.OTHER_RUN]
        assert response.context["latest"] == canned.RUN
        assert ("search", canned.ID) in [pair for one in upstream.requests for pair in one.query]

    @pytest.mark.parametrize(
        ("tab", "said"),
        [
            ("logs", "This run only"),
            ("trace", "This run only"),
            ("logs&all=1", "Of all runs"),
        ],
    )
    def test_that_a_page_is_of_one_run_is_said_where_there_are_others(
        self, operator: Client, upstream: Faulty, monkeypatch: pytest.MonkeyPatch, tab: str, said: str
    ) -> None:
        query = f"run={canned.RUN}&severity=error"
        page = operator.get(f"{PAGE}logs/?{query}").content.decode()
        (asks,) = re.findall(r'hx-get="([^"]*part=pinned[^"]*)"', page)
        assert asks == f"{PAGE}?part=pinned&amp;run={canned.RUN}&amp;tab=logs"
        part, here = (
            f"{PAGE}?part=pinned&run={canned.RUN}&tab={tab}",
            {"HX-Current-URL": f"http://x{PAGE}logs/?{query}"},
        )
        assert operator.get(part, headers=here).content == b""
        old = canned.execution(run_id=canned.OTHER_RUN, status="FAILED")
        upstream.on(reply({"executions": [canned.execution(), old]}), path=canned.RUNS)
        # The next page that is opened knows of it.
        monkeypatch.setattr(reads, "AGE", 0.0)
        shown = operator.get(part, headers=here)
        assert said in pages.text(shown)
        assert pages.links(shown) == (["?severity=error"] if "only" in said else [])

    def test_events_are_of_all_runs_and_lead_to_those_of_this_one_s_time(
        self, operator: Client, upstream: Faulty
    ) -> None:
        (asks,) = re.findall(r'hx-get="([^"]*part=pinned[^"]*)"', operator.get(f"{PAGE}events/").content.decode())
        assert asks == f"{PAGE}?part=pinned&amp;run={canned.RUN}&amp;tab=events"
        its = canned.execution(status="COMPLETED", end_time="2026-01-31T14:06:00Z")
        upstream.on(reply(its), path=f"{canned.RUNS}/{canned.RUN}")
        upstream.on(reply({"executions": [its, canned.execution(run_id=canned.OTHER_RUN)]}), path=canned.RUNS)
        shown = operator.get(html.unescape(asks), headers={"HX-Current-URL": f"http://x{PAGE}events/?type=x"})
        assert pages.text(shown) == "Events of all runs · only from this run’s time"
        of_its_time = "?type=x&after=2026-01-31T14%3A05%3A00%2B00%3A00&before=2026-01-31T14%3A06%3A00%2B00%3A00"
        assert pages.links(shown) == [of_its_time]
        here = {"HX-Current-URL": f"http://x{PAGE}events/{of_its_time}"}
        assert pages.text(operator.get(html.unescape(asks), headers=here)) == "Events of all runs"

    def test_that_a_page_is_of_one_run_is_said_where_there_may_be_others(
        self, operator: Client, upstream: Faulty
    ) -> None:
        part = f"{PAGE}?part=pinned&run={canned.RUN}&tab=history"
        listed = {"executions": [canned.execution("inv-10"), canned.execution()], "next_page_token": "further"}
        upstream.on(reply(listed), path=canned.RUNS)
        assert "This run only" in pages.text(operator.get(part))

    def test_that_a_page_is_of_one_run_is_said_where_nobody_knows(self, operator: Client, upstream: Faulty) -> None:
        upstream.on(reply(status=500), path=canned.RUNS)
        assert "This run only" in pages.text(operator.get(f"{PAGE}?part=pinned&run={canned.RUN}&tab=history"))

    def test_which_run_is_the_latest_is_not_told_by_an_old_answer(self, operator: Client, upstream: Faulty) -> None:
        address = f"{PAGE}?part=runs&run={canned.RUN}"
        assert pages.text(operator.get(address)).count("latest") == 1
        upstream.on([RESET], path=canned.path())
        response = operator.get(address)
        assert (response.status_code, [run.run_id for run in response.context["runs"]]) == (200, [canned.RUN])
        assert "latest" not in pages.text(response)


class TestHistory:
    @staticmethod
    def end(page: Any) -> dict[str, str] | None:
        """Where new rows come in, if that is in the page."""
        found = re.search(r'<li class="edge" id="history-end"([^>]*)>', page.content.decode())
        return dict(re.findall(r'([\w-]+)="([^"]*)"', html.unescape(found[1]))) if found else None

    @pytest.mark.parametrize(
        ("query", "polls"),
        [("", True), ("event=40", False), ("order=asc", False), (f"order=asc&event={WINDOW + 1}", True)],
    )
    def test_it_asks_for_news_where_they_come_in(
        self, operator: Client, upstream: Faulty, query: str, polls: bool
    ) -> None:
        events = [canned.event(number, "MARKER_RECORDED") for number in range(1, WINDOW + 2)]
        upstream.on(reply({"events": events}), path=HISTORY)
        end = self.end(operator.get(f"{PAGE}history/?{query}"))
        assert (end is not None) == polls
        if end:
            assert end["hx-trigger"].startswith("every 2s, ")
            assert f"&part=news&since={WINDOW + 1}.0" in end["hx-get"]

    def test_it_is_asked_for_decoded(self, operator: Client, upstream: Faulty) -> None:
        response = operator.get(f"{PAGE}history/")
        assert upstream.requests[-1].target == f"{HISTORY}?decode_payloads=true"
        assert [row.id for row in response.context["rows"]] == [5, 1]
        response = operator.get(f"{PAGE}history/?view=all")
        assert [row.id for row in response.context["rows"]] == [5, 4, 3, 2, 1]
        assert (response.context["total"], response.context["polling"]) == (5, 2)

    def test_of_one_that_is_over_the_oldest_come_first(self, operator: Client, upstream: Faulty) -> None:
        canned.healthy(upstream, status="COMPLETED")
        response = operator.get(f"{PAGE}history/?view=all")
        assert [row.id for row in response.context["rows"]] == [1, 2, 3, 4, 5]
        end = self.end(response)
        assert end
        assert end["hx-trigger"] == "facts-changed from:body, due"

    def test_of_one_that_is_over_it_is_asked_for_once(self, operator: Client, upstream: Faulty) -> None:
        canned.healthy(upstream, status="COMPLETED")
        for query in ("", "view=all", "q=extract", "part=event&event=5"):
            assert operator.get(f"{PAGE}history/?{query}").status_code == 200
        assert [one.path for one in upstream.requests].count(HISTORY) == 1

    def test_a_long_one_is_refreshed_less_often(self, operator: Client, upstream: Faulty) -> None:
        events = [canned.event(number, "MARKER_RECORDED") for number in range(1, 10_001)]
        upstream.on(reply({"events": events}), path=HISTORY)
        assert operator.get(f"{PAGE}history/").context["polling"] == 10

    def test_a_point_of_a_run_leads_to_a_reset_that_knows_the_run(self, operator: Client, upstream: Faulty) -> None:
        """Events of an earlier run are no points of the latest one."""
        opened = [operator.get(f"{PAGE}history/?view=all&part=event&event={number}") for number in range(1, 6)]
        resets = [link for page in opened for link in pages.links(page) if "/reset/?" in link]
        assert resets == [f"{PAGE}reset/?event_id={number}&run={canned.RUN}" for number in range(1, 6)]
        words = [("Reset to here" in pages.text(page), "Reset to before this" in pages.text(page)) for page in opened]
        assert words == [(False, True)] * 3 + [(True, False), (False, True)]

    def test_without_a_run_id_it_is_the_execution_s(self, operator: Client, upstream: Faulty) -> None:
        canned.healthy(upstream, run_id=None)
        assert operator.get(f"{PAGE}history/").status_code == 200
        assert upstream.requests[-1].path == canned.path(rest="/history")

    @pytest.mark.parametrize(
        ("query", "ids"),
        [
            ("type=activity", [5]),
            ("type=activity&type=workflow", [1, 5]),
            ("q=EXTRACT", [5]),
            ("name=extract_invoice", [5]),
            ("state=pending", [5]),
            ("view=compact&state=pending", [5]),
            ("state=failed", []),
            ("order=desc", [5, 4, 3, 2, 1]),
            ("order=sideways", [1, 2, 3, 4, 5]),
            ("type=nothing", []),
            ("after=2026-01-31T14:05:04Z", [4, 5]),
            ("after=2026-01-31T14:05:02Z&before=2026-01-31T14:05:03Z", [2, 3]),
        ],
    )
    def test_filters(self, operator: Client, upstream: Faulty, query: str, ids: list[int]) -> None:
        canned.healthy(upstream, status="COMPLETED")
        view = "" if "view=" in query else "view=all&"
        assert [row.id for row in operator.get(f"{PAGE}history/?{view}{query}").context["rows"]] == ids

    @pytest.mark.parametrize(
        ("query", "around"),
        [("", (1, 50, 0, 400)), ("event=250", (240, 289, 239, 161)), ("event=450", (440, 450, 439, 0))],
    )
    def test_the_rows_around_the_chosen_event_show(
        self, operator: Client, upstream: Faulty, query: str, around: tuple[int, ...]
    ) -> None:
        self.timers(upstream)
        context = operator.get(f"{PAGE}history/?order=asc&{query}").context
        found = context["rows"][0].id, context["rows"][-1].id, context["ahead"], context["behind"]
        assert found == around

    @pytest.mark.parametrize(
        ("query", "first", "last"),
        [
            ("past=100", 101, 160),
            ("past=400", 401, 450),
            ("ahead=240", 180, 239),
            ("ahead=31", 1, 30),
            ("order=desc&past=351", 350, 291),
        ],
    )
    def test_more_rows_come_a_window_at_a_time(
        self, operator: Client, upstream: Faulty, query: str, first: int, last: int
    ) -> None:
        self.timers(upstream)
        page = operator.get(f"{PAGE}history/?order=asc&part=rows&{query}")
        assert (page.context["rows"][0].id, page.context["rows"][-1].id) == (first, last)
        ways = re.findall(r'data-edge="(\w+)"', page.content.decode())
        assert ways == ([] if {first, last} & {1, 450} else ["ahead" if "ahead" in query else "past"])

    @pytest.mark.parametrize(
        ("query", "ends"), [("past=350", 0), ("past=100", 0), ("ahead=420", 1), ("order=asc&past=400", 1)]
    )
    def test_new_rows_come_in_at_one_place_only(
        self, operator: Client, upstream: Faulty, query: str, ends: int
    ) -> None:
        self.timers(upstream)
        page = operator.get(f"{PAGE}history/?part=rows&{query}").content.decode()
        assert page.count('id="history-end"') == ends

    def test_a_row_s_address_is_the_execution_s_whatever_its_id(self, operator: Client, upstream: Faulty) -> None:
        canned.healthy(upstream, "a?b#c%2e")
        page = operator.get("/executions/a%3Fb%23c%252e/history/").content.decode()
        assert 'hx-get="/executions/a%3Fb%23c%252e/history/?' in page
        assert "/executions/a?b" not in page

    @pytest.mark.parametrize("query", ["event=" + "1" * 5_000, "part=rows&past=" + "1" * 5_000])
    def test_no_number_is_too_long(self, operator: Client, upstream: Faulty, query: str) -> None:
        assert operator.get(f"{PAGE}history/?{query}").status_code in {200, 204}

    def test_rows_past_one_that_is_not_there_are_none(self, operator: Client, upstream: Faulty) -> None:
        assert operator.get(f"{PAGE}history/?part=rows&past=77").status_code == 204
        assert operator.get(f"{PAGE}history/?part=event&event=77").status_code == 404

    def timers(self, upstream: Faulty) -> None:
        events = [canned.event(number, "TIMER_STARTED", timerId=str(number)) for number in range(1, 451)]
        upstream.on(reply({"events": events}), path=HISTORY)

    @pytest.mark.parametrize(
        ("query", "view"), [("event=3", "all"), ("event=5", "compact"), ("event=3&view=compact", "compact")]
    )
    def test_a_link_to_an_event_that_the_steps_leave_out_shows_all(
        self, operator: Client, upstream: Faulty, query: str, view: str
    ) -> None:
        page = operator.get(f"{PAGE}history/?{query}")
        assert page.context["view"] == view
        assert ("Event 3 is not here" in pages.text(page)) == (query == "event=3&view=compact")

    @pytest.mark.parametrize(
        ("form", "decoded"), [("download=decoded", True), ("download=encoded", False), ("payloads=encoded", False)]
    )
    def test_a_download_is_what_was_received(
        self, operator: Client, upstream: Faulty, form: str, decoded: bool
    ) -> None:
        body = b'{ "events" : [ {"eventId":"1", "x": 1.00} ] }'
        upstream.on(reply(body), path=HISTORY)
        response = operator.get(f"{PAGE}history/?{form}")
        assert (response.content, response["Content-Type"]) == (body, "application/json")
        assert response["Content-Disposition"] == f'attachment; filename="history-{canned.RUN}.json"'
        assert upstream.requests[-1].query == ([("decode_payloads", "true")] if decoded else [])

    def test_a_readable_download_says_the_same(self, operator: Client, upstream: Faulty) -> None:
        response = operator.get(f"{PAGE}history/?download=readable")
        assert json.loads(response.content) == canned.HISTORY
        assert len(response.content.splitlines()) > 20

    @pytest.mark.parametrize("answer", [{"items": []}, [1, 2], "text", None, {"events": {"a": 1}}])
    def test_another_shape_is_shown_as_json(self, operator: Client, upstream: Faulty, answer: Any) -> None:
        upstream.on(reply(answer), path=HISTORY)
        response = operator.get(f"{PAGE}history/")
        assert response.status_code == 200
        assert json.loads(response.context["unreadable"]) == answer

    @pytest.mark.parametrize("view", ["compact", "all", "timeline", "json"])
    def test_hostile_events_are_rows(self, operator: Client, upstream: Faulty, view: str) -> None:
        events = [None, 3, HOSTILE, [], {HOSTILE: HOSTILE}, {"eventId": HOSTILE, "eventType": HOSTILE}]
        upstream.on(reply({"events": events}), path=HISTORY)
        response = operator.get(f"{PAGE}history/?view={view}")
        assert (response.status_code, len(response.context["rows"])) == (200, len(events))
        assert "<script>alert" not in response.content.decode()


class TestTrace:
    @pytest.mark.parametrize(
        ("view", "paths"),
        [
            ("", ["/trace/summary", "/trace/info"]),
            ("waterfall", ["/trace/summary", "/trace/info"]),
            ("unknown", ["/trace/summary", "/trace/info"]),
            ("events", ["/trace/events"]),
            ("otel", ["/trace/otel"]),
        ],
    )
    def test_each_view_asks_for_its_own(self, operator: Client, upstream: Faulty, view: str, paths: list[str]) -> None:
        response = operator.get(f"{PAGE}trace/?view={view}")
        assert response.context["view"] == (view if view in {"events", "otel"} else "waterfall")
        assert [one.path for one in upstream.requests[1:]] == [canned.path(rest=path) for path in paths]

    def test_internal_events_on_demand(self, operator: Client, upstream: Faulty) -> None:
        operator.get(f"{PAGE}trace/?view=events")
        operator.get(f"{PAGE}trace/?view=events&internal=1")
        asked = [one.query for one in upstream.requests if one.path.endswith("/trace/events")]
        assert asked == [
            [("merge_same_id_events", "true")],
            [("merge_same_id_events", "true"), ("include_internal_events", "true")],
        ]

    @pytest.mark.parametrize(("data", "body"), [({"batches": [1]}, b'{"batches": [1]}'), (None, b"null")])
    def test_the_download_is_what_was_received(
        self, operator: Client, upstream: Faulty, data: Any, body: bytes
    ) -> None:
        upstream.on(reply(canned.execution() | {"otel_trace_data": data}), path=canned.path(rest="/trace/otel"))
        response = operator.get(f"{PAGE}trace/?view=otel&download=1")
        assert (response.content, response["Content-Type"]) == (body, "application/json")

    def test_without_a_trace_the_page_says_so(self, operator: Client, upstream: Faulty) -> None:
        upstream.on(reply(canned.execution() | {"span_tree": None}), path=canned.path(rest="/trace/summary"))
        assert "No trace data" in pages.text(operator.get(f"{PAGE}trace/"))


class TestLogs:
    @pytest.mark.parametrize(
        ("query", "asked"),
        [
            ("", [("order", "desc")]),
            ("order=asc", [("order", "asc")]),
            ("order=sideways", [("order", "desc")]),
            ("activity=7", [("activity_id", "7"), ("order", "desc")]),
            ("cursor=a%2Bb", [("order", "desc"), ("cursor", "a+b")]),
            ("after=2026-01-31T15:05:00%2B01:00", [("after", "2026-01-31T14:05:00+00:00"), ("order", "desc")]),
            ("before=2026-01-31T14:05:00Z", [("before", "2026-01-31T14:05:00+00:00"), ("order", "desc")]),
        ],
    )
    def test_what_is_asked_for(
        self, operator: Client, upstream: Faulty, query: str, asked: list[tuple[str, str]]
    ) -> None:
        operator.get(f"{PAGE}logs/?{query}")
        assert upstream.requests[-1].path == canned.path(rest="/logs")
        assert sorted(upstream.requests[-1].query) == sorted([*asked, ("run_id", canned.RUN), ("limit", "100")])

    @pytest.mark.parametrize(
        ("query", "ends", "after"),
        [
            ("", (True, True), "01"),
            ("q=x", (True, True), "01"),
            # Somewhere between the first line and the newest: the newer ones are fetched before it goes on live.
            ("cursor=a", (True, False), None),
            # Of the oldest line's moment there may be more on the page before.
            ("cursor=a&order=asc", (False, True), "01.000001"),
            ("before=2026-01-31", (True, True), "01"),
        ],
    )
    def test_where_it_goes_on(
        self, operator: Client, upstream: Faulty, query: str, ends: tuple[bool, bool], after: str | None
    ) -> None:
        found = operator.get(f"{PAGE}logs/?{query}").context["live"]
        assert (found["path"], found["rest"]) == (f"/ws{PAGE}logs/", "range" if "before" in query else "")
        assert (found["at_start"], found["at_end"]) == ends
        if after:
            asked = dict(parse_qsl(found["query"]))
            assert asked == {"run": canned.RUN, "after": f"2026-01-31T14:05:{after}+00:00"}

    @pytest.mark.parametrize(("oldest", "after"), [(-60, -5), (-2, -2)])
    def test_it_goes_on_a_little_before_its_newest_line(
        self, operator: Client, upstream: Faulty, oldest: int, after: int
    ) -> None:
        newest = datetime(2026, 1, 31, 14, 5, tzinfo=UTC)
        lines = [{**canned.LOG, "timestamp": (newest + timedelta(seconds=past)).isoformat()} for past in (0, oldest)]
        upstream.on(reply({"results": lines}), path=canned.path(rest="/logs"))
        query = operator.get(f"{PAGE}logs/").context["live"]["query"]
        assert dict(parse_qsl(query))["after"] == (newest + timedelta(seconds=after)).isoformat()

    @pytest.mark.parametrize(
        ("order", "asked", "ends"),
        [
            ("desc", ("before", "2026-01-31T14:04:00.001000+00:00"), (True, False)),
            ("asc", ("after", EARLIER), (False, True)),
        ],
    )
    def test_a_linked_line_that_is_not_on_the_first_page(
        self, operator: Client, upstream: Faulty, order: str, asked: tuple[str, str], ends: tuple[bool, bool]
    ) -> None:
        linked = {**canned.LOG, "timestamp": EARLIER, "body": "the one"}
        upstream.on(reply({"results": [canned.LOG]}), reply({"results": [linked]}), path=canned.path(rest="/logs"))
        address = logs.row(LogRecord(**linked)).address
        response = operator.get(f"{PAGE}logs/", {"order": order, "line": address})
        assert asked in upstream.requests[-1].query
        live = response.context["live"]
        assert (response.context["around"], live["at_start"], live["at_end"]) == (True, *ends)
        assert 'class="row selected"' in response.content.decode()

    def test_filters_say_of_how_many(self, operator: Client, upstream: Faulty) -> None:
        upstream.on(
            reply({"results": [canned.LOG, {"body": HOSTILE, "severity_text": "ERROR"}]}),
            path=canned.path(rest="/logs"),
        )
        response = operator.get(f"{PAGE}logs/?severity=error")
        assert ([line.body for line in response.context["lines"]], response.context["fetched"]) == (
            ["<script>alert(1)</script>"],
            2,
        )
        assert "<script>alert" not in response.content.decode()


class TestEvents:
    def test_what_is_asked_for(self, operator: Client, upstream: Faulty) -> None:
        response = operator.get(f"{PAGE}events/?cursor=a%2Bb")
        assert upstream.requests[-1].query == [("workflow_exec_id", canned.ID), ("limit", "100"), ("cursor", "a+b")]
        assert response.context["live"] is None
        assert operator.get(f"{PAGE}events/").context["live"] == {"path": f"/ws{PAGE}events/", "query": "", "rest": ""}

    def test_filters_say_of_how_many(self, operator: Client, upstream: Faulty) -> None:
        other = canned.EVENT | {"event_id": "e-2", "event_type": HOSTILE, "attributes": [HOSTILE]}
        upstream.on(reply({"events": [canned.EVENT, other]}), path=canned.EVENTS)
        response = operator.get(f"{PAGE}events/?type=other")
        assert ([row.id for row in response.context["events"]], response.context["fetched"]) == (["e-2"], 2)
        assert "<script>alert" not in response.content.decode()
