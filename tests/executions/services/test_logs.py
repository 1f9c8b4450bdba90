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
    assert (row.activity, row.trace_id, row.span_id, row.attributes) == ("", "", "", "")


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
