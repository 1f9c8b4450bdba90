"""The chosen range of time: every tab of an execution shows it, and leads on with it."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from tests.executions import canned, pages
from tests.executions.recorded import row
from tests.faulty import Faulty, reply

PAGE = f"/executions/{canned.ID}/"
BEGUN = datetime(2026, 1, 31, 14, 5, tzinfo=UTC)
RANGE = "after=2026-01-31T14:05:02Z&before=2026-01-31T14:05:04Z"
KEPT = "after=2026-01-31T14%3A05%3A02Z&before=2026-01-31T14%3A05%3A04Z"
BETWEEN = "between 14:05:02.000 and 14:05:04.000"
TABS = ("", "history/", "trace/", "logs/", "events/", "actions/")


def announced(second: float) -> dict[str, Any]:
    moment = int((BEGUN + timedelta(seconds=second)).timestamp() * 10**9)
    return canned.EVENT | {"event_id": f"e-{second}", "event_timestamp": moment, "event_type": "CUSTOM"}


def shown(html: str) -> list[str]:
    return re.findall(r'data-row="([^"]*)"', html)


def did(second: int) -> None:
    age = datetime.now(UTC) - BEGUN - timedelta(seconds=second)
    row(operation="signal", name=f"signal-{second}", age=age.total_seconds())


@pytest.mark.parametrize("tab", TABS)
def test_a_tab_leads_to_the_others_with_it(operator: Client, upstream: Faulty, tab: str) -> None:
    links = pages.links(operator.get(f"{PAGE}{tab}?{RANGE}"))
    assert {f"{PAGE}{other}?{KEPT}" for other in TABS} <= set(links)


@pytest.mark.parametrize("tab", ["history/", "history/?view=timeline", "trace/?view=events", "logs/", "events/"])
def test_filters_order_and_views_keep_it(operator: Client, upstream: Faulty, tab: str) -> None:
    page = operator.get(f"{PAGE}{tab}{'&' if '?' in tab else '?'}{RANGE}")
    ways_out = {"?order=desc", "?view=timeline&order=desc"}
    own = [link for link in pages.links(page) if link.startswith("?") and len(link) > 1 and link not in ways_out]
    assert len(own) >= 4
    # What goes to one event leaves it, since that may be elsewhere; so do the links without filters.
    assert all(KEPT in link for link in own if ("event=" not in link and "type=" in link) or "order=" in link)
    fields = pages.parse(page).fields
    assert (fields["after"], fields["before"]) == ("2026-01-31T14:05:02Z", "2026-01-31T14:05:04Z")


@pytest.mark.parametrize("tab", TABS)
@pytest.mark.parametrize("query", ["after=yesterday", "before=12"])
def test_what_is_no_time_is_said(operator: Client, upstream: Faulty, tab: str, query: str) -> None:
    """With the way to the page without it: the same address again would say the same."""
    page = operator.get(f"{PAGE}{tab}?{query}&q=x&run={canned.RUN}")
    name, _, value = query.partition("=")
    assert page.status_code == 400
    assert f"“{name}” in the address is “{value}”, which is not a time." in pages.problem_text(page)
    assert f"?q=x&run={canned.RUN}" in pages.links(page)
    assert "Try again" not in pages.text(page)


@pytest.mark.parametrize("tab", TABS)
def test_a_range_that_ends_before_it_begins_is_turned(operator: Client, upstream: Faulty, tab: str) -> None:
    page = operator.get(f"{PAGE}{tab}?after=2026-01-31T14:05:04Z&before=2026-01-31T14:05:02Z&q=50%25&q=x")
    assert (page.status_code, page["Location"]) == (302, f"?{KEPT}&q=50%25&q=x")
    assert operator.get(f"{PAGE}{tab}?{RANGE}").status_code == 200


def test_rows_and_the_strip_turn_it_too(operator: Client, upstream: Faulty) -> None:
    turned = "after=2026-01-31T14:05:04Z&before=2026-01-31T14:05:02Z"
    one, other = (pages.text(operator.get(f"{PAGE}strip/?{query}")) for query in (turned, RANGE))
    assert one == other
    operator.get(f"{PAGE}logs/rows/?{turned}")
    asked = dict(upstream.requests[-1].query)
    assert (asked["after"], asked["before"]) == ("2026-01-31T14:05:02+00:00", "2026-01-31T14:05:04+00:00")


class TestLogs:
    def page(self, operator: Client, upstream: Faulty, query: str) -> str:
        upstream.on(reply({"results": [], "next_cursor": None}), path=canned.path(rest="/logs"))
        return operator.get(f"{PAGE}logs/?{query}").content.decode()

    def test_without_any_it_says_when_and_offers_the_whole_time(self, operator: Client, upstream: Faulty) -> None:
        html = self.page(operator, upstream, f"{RANGE}&severity=error&run={canned.RUN}&cursor=x")
        assert f"No log lines {BETWEEN} match, of the 0 fetched" in pages.text(html)
        assert f'<a href="?severity=error&amp;run={canned.RUN}" data-whole-time>Show the whole time</a>' in html
        # None of it is still to come.
        assert "New ones appear here" not in html

    @pytest.mark.parametrize(
        ("query", "said"), [("after=2026-01-31T14:05:02Z", "after 14:05:02"), ("", "")], ids=["open", "whole"]
    )
    def test_more_may_come(self, operator: Client, upstream: Faulty, query: str, said: str) -> None:
        html = self.page(operator, upstream, query)
        assert f"No log lines {said}".strip() in pages.text(html)
        assert ("Show the whole time" in html) == bool(said)
        assert "New ones appear here" in html


class TestEvents:
    def page(self, operator: Client, upstream: Faulty, *seconds: float, more: str = "", query: str = RANGE) -> str:
        listed = {"events": [announced(second) for second in seconds], "next_cursor": more or None}
        upstream.on(reply(listed), path=canned.EVENTS)
        return operator.get(f"{PAGE}events/?{query}").content.decode()

    def test_only_those_of_it(self, operator: Client, upstream: Faulty) -> None:
        html = self.page(operator, upstream, 1, 2, 3.5, 4, 4.001, 9)
        assert shown(html) == ["e-2", "e-3.5", "e-4"]
        assert "3 of the 6 events fetched" in html
        # For those that the stream brings.
        assert 'data-live-after="2026-01-31T14:05:02+00:00" data-live-before="2026-01-31T14:05:04+00:00"' in html
        assert [dict(one.query)["limit"] for one in upstream.requests if canned.EVENTS in one.target] == ["1000"]

    def test_without_any_it_says_of_how_many_and_offers_the_whole_time(
        self, operator: Client, upstream: Faulty
    ) -> None:
        html = self.page(operator, upstream, 1, 9)
        assert f"No streamed events {BETWEEN} , of the 2 fetched" in pages.text(html)
        assert '<a href="?" data-whole-time>' in html
        html = self.page(operator, upstream, 1, 9, query=f"{RANGE}&run={canned.RUN}&type=task&event=e-1")
        assert f"No streamed events {BETWEEN} match, of the 2 fetched" in pages.text(html)
        # Filters stay, a place in a list does not.
        assert f'<a href="?run={canned.RUN}&amp;type=task" data-whole-time>' in html

    @pytest.mark.parametrize(
        ("seconds", "given", "live"),
        [
            # All that can come has come: past its end, or before now.
            ((3, 9.5), ("more", RANGE), ("range", 2)),
            ((3,), ("", RANGE), ("range", 1)),
            # Events come late, and there are more.
            ((3, 8), ("more", RANGE), ("", 1)),
            ((3, 8), ("more", "after=2026-01-31T14:05:05Z"), ("", 1)),
            ((3,), ("", ""), ("", 1)),
        ],
    )
    def test_the_stream_is_awaited_as_long_as_it_can_bring_some(
        self, operator: Client, upstream: Faulty, seconds: Any, given: tuple[str, str], live: Any
    ) -> None:
        html = self.page(operator, upstream, *seconds, more=given[0], query=given[1])
        (rest,), (counted,) = (re.findall(f'data-live-{name}="([^"]*)"', html) for name in ("rest", "fetched"))
        # What is hidden counts once: the stream brings it again.
        assert (rest, int(counted)) == live


def test_actions_of_it(operator: Client, upstream: Faulty) -> None:
    for second in (1, 3, 9):
        did(second)
    text = pages.text(operator.get(f"{PAGE}actions/?{RANGE}"))
    assert re.findall(r"signal-\d", text) == ["signal-3"]
    assert "1 of 3 actions: those of the chosen time." in text
    assert len(re.findall(r"signal-\d", pages.text(operator.get(f"{PAGE}actions/")))) == 3
    text = pages.text(operator.get(f"{PAGE}actions/?after=2026-01-31T15:00:00Z"))
    assert "Nobody acted on this execution after 15:00:00" in text
    assert "0 of 3 actions" in text


def test_the_overview_has_the_actions_of_it(operator: Client, upstream: Faulty) -> None:
    for second in (1, 3, 9):
        did(second)
    text = pages.text(operator.get(f"{PAGE}?{RANGE}"))
    assert "What operators did in the chosen time" in text
    assert re.findall(r"signal-\d", text) == ["signal-3"]


def test_trace_events_of_it(operator: Client, upstream: Faulty) -> None:
    listed = [
        {"id": f"t-{second}", "name": f"step-{second}", "timestamp_unix_nano": announced(second)["event_timestamp"]}
        for second in (1, 3, 9)
    ]
    upstream.on(reply(canned.execution() | {"events": listed}), path=canned.path(rest="/trace/events"))
    text = pages.text(operator.get(f"{PAGE}trace/?view=events&{RANGE}"))
    assert set(re.findall(r"step-\d", text)) == {"step-3"}
    assert "1 trace event of all runs, 2 more beyond the chosen time" in text


def test_a_trace_that_is_elsewhere_says_so(operator: Client, upstream: Faulty) -> None:
    # Its only span is of 2001.
    page = operator.get(f"{PAGE}trace/?{RANGE}&runs=all").content.decode()
    assert "No span is in the chosen time" in page
    assert '<a href="?runs=all" data-whole-time>' in page
    assert "No span is in the chosen time" not in operator.get(f"{PAGE}trace/?runs=all").content.decode()
