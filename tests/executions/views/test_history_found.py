"""What a history's page says of what its filters leave: retrying activities, timers, nothing, an API that is away."""

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from executions.services import attempts
from executions.views import history_parts
from tests.executions import canned, pages
from tests.faulty import Faulty, reply

PAGE = f"/executions/{canned.ID}/history/"
HISTORY = f"{canned.RUNS}/{canned.RUN}/history"
SEARCH = {"HX-Request": "true", "HX-Target": "history-found"}


@pytest.fixture
def retrying(upstream: Faulty, monkeypatch: pytest.MonkeyPatch) -> Iterator[Faulty]:
    """The canned run, whose one activity has failed three times."""
    monkeypatch.setattr(attempts, "FRESH_SECONDS", 0.0)
    attempts._known.clear()
    about = {"task_id": "1", "activity_name": "extract_invoice", "failure": {"message": "429 slow down"}}
    failed = canned.EVENT | {"event_timestamp": 1_769_868_306_000_000_000, "attributes": about}
    failed |= {"event_type": "ACTIVITY_TASK_FAILED"}
    upstream.on(reply({"events": [failed] * 3, "next_cursor": None}), path=canned.EVENTS)
    yield upstream
    attempts._known.clear()


def row(browser: Client, query: str, event: int = 5) -> str:
    found = re.search(rf'<li id="event-{event}".*?</li>', browser.get(f"{PAGE}?{query}").content.decode(), re.DOTALL)
    return found[0] if found else ""


def chips(browser: Client, query: str) -> str:
    page = browser.get(f"{PAGE}?{query}").content.decode()
    found = re.search(r'<div class="chips" id="history-kinds".*?</div>', page, re.DOTALL)
    assert found
    return pages.text(found[0])


class TestRetrying:
    @pytest.mark.parametrize("query", ["q=retrying", "q=429+SLOW", "state=retrying"])
    @pytest.mark.parametrize("view", ["compact", "timeline", "all"])
    def test_it_is_found_by_what_its_row_says_and_says_it(
        self, operator: Client, retrying: Faulty, view: str, query: str
    ) -> None:
        found = row(operator, f"{query}&view={view}")
        assert re.search(r'class="row[^"]* retrying"', found)
        assert "retrying ×3" in pages.text(found)
        assert "retrying 1" in chips(operator, f"{query}&view={view}")

    @pytest.mark.parametrize("query", ["q=retrying", "q=retrying&part=rows&past=5", "state=retrying"])
    def test_nobody_waits_long_for_a_stream_that_does_not_answer(
        self, operator: Client, upstream: Faulty, monkeypatch: pytest.MonkeyPatch, query: str
    ) -> None:
        monkeypatch.setattr(attempts, "SOON_SECONDS", 0.1)
        gate = upstream.gate()
        upstream.on([gate, *reply({"events": []})], path=canned.EVENTS)
        began = time.monotonic()
        assert operator.get(f"{PAGE}?{query}").status_code < 300
        assert time.monotonic() - began < 5.0
        asked = [one.path for one in upstream.requests].count(canned.EVENTS)
        # While one types on, what is known is enough.
        operator.get(f"{PAGE}?q=retryin")
        assert [one.path for one in upstream.requests].count(canned.EVENTS) == asked == 1
        gate.set()

    def test_it_has_a_filter_of_its_own_beside_failed(self, operator: Client, retrying: Faulty) -> None:
        # The page does not wait for what is announced; what is known it says.
        assert chips(operator, "") == "workflow 1 activity 1 pending 1"
        attempts.announced(canned.ID)
        assert chips(operator, "") == "workflow 1 activity 1 retrying 1 pending 1"
        assert chips(operator, "type=workflow") == "workflow 1 activity 1 retrying 0 pending 0"
        assert chips(operator, "state=failed") == "workflow 0 activity 0 failed 0 retrying 1 pending 1"

    def test_a_page_that_is_open_is_told_that_one_fails(self, operator: Client, retrying: Faulty) -> None:
        page = operator.get(PAGE)
        asked = {"HX-Request": "true", "HX-Target": "history-end", "X-Was": page.context["rows_mark"]}
        news = f"{PAGE}?{page.context['asked']}&part=news&since={page.context['since']}"
        assert operator.get(news, headers=asked).status_code == 204
        attempts.announced(canned.ID)
        told = operator.get(news, headers=asked)
        assert "retrying 1" in pages.text(told)
        assert {tag["id"] for _, tag in pages.parse(told).tags if tag.get("hx-swap-oob")} == {
            "history-kinds",
            "history-sums",
        }


