"""Which log lines a page asks for and shows, and what it offers to choose from."""

import pytest
from django.test import Client

from tests.executions import canned, pages
from tests.faulty import Faulty, reply

PAGE = f"/executions/{canned.ID}/logs/"
LOGS = canned.path(rest="/logs")
LINES = [
    canned.LOG | {"body": "charged", "log_attributes": {"activity_id": "5", "activity_type": "charge_card"}},
    canned.LOG | {"body": "<b>loaded</b>", "log_attributes": {"activity_id": "4", "activity_type": "<b>load</b>"}},
]


@pytest.fixture(autouse=True)
def two_lines(upstream: Faulty) -> None:
    upstream.on(reply({"results": LINES}), path=LOGS)


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("?q=CHARGE", ["charged", "<b>loaded</b>"]),
        ("?q=CHARGE&only=1", ["charged"]),
        ("?only=1", ["charged", "<b>loaded</b>"]),
        ("rows/?q=charge&only=1", ["charged"]),
        ("rows/?q=charge", ["charged", "<b>loaded</b>"]),
    ],
)
def test_a_text_finds_and_filters_only_where_it_is_told_to(operator: Client, query: str, shown: list[str]) -> None:
    response = operator.get(f"{PAGE}{query}")
    if query.startswith("rows"):
        bodies = [pages.text(item["html"]).split()[2] for item in response.json()["items"]]
        assert bodies == shown
    else:
        assert [line.body for line in response.context["lines"]] == shown
        # The live rows go by the same.
        assert ('data-live-text="CHARGE"' in response.content.decode()) == (len(shown) == 1)


def test_lines_of_all_runs(operator: Client, upstream: Faulty) -> None:
    response = operator.get(f"{PAGE}?runs=all")
    assert [one for one in upstream.requests[-1].query if one[0] == "run_id"] == []
    assert "run" not in response.context["live"]["query"]
    assert "?" in pages.links(response)
    pinned = operator.get(f"{PAGE}?runs=all&run={canned.RUN}")
    assert "This run only" not in pages.text(pinned)
    assert "Of all runs" in pages.text(pinned)
    # What the script asks for later, too.
    operator.get(response.context["live"]["pages"])
    assert [one for one in upstream.requests[-1].query if one[0] == "run_id"] == []


def test_activities_to_choose_from_and_the_one_that_was_chosen(operator: Client) -> None:
    options = [at for tag, at in pages.parse(operator.get(PAGE)).tags if tag == "option" and at["value"].isdigit()]
    assert [option["value"] for option in options] == ["4", "5"]
    chosen = operator.get(f"{PAGE}?activity=5&cursor=c&line=l&severity=info")
    assert "activity 5 charge_card ×" in pages.text(chosen)
    assert "?severity=info" in pages.links(chosen)
    assert "<b>load" not in chosen.content.decode()


def test_an_activity_that_no_line_here_names(operator: Client, upstream: Faulty) -> None:
    upstream.on(reply({"results": []}), path=LOGS)
    assert "activity 77 ×" in pages.text(operator.get(f"{PAGE}?activity=77"))


@pytest.mark.parametrize(
    ("status", "query", "counted"),
    [("RUNNING", "", 2), ("RUNNING", "?severity=error", 0), ("FAILED", "?severity=error", 2)],
)
def test_hidden_lines_are_counted_once(
    operator: Client, upstream: Faulty, status: str, query: str, counted: int
) -> None:
    """Those that the stream brings again are counted when they come; of a run that is long over there is no stream."""
    canned.healthy(upstream, status=status, end_time="2026-01-31T15:00:00Z")
    upstream.on(reply({"results": LINES}), path=LOGS)
    context = operator.get(f"{PAGE}{query}").context
    assert (context["fetched"], context["counted"]) == (2, counted)


def test_the_way_out_of_filters_that_leave_nothing(operator: Client) -> None:
    """It keeps the run and the range. A severity that there is not goes with the next chip."""
    kept = f"run={canned.RUN}&after=2026-01-31T14:00:00Z&runs=all"
    response = operator.get(f"{PAGE}?{kept}&severity=foo&q=x&only=1&activity=4&line=l")
    query = kept.replace(":", "%3A")
    assert f"{PAGE}?{query}" in pages.links(response)
    assert "Without filters" in pages.text(response)
    assert "?severity=info" in pages.links(operator.get(f"{PAGE}?severity=foo"))
    assert "?severity=error&severity=info" in pages.links(operator.get(f"{PAGE}?severity=foo&severity=error"))
    assert "Without filters" not in pages.text(operator.get(PAGE))
