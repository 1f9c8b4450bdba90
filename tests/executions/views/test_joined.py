"""From a row of one tab to the same thing on another."""

import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.test import Client

from executions import permissions
from executions.services import runs
from executions.upstream.types import Execution
from tests.executions import canned, pages
from tests.executions.conftest import SignIn
from tests.executions.services.trace_shapes import span
from tests.faulty import Faulty, reply

PAGE = f"/executions/{canned.ID}/"
GO = f"{PAGE}go/"
SCHEDULED = canned.event(5, "ACTIVITY_TASK_SCHEDULED", activityId="1", activityType={"name": "extract_invoice"})
EVENTS = [
    *canned.HISTORY["events"][:4],
    SCHEDULED,
    canned.event(6, "ACTIVITY_TASK_STARTED", scheduledEventId="5"),
    canned.event(9, "ACTIVITY_TASK_COMPLETED", scheduledEventId="5"),
    canned.event(20, "TIMER_STARTED", timerId="t"),
    canned.event(30, "TIMER_FIRED", timerId="t", startedEventId="20"),
]
SPANS = span(
    "root",
    0,
    40,
    span("run", 6, 9, attributes={"temporalActivityID": "1", "temporalWorkflowID": canned.ID}),
    span("other", 6, 9, attributes={"temporalActivityID": "1", "temporalWorkflowID": "a-child"}),
)


def announced(number: int, second: float, kind: str, **attributes: Any) -> dict[str, Any]:
    moment = 1_769_868_300_000_000_000 + int(second * 10**9)
    return canned.EVENT | {
        "event_id": f"e-{number}", "event_timestamp": moment, "event_type": kind, "attributes": attributes
    }  # fmt: skip


@pytest.fixture(autouse=True)
def api(upstream: Faulty) -> None:
    upstream.on(reply({"events": EVENTS}), path=f"{canned.RUNS}/{canned.RUN}/history")
    upstream.on(reply(canned.execution() | {"span_tree": SPANS}), path=canned.path(rest="/trace/summary"))


def goes(response: HttpResponse) -> tuple[str, dict[str, str]]:
    """The tab, and what its address says besides the run."""
    assert response.status_code == 302, response.content
    found = urlsplit(response["Location"])
    query = dict(parse_qsl(found.query))
    assert query.pop("run") == canned.RUN
    return found.path.removeprefix(PAGE).strip("/"), query


THEN = {"after": "2026-01-31T14:05:19+00:00", "before": "2026-01-31T14:05:31+00:00"}
WORKED = {"after": "2026-01-31T14:05:04.600000+00:00", "before": "2026-01-31T14:05:09.400000+00:00"}
MOMENT = {"after": "2026-01-31T14:05:59.900000+00:00", "before": "2026-01-31T14:06:00.100000+00:00"}


@pytest.mark.parametrize(
    ("query", "tab", "selected"),
    [
        ("to=trace&event=5", "trace", {"span": "id-run"}),
        ("to=trace&event=9", "trace", {"span": "id-run"}),
        ("to=logs&event=6", "logs", {"activity": "1"}),
        ("to=history&event=9", "history", {"event": "5"}),
        # What is no activity, by its time.
        ("to=trace&event=20", "trace", THEN),
        ("to=logs&event=30", "logs", THEN),
        ("to=events&event=20", "events", THEN),
        # From a line of the log, or a streamed event.
        ("to=history&activity=1&at=2026-01-31T14:05:08Z", "history", {"event": "5"}),
        ("to=trace&activity=1&at=2026-01-31T14:05:08Z", "trace", {"span": "id-run"}),
        ("to=logs&activity=1", "logs", {"activity": "1"}),
        # Not this run's.
        ("to=history&activity=1&at=2026-01-31T14:06:00Z", "history", MOMENT),
        ("to=history&activity=2&at=2026-01-31T14:06:00Z", "history", MOMENT),
    ],
)
def test_it_goes_to_what_belongs_to_it_or_to_its_time(
    operator: Client, query: str, tab: str, selected: dict[str, str]
) -> None:
    assert goes(operator.get(f"{GO}?{query}")) == (tab, selected)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("to=history&event=77", 404),
        ("to=logs&activity=9", 404),
        ("to=trace", 404),
        ("event=5", 400),
        ("to=x&event=5", 400),
    ],
)
def test_what_is_nowhere_is_said(operator: Client, query: str, status: int) -> None:
    assert operator.get(f"{GO}?{query}").status_code == status


@pytest.mark.parametrize(
    ("unread", "query", "moment"),
    [
        ("history", "to=trace&event=5&at=2026-01-31T14:06:00Z", MOMENT),
        ("history", "to=logs&activity=1&at=2026-01-31T14:06:00Z", MOMENT),
        ("trace", "to=trace&event=5", WORKED),
    ],
)
def test_what_cannot_be_read_leads_to_its_time_and_is_said_there(
    operator: Client, upstream: Faulty, unread: str, query: str, moment: dict[str, str]
) -> None:
    path = {"history": f"{canned.RUNS}/{canned.RUN}/history", "trace": canned.path(rest="/trace/summary")}[unread]
    upstream.on(reply({"detail": "no"}, status=503), path=path)
    response = operator.get(f"{GO}?{query}")
    assert goes(response)[1] == moment
    assert f"The {unread} could not be read: The Workflows API had an error of its own." in pages.text(
        operator.get(f"{PAGE}logs/")
    )


def test_without_the_history_and_a_time_there_is_nowhere_to_go(operator: Client, upstream: Faulty) -> None:
    upstream.on(reply({"detail": "no"}, status=503), path=f"{canned.RUNS}/{canned.RUN}/history")
    assert operator.get(f"{GO}?to=trace&event=5").status_code == 502