class TestTimers:
    @pytest.fixture(autouse=True)
    def two(self, upstream: Faulty) -> None:
        named = {"userMetadata": {"summary": canned.encoded("time to decide")}}
        events = [
            canned.event(1, "TIMER_STARTED", timerId="1", startToFireTimeout="30s"),
            canned.event(2, "TIMER_STARTED", timerId="2", startToFireTimeout="90s") | named,
            canned.event(31, "TIMER_FIRED", timerId="1", startedEventId="1"),
        ]
        canned.healthy(upstream, run_id=canned.OTHER_RUN)
        upstream.on(reply({"events": events}), path=f"{canned.RUNS}/{canned.OTHER_RUN}/history")

    @pytest.mark.parametrize(
        ("view", "first", "second"),
        [
            ("compact", "Timer 1 fired 30.00 s fires after 30s, was due 14:05:31", "fires after 90s, due 14:06:32"),
            ("timeline", "Timer 1 was due 14:05:31 30.00 s", "time to decide due 14:06:32"),
            ("all", "TimerStarted Timer 1 fires after 30s", "TimerStarted Timer 2 fires after 90s"),
        ],
    )
    def test_a_row_says_which_timer_and_when_it_is_due(
        self, operator: Client, view: str, first: str, second: str
    ) -> None:
        assert first in pages.text(row(operator, f"view={view}", 1))
        assert second in pages.text(row(operator, f"view={view}", 2))

    def test_an_open_row_of_the_timeline_leads_closer(self, operator: Client) -> None:
        opened = operator.get(f"{PAGE}?view=timeline&part=event&event=1")
        zoom = "after=2026-01-31T14%3A04%3A46%2B00%3A00&before=2026-01-31T14%3A05%3A46%2B00%3A00"
        (link,) = [one for one in pages.links(opened) if "before=" in one]
        assert zoom in link
        assert "event=1&" in link
        assert "part=" not in link
        assert "Zoom to it" not in pages.text(operator.get(f"{PAGE}?view=compact&part=event&event=1"))


@pytest.mark.parametrize(
    ("query", "words", "ways_out"),
    [
        ("q=nowhere", "No history event matches Without filters", ["?order=asc"]),
        (
            "after=2025-02-01T10:00:00Z&before=2025-02-01T10:05:00Z",
            "Nothing between 10:00:00 and 10:05:00 Show the whole time",
            ["?order=asc"],
        ),
        (
            "after=2025-02-01T10:00:00.100Z&before=2025-02-01T10:00:00.150Z",
            "Nothing between 10:00:00.100 and 10:00:00.150 Show the whole time",
            ["?order=asc"],
        ),
        ("before=2025-02-01T10:05:00Z", "Nothing before 10:05:00 Show the whole time", ["?order=asc"]),
        (
            "after=2027-02-01T10:00:00Z&type=task",
            "Nothing that matches after 10:00:00 Show the whole time Without filters",
            ["?type=task&order=asc", "?after=2027-02-01T10%3A00%3A00Z&order=asc"],
        ),
    ],
)
def test_nothing_found_says_where_and_leads_out(operator: Client, query: str, words: str, ways_out: list[str]) -> None:
    page = operator.get(f"{PAGE}?{query}&order=asc").content.decode()
    found = re.search(r'<li class="empty">.*?</li>', page, re.DOTALL)
    assert found
    assert (pages.text(found[0]), pages.links(found[0])) == (words, ways_out)


