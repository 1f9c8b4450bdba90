"""Log records as rows, each with an address of its own."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from executions.services import logs
from executions.upstream.types import LogPage, LogRecord
from tests.executions.services import hostile

RECORD = {
    "timestamp": "2026-01-31T14:05:01.123456789Z",
    "trace_id": "ab12",
    "span_id": "cd34",
    "severity_text": "Warning",
    "body": "slow",
    "log_attributes": {"activity_type": "extract", "attempt": 2},
}


def record(**changes: Any) -> LogRecord:
    return msgspec.convert(RECORD | changes, LogRecord, strict=False)


def test_a_record_as_a_row() -> None:
    row = logs.row(record())
    assert row.time is not None
    assert row.time.isoformat() == "2026-01-31T14:05:01.123456+00:00"
    assert (row.timestamp, row.severity, row.tone) == (RECORD["timestamp"], "WARNING", "warning")
    assert (row.body, row.activity, row.trace_id, row.span_id) == ("slow", "extract", "ab12", "cd34")
    assert msgspec.json.decode(row.attributes) == RECORD["log_attributes"]


def test_an_address_is_the_record_s_and_tells_equals_apart() -> None:
    rows = logs.rows([record(), record(body="other"), record(), record()])
    first, other = rows[0].address, rows[1].address
    assert [row.address for row in rows] == [first, other, f"{first}~1", f"{first}~2"]
    assert first != other
    assert first.startswith("2026-01-31T14:05:01.123456789Z-")
    # The same on another page and in the stream, whatever stands around it.
    assert logs.row(record()).address == first
    # Live rows may have cut attributes.
    assert logs.row(record(log_attributes={})).address == first


def test_what_is_missing_leaves_a_row() -> None:
    row = logs.row(LogRecord())
    assert (row.time, row.timestamp, row.severity, row.tone, row.body) == (None, "", "—", "info", "")
    assert (row.activity, row.activity_id, row.trace_id, row.span_id, row.attributes) == ("", "", "", "", "")
    assert (row.more, row.cut) == (0, False)


@pytest.mark.parametrize(
    ("body", "more", "cut"),
    [
        ("one", 0, 0),
        ("one\n", 0, 0),
        ("Traceback:\n  File\nValueError", 2, 0),
        ("x" * logs.BODY_LIMIT, 0, 0),
        ("x" * (logs.BODY_LIMIT - 1) + "…", 0, 0),
        ("x" * (logs.BODY_LIMIT + 1), 0, logs.BODY_LIMIT),
        ("x\n" * logs.BODY_LIMIT, logs.BODY_LIMIT // 2, logs.BODY_LIMIT),
        # What is taken away leaves room for the rest.
        ("x" * logs.BODY_LIMIT + "\x1b[31m", 0, 0),
    ],
)
def test_a_body_says_how_much_there_is_of_it(body: str, more: int, cut: int) -> None:
    row = logs.row(record(body=body))
    assert (row.more, row.cut) == (more, cut)
    assert len(row.body) <= logs.BODY_LIMIT + 1


@pytest.mark.parametrize(
    ("attributes", "found"),
    [
        ({"activity_id": "5", "activity_type": "charge"}, ("5", "charge")),
        ({"activity_id": 5}, ("5", "")),
        ({"temporal.activity_id": "12", "temporal.activity_type": "charge"}, ("12", "charge")),
        ({"activity_id": "a-name", "activity_type": "charge"}, ("", "charge")),
        ({"activity_id": ["5"]}, ("", "")),
        ({"activity_id": "-1"}, ("", "")),
        ({"activity_id": "9" * 40}, ("", "")),
    ],
)
def test_the_activity_is_known_by_a_number_that_the_api_filters_by(
    attributes: dict[str, Any], found: tuple[str, str]
) -> None:
    row = logs.row(record(log_attributes=attributes))
    assert (row.activity_id, row.activity) == found


def test_zeros_are_no_trace() -> None:
    row = logs.row(record(trace_id="0" * 32, span_id="0" * 16))
    assert (row.trace_id, row.span_id) == ("", "")


def test_activities_to_choose_from() -> None:
    rows = logs.rows(
        record(log_attributes=attributes)
        for attributes in [
            {"activity_id": "10", "activity_type": "notify"},
            {"activity_id": "9", "activity_type": "charge"},
            {"activity_type": "unnumbered"},
            {"activity_id": "10", "activity_type": "notify"},
        ]
    )
    assert [*logs.activities(rows).items()] == [("9", "charge"), ("10", "notify")]


@pytest.mark.parametrize(
    ("severity", "tone"),
    [
        ("ERROR", "error"),
        ("fatal", "error"),
        ("Critical", "error"),
        ("WARN", "warning"),
        ("info", "info"),
        ("DEBUG", "debug"),
        ("trace", "debug"),
        ("NOTICE", "info"),
        ("\x1b[31m", "info"),
    ],
)
def test_every_severity_has_a_tone_to_filter_by(severity: str, tone: str) -> None:
    row = logs.row(record(severity_text=severity))
    assert row.tone == tone
    assert row.tone in logs.SEVERITIES
    assert "\x1b" not in row.severity


@pytest.mark.parametrize("value", [{"a": 1}, ["x"], True, None, 3.5])
def test_an_activity_that_is_no_name_is_left_out(value: Any) -> None:
    assert logs.row(record(log_attributes={"activity_type": value, "a": 1})).activity == ""


@pytest.mark.parametrize(
    ("severities", "query", "bodies"),
    [
        ([], "", ["slow", "Fine", "bad"]),
        (["warning"], "", ["slow"]),
        (["error", "warning"], "", ["slow", "bad"]),
        (["unknown"], "", []),
        ([], "FINE", ["Fine"]),
        ([], "extract", ["slow", "Fine", "bad"]),
        (["error"], "fine", []),
    ],
)
def test_filters(severities: list[str], query: str, bodies: list[str]) -> None:
    rows = logs.rows([record(), record(body="Fine", severity_text="INFO"), record(body="bad", severity_text="ERROR")])
    assert [row.body for row in logs.matching(rows, severities=severities, query=query)] == bodies


@given(st.lists(hostile.objects(list(RECORD)), max_size=4))
def test_no_record_is_too_odd(records: list[dict[str, Any]]) -> None:
    """Those that the API's types take in; what they do not take in is a broken answer."""
    try:
        page = msgspec.convert({"results": records}, LogPage, strict=False)
    except msgspec.ValidationError:
        return
    rows = logs.rows(page.results)
    assert len({row.address for row in rows}) == len(rows)
    logs.matching(rows, severities=[], query="x")
