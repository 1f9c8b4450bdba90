"""The strip above the tabs: it comes after the page, shows what one may see, and says the chosen range."""

import re
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qsl

import pytest
from django.test import Client
from django.utils.timezone import now

from executions.models import ActionRequested
from executions.services import fetched_events, fetched_lines, strip, strip_fetched, trace_reads
from executions.services.time_range import TimeRange
from tests.executions import canned, pages
from tests.faulty import Faulty, reply

PAGE = f"/executions/{canned.ID}/"
STRIP = f"{PAGE}strip/"


@pytest.fixture(autouse=True)
def fresh() -> None:
    strip._strips.__init__()  # type: ignore[misc]
    strip_fetched.forget()
    fetched_lines.store.clear()
    fetched_events.store.clear()


@pytest.mark.parametrize("tab", ["", "history/", "trace/", "logs/", "events/", "actions/", "signal/"])
def test_every_tab_has_a_place_for_it_and_waits_for_nothing(operator: Client, upstream: Faulty, tab: str) -> None:
    query = f"run={canned.RUN}&after=2026-01-31T14:05:01Z"
    page = operator.get(f"{PAGE}{tab}?{query}").content.decode()
    (asks,) = re.findall(r'<div id="strip" class="strip" hx-get="([^"]*)" hx-trigger="load,', page)
    assert asks.startswith(f"{STRIP}?run={canned.RUN}&amp;after=2026-01-31T14%3A05%3A01Z")
    assert 'id="strip-axis"' not in page


def test_it_shows_what_happened_and_what_operators_did(operator: Client, upstream: Faulty) -> None:
    ActionRequested.objects.create(token="t", operation="signal", execution_id=canned.ID, run_id=canned.RUN)
    page = operator.get(f"{STRIP}?after=2026-01-31T14:05:02Z")
    text = pages.text(page)
    # As many as the History tab has rows.
    assert "2 steps" in text
    assert "1 action by operators" in text
    # What was done after its end stands within it.
    (x,) = re.findall(r'class="strip-mark" x="([^"]*)"', page.content.decode())
    assert float(x) == strip.WIDTH - strip.MARK_WIDTH
    assert page.content.decode().count('class="strip-chosen"') == 1