def test_a_filter_that_leaves_nothing_can_be_taken_away(operator: Client) -> None:
    page = operator.get(f"{PAGE}?type=timer&type=&order=asc").content.decode()
    assert chips(operator, "type=timer&type=") == "workflow 1 activity 1 timer 0 pending 0"
    assert re.search(r'<a id="kind-timer" class="chip on" href="\?order=asc" aria-current="true">', page)


@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        (reply({"items": [1]}), 200, "The API answered with a history in a shape of its own."),
        (reply({"detail": "away"}, 500), 502, "The Workflows API had an error of its own"),
    ],
)
def test_a_search_without_a_history_says_so_where_the_rows_were(
    operator: Client, upstream: Faulty, answer: Any, status: int, words: str
) -> None:
    canned.healthy(upstream, run_id=canned.OTHER_RUN)
    upstream.on(answer, path=f"{canned.RUNS}/{canned.OTHER_RUN}/history")
    response = operator.get(f"{PAGE}?q=x", headers=SEARCH)
    assert response.status_code == status
    assert words in pages.text(response)
    content = response.content.decode()
    assert not any(part in content for part in ("<html", "history-bar", "find-form", "hx-swap-oob"))


def test_links_of_a_run_that_goes_on_say_its_order(operator: Client, upstream: Faulty) -> None:
    page = operator.get(PAGE)
    own = [link for link in pages.links(page) if link.startswith("?") and "download" not in link]
    assert all("order=" in link for link in own)
    assert 'data-order="desc"' in page.content.decode()
    canned.healthy(upstream, status="COMPLETED")
    # It stays what it is.
    assert "data-order" not in operator.get(PAGE).content.decode()


def test_an_attempt_says_how_many_there_may_be_where_that_is_known(operator: Client, upstream: Faulty) -> None:
    for policy, words in (({"maximumAttempts": 20}, "at attempt 16 of at most 20 after"), ({}, "at attempt 16 after")):
        events = [
            canned.event(5, "ACTIVITY_TASK_SCHEDULED", activityType={"name": "a"}, retryPolicy=policy),
            canned.event(6, "ACTIVITY_TASK_STARTED", scheduledEventId="5", attempt=16),
            canned.event(7, "ACTIVITY_TASK_FAILED", scheduledEventId="5", failure={"message": "x"}),
        ]
        run = canned.RUN if policy else canned.OTHER_RUN
        canned.healthy(upstream, status="FAILED", run_id=run)
        upstream.on(reply({"events": events}), path=f"{canned.RUNS}/{run}/history")
        assert words in pages.text(operator.get(f"{PAGE}?part=event&event=5"))


@pytest.mark.parametrize("at_a_time", [history_parts.NEWS_SHOWN, 0])
def test_the_links_of_news_lead_to_the_page(operator: Client, monkeypatch: pytest.MonkeyPatch, at_a_time: int) -> None:
    """They take the place of the page's own; an address of a part would show nothing but that."""
    monkeypatch.setattr(history_parts, "NEWS_SHOWN", at_a_time)
    page = operator.get(f"{PAGE}?view=all&order=desc")
    found = operator.get(f"{PAGE}?{page.context['asked']}&part=news&since=0.0")
    addresses = [address for address in pages.links(found) if address.startswith("?")]
    polled = re.findall(r'hx-get="(\?[^"]*)"', found.content.decode())
    assert any("type=activity" in address for address in addresses)
    # More than are put in one by one: all anew.
    assert len(polled) == (0 if at_a_time else 1)
    assert [one for one in (*addresses, *polled) if "part=" in one or "since=" in one] == []
