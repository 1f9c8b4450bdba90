import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from executions.services.history_search import Haystack
from executions.upstream.types import HistoryEvents
from tests.executions.canned import encoded, event

EVENTS = [
    event(1, "WORKFLOW_EXECUTION_STARTED", workflowType={"name": "pipeline"}, input={"payloads": [{"amount": 12}]}),
    event(2, "ACTIVITY_TASK_SCHEDULED", activityType={"name": "extract"}, input={"payloads": [{"input": "Größe “A”"}]}),
    event(3, "ACTIVITY_TASK_FAILED", failure={"message": 'said "no"\nand left', "stackTrace": "at C:\\work"}),
    event(4, "MARKER_RECORDED", markerName="version", details={"data": {"payloads": [encoded("x")]}}),
]


def haystack(events: list[Any], **how: Any) -> Haystack:
    content = json.dumps({"note": "amount extract", "events": events}, **how).encode()
    return Haystack(content, msgspec.json.decode(content, type=HistoryEvents).events)


@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("pipeline", {0}),
        ("PIPEline", {0}),
        ("amount", {0}),
        ("12", {0}),
        ("größe", {1}),
        ("GRÖSSE", set()),
        ("“a”", {1}),
        ('said "no"', {2}),
        ('no"\nand', {2}),
        ("c:\\work", {2}),
        ("EVENT_TYPE_", {0, 1, 2, 3}),
        # What all histories have is no match, where it is a key.
        ("payloads", set()),
        ("activityType", set()),
        ("markerRecordedEventAttributes", set()),
        ("eventAttr", set()),
        ("nam", set()),
        ("nothing of it", set()),
    ],
)
def test_it_finds_values_and_keys_of_ones_own(
    query: str, found: set[int], ascii_only: bool, indent: int | None
) -> None:
    assert haystack(EVENTS, ensure_ascii=ascii_only, indent=indent).find(query) == found


def test_a_piece_of_json_is_found_as_it_stands() -> None:
    for query in ('{"amount":12}', '{"amount": 12}', '"name": "pipeline"'):
        assert haystack(EVENTS, separators=(",", ":")).find(query) == {0}


def test_events_that_are_equal_are_told_apart() -> None:
    assert haystack([EVENTS[0], EVENTS[1], EVENTS[0]]).find("pipeline") == {0, 2}


@settings(max_examples=200)
@given(
    values=st.lists(st.text(max_size=12), min_size=1, max_size=5),
    query=st.text(min_size=1, max_size=4),
    plain=st.booleans(),
)
def test_what_is_in_a_value_is_found_and_nothing_else(values: list[str], query: str, plain: bool) -> None:
    events = [{"x": value} for value in values]
    wanted = {number for number, value in enumerate(values) if query in value}
    found = haystack(events, ensure_ascii=plain).find(query)
    assert wanted <= found
    # In any case, and where the query may be a piece of JSON.
    for number in found - wanted:
        folded = json.dumps(events[number]).casefold() + json.dumps(events[number], ensure_ascii=False).casefold()
        assert any(one in folded for one in (query.casefold(), json.dumps(query)[1:-1].casefold(), query.lower()))
