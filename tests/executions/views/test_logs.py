"""How a live list goes on: from when, whatever the workers' clocks say, and until when."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest
from django.test import Client

from executions.views import logs
from tests.executions import canned
from tests.faulty import RESET, Faulty, reply

PAGE = f"/executions/{canned.ID}/"
LOGS = canned.path(rest="/logs")
NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
FIRST, LAST = "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.9999999Z"


def lines(*times: str) -> list[dict[str, Any]]:
    return [canned.LOG | {"timestamp": one, "body": f"line {number}"} for number, one in enumerate(times)]


def seconds(*offsets: float) -> list[str]:
    return [(NOW + timedelta(seconds=one)).isoformat() for one in offsets]


@pytest.fixture
def _at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "now", lambda: NOW)


@pytest.mark.usefixtures("_at_noon")
@pytest.mark.parametrize(
    ("times", "more", "after"),
    [
        ([-1, -60], True, -6),
        # A clock that is ahead: lines of the others are not waited for until it is that late.
        ([60, -60], True, -5),
        ([60, -2], False, -2),
        ([60], False, -5),
        ([60, 59], True, -5),
        ([0, -60], True, -5),
    ],
)
def test_it_goes_on_before_what_is_now(
    operator: Client, upstream: Faulty, times: list[float], more: bool, after: float
) -> None:
    upstream.on(reply({"results": lines(*seconds(*times)), "next_cursor": "c" if more else None}), path=LOGS)
    query = dict(parse_qsl(operator.get(f"{PAGE}logs/").context["live"]["query"]))
    assert query["after"] == (NOW + timedelta(seconds=after)).isoformat()


@pytest.mark.parametrize("cursor", [None, "c"])
@pytest.mark.parametrize("times", [[FIRST], [LAST], [LAST, FIRST], [FIRST, "2026-01-31T14:05:00Z"]])
def test_any_time_that_can_be_written_is_a_page(
    operator: Client, upstream: Faulty, times: list[str], cursor: str | None
) -> None:
    upstream.on(reply({"results": lines(*times), "next_cursor": cursor}), path=LOGS)
    response = operator.get(f"{PAGE}logs/")
    assert [line.body for line in response.context["lines"]] == [f"line {number}" for number in range(len(times))]
    for place in (response.context["lines"][0].address, f"{LAST}-0123456789ab", f"{FIRST}-0123456789ab"):
        assert operator.get(f"{PAGE}logs/", {"line": place}).status_code == 200


class TestEnd:
    @pytest.fixture(autouse=True)
    def _earlier(self, upstream: Faulty) -> None:
        canned.healthy(upstream)
        earlier = canned.execution(run_id=canned.OTHER_RUN, status="FAILED", end_time="2026-01-31T14:06:00Z")
        upstream.on(reply(earlier), path=f"{canned.RUNS}/{canned.OTHER_RUN}")

    @pytest.mark.parametrize("latest", ["RUNNING", "COMPLETED", "unknown"])
    @pytest.mark.parametrize(("tab", "of_all"), [("events/?", True), ("logs/?runs=all&", True), ("logs/?", False)])
    def test_what_is_of_all_runs_goes_by_the_latest(
        self, operator: Client, upstream: Faulty, tab: str, of_all: bool, latest: str
    ) -> None:
        # What is known from before does not count.
        over = canned.execution(status="COMPLETED", end_time="2026-01-31T14:06:00Z")
        upstream.on(reply(over), path=canned.path())
        operator.get(PAGE)
        ended = None if latest == "RUNNING" else "2026-01-31T14:06:00Z"
        answer = reply(canned.execution(status=latest, end_time=ended))
        upstream.on([RESET] if latest == "unknown" else answer, path=canned.path())
        response = operator.get(f"{PAGE}{tab}run={canned.OTHER_RUN}")
        rests = not of_all or latest == "COMPLETED"
        assert (response.status_code, response.context["live"]["rest"]) == (200, "over" if rests else "")

    @pytest.mark.parametrize("tab", ["events/", "logs/?runs=all"])
    def test_the_latest_is_not_asked_for_twice(self, operator: Client, upstream: Faulty, tab: str) -> None:
        canned.healthy(upstream, status="COMPLETED", end_time="2026-01-31T14:06:00Z")
        assert operator.get(PAGE + tab).context["live"]["rest"] == "over"
        assert [one.path for one in upstream.requests].count(canned.path()) == 1