def test_it_is_for_those_who_may_read(sign_in: SignIn) -> None:
    assert sign_in("nobody").get(f"{GO}?to=logs&event=5").status_code == 403


def test_a_row_of_the_history_has_the_ways(operator: Client) -> None:
    links = pages.links(operator.get(f"{PAGE}history/?part=event&event=5"))
    at = "at=2026-01-31T14%3A05%3A05%2B00%3A00"
    assert {f"{GO}?to={to}&event=5&{at}&run={canned.RUN}" for to in ("trace", "logs", "events")} <= set(links)


def test_rows_of_the_log_and_of_the_events_have_them(operator: Client, upstream: Faulty) -> None:
    upstream.on(reply({"events": [announced(1, 7, "ACTIVITY_TASK_STARTED", task_id="1")]}), path=canned.EVENTS)
    page = operator.get(f"{PAGE}events/").content.decode()
    assert 'data-activity="1"' in page
    assert {f"{GO}?to={to}" for to in ("trace", "history", "logs")} <= set(pages.links(page))
    assert f"{GO}?to=history" in pages.links(operator.get(f"{PAGE}logs/"))


@pytest.mark.parametrize(
    ("may", "ways"),
    [
        ({"history", "trace-summary", "logs"}, ["trace", "history", "logs"]),
        ({"history", "logs"}, ["history", "logs"]),
        # Each way is found by the history.
        ({"trace-summary", "logs"}, []),
    ],
)
def test_there_are_only_ways_that_the_reader_may_go(may: set[str], ways: list[str]) -> None:
    shown = {"run": runs.run(Execution(execution_id=canned.ID)), "may": may, "history": True, "logs": True}
    assert re.findall(r"to=(\w+)", render_to_string("executions/_joined.html", shown)) == ways


@pytest.mark.parametrize("address", ["?part=payloads", "trace/?part=history&span=id-run", "trace/?part=going"])
def test_what_shows_the_history_needs_its_permission(
    operator: Client, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    assert operator.get(f"{PAGE}{address}").status_code == 200
    monkeypatch.setattr(permissions, "is_allowed", lambda user, operation: operation != "history")
    assert operator.get(f"{PAGE}{address}").status_code == 403


class TestOfASpan:
    def part(self, operator: Client, name: str) -> HttpResponse:
        return operator.get(f"{PAGE}trace/?part=history&span=id-{name}")

    def test_its_activitys_events_and_what_was_announced(self, operator: Client, upstream: Faulty) -> None:
        listed = [
            announced(1, 5.9, "ACTIVITY_TASK_STARTED", task_id="1"),
            announced(2, 7, "ACTIVITY_TASK_STARTED", task_id="2"),
            announced(3, 8, "CUSTOM_TASK_STARTED", custom_task_id="t"),
            announced(4, 20, "ACTIVITY_TASK_COMPLETED", task_id="1"),
            # Near it, and not of its activity.
            announced(5, 9.2, "CUSTOM_TASK_COMPLETED", custom_task_id="t"),
        ]
        upstream.on(reply({"events": listed, "next_cursor": "more"}), path=canned.EVENTS)
        page = self.part(operator, "run")
        links = pages.links(page)
        assert [link for link in links if "event=" in link] == [
            *(f"{PAGE}history/?view=all&event={number}&run={canned.RUN}" for number in (5, 6, 9)),
            *(f"{PAGE}events/?event=e-{number}" for number in (1, 3)),
        ]
        said = "2 streamed events of its activity, or of none in its time, among the first 5 of the execution."
        assert said in pages.text(page)
        then = "after=2026-01-31T14%3A05%3A05.700000%2B00%3A00&before=2026-01-31T14%3A05%3A09.300000%2B00%3A00"
        assert links[-2:] == [f"{PAGE}history/?run={canned.RUN}&view=all&{then}", f"{PAGE}events/?{then}"]

    def test_one_of_a_child_leads_there(self, operator: Client) -> None:
        links = pages.links(self.part(operator, "other"))
        begun = "2026-01-31T14%3A05%3A06%2B00%3A00"
        assert links[:3] == [
            "/executions/a-child/",
            "/executions/a-child/trace/",
            f"/executions/a-child/go/?to=history&activity=1&at={begun}",
        ]

    def test_what_cannot_be_read_is_said(self, operator: Client, upstream: Faulty) -> None:
        upstream.on(reply({"detail": "no"}, status=503), path=canned.EVENTS)
        text = pages.text(self.part(operator, "run"))
        assert "ActivityTaskScheduled" in text
        assert "The events cannot be read" in text

    def test_its_events_are_there_without_the_history(self, operator: Client, upstream: Faulty) -> None:
        upstream.on(reply({"detail": "no"}, status=503), path=f"{canned.RUNS}/{canned.RUN}/history")
        upstream.on(reply({"events": [announced(1, 7, "ACTIVITY_TASK_STARTED", task_id="1")]}), path=canned.EVENTS)
        text = pages.text(self.part(operator, "run"))
        assert "The history cannot be read" in text
        assert "ACTIVITY_TASK_STARTED" in text

    def test_an_id_that_no_execution_can_have_is_no_link(self, operator: Client, upstream: Faulty) -> None:
        about = {"temporalActivityID": "1", "temporalWorkflowID": ".."}
        tree = canned.execution() | {"span_tree": span("root", 0, 9, attributes=about)}
        upstream.on(reply(tree), path=canned.path(rest="/trace/summary"))
        page = self.part(operator, "root")
        assert pages.links(page) == []
        assert "with an id that none can have: .." in pages.text(page)