def test_it_asks_again_while_the_run_goes_on_and_an_unchanged_one_is_not_sent_again(
    operator: Client, upstream: Faulty, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = operator.get(STRIP).content.decode()
    assert "every 15s" in page
    (was,) = re.findall(r'data-was="([^"]*)"', page)
    assert operator.get(STRIP, headers={"X-Was": was}).status_code == 204
    # So it does for a while after the end: spans and lines still come.
    canned.healthy(upstream, status="COMPLETED", end_time=(now() - timedelta(seconds=30)).isoformat())
    ended = operator.get(STRIP, headers={"X-Was": was}).content.decode()
    assert "every 15s" in ended
    (was,) = re.findall(r'data-was="([^"]*)"', ended)
    monkeypatch.setattr(trace_reads, "SETTLED", timedelta(seconds=10))
    assert "every" not in operator.get(STRIP, headers={"X-Was": was}).content.decode()


def test_an_api_that_is_away_is_said_in_its_place(operator: Client, upstream: Faulty) -> None:
    upstream.on(reply({"detail": "x"}, status=503), path=f"{canned.RUNS}/{canned.RUN}/history")
    page = operator.get(STRIP)
    assert page.status_code == 200
    assert "What happened when is not known now" in pages.text(page)


def test_a_history_in_another_shape_leaves_the_rest(operator: Client, upstream: Faulty) -> None:
    upstream.on(reply({"items": []}), path=f"{canned.RUNS}/{canned.RUN}/history")
    assert operator.get(STRIP).status_code == 200


def test_a_range_that_is_none_is_left_out(operator: Client) -> None:
    """The page below it says so: the strip asks for what the address has, and stays."""
    page = operator.get(f"{STRIP}?after=yesterday")
    assert (page.status_code, page.context["wanted"]) == (200, TimeRange())


LINE = canned.LOG | {"timestamp": "2026-01-31T14:05:20Z"}
RANGE = "after=2026-01-31T14:05:02Z&before=2026-01-31T14:05:04.5Z"


def test_the_way_back_is_to_the_page_without_the_range(operator: Client, upstream: Faulty) -> None:
    at = f"http://testserver{PAGE}logs/?severity=error&line=x&run={canned.RUN}&{RANGE}"
    page = operator.get(f"{STRIP}?run={canned.RUN}&{RANGE}", headers={"HX-Current-URL": at}).content.decode()
    assert f'<a href="?severity=error&amp;run={canned.RUN}" data-whole-time title' in page


def test_a_refresh_asks_for_the_same_run_and_range(operator: Client, upstream: Faulty) -> None:
    query = f"run={canned.RUN}&{RANGE}"
    page = operator.get(f"{STRIP}?{query}").content.decode()
    (asks,) = re.findall(r'hx-get="([^"]*)"', page)
    assert dict(parse_qsl(unescape(asks).partition("?")[2])) == dict(parse_qsl(query))


def test_a_lane_says_what_it_is_and_how_much_of_it(operator: Client, upstream: Faulty) -> None:
    canned.healthy(upstream, status="COMPLETED", end_time="2026-01-31T14:05:40Z")
    answer = {"results": [LINE], "next_cursor": "more"}
    upstream.on(reply(answer), path=canned.path(rest="/logs"))
    page = operator.get(STRIP)
    names = re.findall(r"<b>(\w+)</b> <span>([^<]*)</span>", page.content.decode())
    assert [name for name, _ in names] == ["History", "Trace", "Events", "Logs"]
    assert dict(names)["Logs"] == "1 line fetched so far"
    assert page.content.decode().count('class="strip-unread"') == 1
    assert "Logs: 1 line fetched so far. The hatched part was not read" in page.content.decode()


def test_a_lane_has_a_key_to_its_colours(operator: Client, upstream: Faulty) -> None:
    canned.healthy(upstream, status="COMPLETED", end_time="2026-01-31T14:05:40Z")
    found = [LINE, LINE | {"severity_text": "ERROR"}, LINE | {"severity_text": "WARN"}]
    upstream.on(reply({"results": found, "next_cursor": None}), path=canned.path(rest="/logs"))
    page = operator.get(STRIP).content.decode()
    keys = re.findall(r'<span class="strip-key strip-key-(\w+)">([^<]*)</span>', page)
    assert keys == [("bad", "1 error"), ("warn", "1 warning")]
    assert page.count("Logs: 3 lines, 1 error, 1 warning") == 2


def test_it_says_its_ends_and_the_chosen_range(operator: Client, upstream: Faulty) -> None:
    canned.healthy(upstream, status="COMPLETED", end_time="2026-01-31T14:05:40Z")
    page = operator.get(f"{STRIP}?{RANGE}").content.decode()
    (times,) = re.findall(r'<p class="strip-times">(.*?)</p>', page)
    moments = re.findall(r'datetime="([^"]*)"', times)
    assert moments == ["2026-01-31T14:05:01+00:00", "2026-01-31T14:05:40+00:00"]
    assert re.findall(r"<text.*?>([^<]*)</text>", times)
    (chosen,) = re.findall(r"<a [^>]*data-whole-time.*?</a>", page)
    assert "hidden title" not in chosen
    assert "14:05:02.000 – 14:05:04.500 · 2.50 s" in pages.text(chosen)
    page = operator.get(STRIP).content.decode()
    assert re.findall(r"<a [^>]*data-whole-time hidden", page)


def test_the_keys_are_told_to_who_cannot_see_it(operator: Client, upstream: Faulty) -> None:
    page = operator.get(STRIP)
    (axis,) = [found for tag, found in pages.parse(page).tags if found.get("role") == "slider"]
    assert (axis["tabindex"], axis["aria-label"], axis["aria-valuetext"]) == ("0", "Time strip", "The whole time")
    (keys,) = re.findall(rf'id="{axis["aria-describedby"]}">(.*?)</p>', page.content.decode())
    assert all(key in keys for key in ("arrows", "Shift", "Enter", "Escape"))


def test_the_way_back_is_there_even_without_an_axis(operator: Client, upstream: Faulty) -> None:
    upstream.on(reply({"detail": "x"}, status=503), path=f"{canned.RUNS}/{canned.RUN}/history")
    page = operator.get(f"{STRIP}?{RANGE}").content.decode()
    (chosen,) = re.findall(r"<a [^>]*data-whole-time.*?</a>", page)
    assert "14:05:02.000 – 14:05:04.500" in pages.text(chosen)
    assert "hidden title" not in chosen


def test_new_lines_make_it_another_one(operator: Client, upstream: Faulty) -> None:
    canned.healthy(upstream, status="COMPLETED", end_time="2026-01-31T14:05:40Z")
    logs = canned.path(rest="/logs")
    upstream.on(reply({"results": [LINE], "next_cursor": "more"}), path=logs)
    (was,) = re.findall(r'data-was="([^"]*)"', operator.get(STRIP).content.decode())
    assert operator.get(STRIP, headers={"X-Was": was}).status_code == 204
    # Somebody's Logs tab goes on to older ones.
    older = canned.LOG | {"timestamp": "2026-01-31T14:05:10Z"}
    upstream.on(reply({"results": [older], "next_cursor": None}), path=logs)
    operator.get(f"{PAGE}logs/rows/?rows=older&cursor=more&run={canned.RUN}")
    page = operator.get(STRIP, headers={"X-Was": was})
    assert page.status_code == 200
    assert 'class="strip-unread"' not in page.content.decode()
