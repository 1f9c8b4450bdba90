import json
import tracemalloc
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from executions.services import history_search
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
    return Haystack(msgspec.json.decode(content, type=HistoryEvents).events)


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
        ("GRÖSSE", {1}),
        ("grosse", set()),
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


@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize(
    ("value", "query"),
    [
        ("Hauptstraße 5", "HAUPTSTRASSE"),
        ("HAUPTSTRASSE 5", "straße"),
        ("HAUPTSTRAẞE 5", "strasse"),
        ("ÄPFEL und äpfel", "ÄPFEL UND Ä"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ("3 K", "3 k"),
        ("ﬁnal", "FINAL"),
        ("\U00010400", "\U00010428"),
        ("😀 done", "😀 DONE"),
        ("<b>", "<B>"),
        ("a/b", "A/B"),
        ("C:\\users\\ß", "\\users\\SS"),
        ("tab\tß", "TAB\tSS"),
        ("\x1f\x7fß", "\x1f\x7fß"),
        ('say "ß"', 'say "SS"'),
    ],
)
def test_it_finds_whatever_differs_only_in_case(value: str, query: str, ascii_only: bool) -> None:
    events = [{"other": "x"}, {"text": value}]
    assert haystack(events, ensure_ascii=ascii_only).find(query) == {1}


@pytest.mark.parametrize(
    ("written", "query", "found"),
    [
        (rb"\u003cb\u003E", "<B>", {0}),
        (rb"a\/b", "a/b", {0}),
        (rb"\u00DF", "ss", {0}),
        (rb"\ud83d\ude00", "😀", {0}),
        # What only looks like an escape.
        (rb"\\u00df", "ss", set()),
        (rb"\\u00df", "\\u00df", {0}),
        (rb"\\\u00df", "\\ß", {0}),
        # Half of a pair.
        (rb"\ud83d end", "END", {0}),
        (b"\xff end", "END", {0}),
        # It ends no text, and begins no key.
        (rb"\u0022:1", "nothing", set()),
    ],
)
def test_escapes_are_read(written: bytes, query: str, found: set[int]) -> None:
    assert Haystack([msgspec.Raw(b'{"x": "%s"}' % written)]).find(query) == found


def test_long_runs_of_escapes_take_no_memory_to_speak_of() -> None:
    escapes = history_search._Escapes()
    event = b'{"x": "%s"}' % (rb"\u00df" * 100_000)
    tracemalloc.start()
    folded = history_search._folded(event, escapes)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (folded, escapes) == (b'{"x": "%s"}' % (b"ss" * 100_000), {})
    assert peak < 6 * len(event)


@pytest.mark.parametrize("piece", [1, 2, 3, 7])
def test_a_long_event_is_read_in_pieces(monkeypatch: pytest.MonkeyPatch, piece: int) -> None:
    monkeypatch.setattr(history_search, "_PIECE", piece)
    found = haystack([{"x": "Größe der Straße, 😀 und ẞ"}, {"x": "y"}], ensure_ascii=False)
    for query in ("GRÖSSE DER STRASSE, 😀 UND SS", "größe", "ß"):
        assert found.find(query) == {0}
    assert Haystack([msgspec.Raw(b'{"x": "END\xc3"}')]).find("end") == {0}


def test_nothing_is_found_from_one_event_into_the_next() -> None:
    assert haystack([{"a": "x"}, {"b": "y"}], separators=(",", ":")).find('"x"}{"b"') == set()
    assert haystack([]).find("x") == set()


def test_a_piece_of_json_is_found_as_it_stands() -> None:
    for query in ('{"amount":12}', '{"amount": 12}', '"name": "pipeline"'):
        assert haystack(EVENTS, separators=(",", ":")).find(query) == {0}


def test_events_that_are_equal_are_told_apart() -> None:
    assert haystack([EVENTS[0], EVENTS[1], EVENTS[0]]).find("pipeline") == {0, 2}


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
        folded = json.dumps(events[number], ensure_ascii=False).casefold()
        assert any(one in folded for one in (query.casefold(), json.dumps(query.casefold(), ensure_ascii=False)[1:-1]))


@given(value=st.text(max_size=12), plain=st.booleans(), start=st.integers(0, 12), length=st.integers(1, 6))
def test_a_part_of_a_text_is_found_in_any_case(value: str, plain: bool, start: int, length: int) -> None:
    query = value[start : start + length]
    found = haystack([{"x": value}], ensure_ascii=plain)
    for one in (query, query.upper(), query.lower(), query.casefold()):
        if one and one.casefold() == query.casefold():
            assert found.find(one) == {0}
