"""The strip above the tabs: it comes after the page, shows what one may see, and says the chosen range."""

import re

import pytest
from django.test import Client

from executions.models import ActionRequested
from executions.services import strip
from tests.executions import canned, pages
from tests.faulty import Faulty, reply

PAGE = f"/executions/{canned.ID}/"
STRIP = f"{PAGE}strip/"


@pytest.fixture(autouse=True)
def fresh() -> None:
    strip._strips.__init__()  # type: ignore[misc]


@pytest.mark.parametrize("tab", ["", "history/", "trace/", "logs/", "events/", "actions/", "signal/"])
def test_every_tab_has_a_place_for_it_and_waits_for_nothing(operator: Client, upstream: Faulty, tab: str) -> None:
    query = f"run={canned.RUN}&after=2026-01-31T14:05:01Z"
    page = operator.get(f"{PAGE}{tab}?{query}").content.decode()
    (asks,) = re.findall(r'<div id="strip" class="strip" hx-get="([^"]*)" hx-trigger="load,', page)
    assert asks.startswith(f"{STRIP}?run={canned.RUN}&amp;after=2026-01-31T14%3A05%3A01Z")
    assert "strip-axis" not in page


def test_it_shows_what_happened_and_what_operators_did(operator: Client, upstream: Faulty) -> None:
    ActionRequested.objects.create(token="t", operation="signal", execution_id=canned.ID, run_id=canned.RUN)
    page = operator.get(f"{STRIP}?after=2026-01-31T14:05:02Z")
    text = pages.text(page)
    assert "1 step " in text
    assert "1 action by operators" in text
    assert page.content.decode().count('class="strip-mark"') == 1
    assert page.content.decode().count('class="strip-chosen"') == 1


def test_it_asks_again_while_the_run_goes_on_and_an_unchanged_one_is_not_sent_again(
    operator: Client, upstream: Faulty
) -> None:
    page = operator.get(STRIP).content.decode()
    assert "every 15s" in page
    (was,) = re.findall(r'data-was="([^"]*)"', page)
    assert operator.get(STRIP, headers={"X-Was": was}).status_code == 204
    canned.healthy(upstream, status="COMPLETED", end_time="2026-01-31T14:06:00Z")
    assert "every" not in operator.get(STRIP).content.decode()


def test_an_api_that_is_away_is_said_in_its_place(operator: Client, upstream: Faulty) -> None:
    upstream.on(reply({"detail": "x"}, status=503), path=f"{canned.RUNS}/{canned.RUN}/history")
    page = operator.get(STRIP)
    assert page.status_code == 200
    assert "What happened when is not known now" in pages.text(page)


def test_a_history_in_another_shape_leaves_the_rest(operator: Client, upstream: Faulty) -> None:
    upstream.on(reply({"items": []}), path=f"{canned.RUNS}/{canned.RUN}/history")
    assert operator.get(STRIP).status_code == 200


def test_a_range_that_is_none_is_refused(operator: Client) -> None:
    assert operator.get(f"{STRIP}?after=yesterday").status_code == 400
