"""Text from upstream on a page: bounded, without control characters, and never hiding anything."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from executions.services import text
from tests.executions.services import hostile


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("plain", "plain"),
        ("a\tb\nc", "a\tb\nc"),
        ("\x1b[31;1mred\x1b[0m", "red"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]never ends: what follows is seen", "]never ends: what follows is seen"),
        ("\x1b[999999", "[999999"),
        ("\x1bM\x1b", ""),
        ("a\0b\x07\x7f\x9bc\r", "abc"),
        ("user\u202egnp.exe\u2069", "usergnp.exe"),
        ("<b>&amp;", "<b>&amp;"),
        (None, "None"),
        (12, "12"),
    ],
)
def test_control_characters_and_escapes_go(given: object, shown: str) -> None:
    assert text.clean(given) == shown


@given(hostile.TEXTS, st.integers(1, 50))
def test_what_is_shown_is_bounded(given: str, limit: int) -> None:
    assert len(text.clean(given, limit)) <= limit + 1


@pytest.mark.parametrize("given", ["x" * 11, "\x1b[31m" * 20])
def test_what_is_cut_says_so(given: str) -> None:
    assert text.clean(given, 10).endswith("…")
    assert text.clean("x" * 10, 10) == "x" * 10


MOMENT = datetime(2026, 1, 31, 14, 5, 0, 123456, UTC)


@pytest.mark.parametrize(
    ("given", "moment"),
    [
        ("2026-01-31T14:05:00.123456Z", MOMENT),
        ("2026-01-31T14:05:00.123456789Z", MOMENT),
        ("2026-01-31T16:05:00.123456+02:00", MOMENT),
        ("2026-01-31T14:05:00.123456", MOMENT),
        (1769868300123456000, MOMENT),
        ("1769868300123456000", MOMENT),
        ("", None),
        ("soon", None),
        (True, None),
        (None, None),
        (1.5, None),
        ([], None),
        (10**40, None),
        ("9" * 40, None),
        ("²", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T23:59:59-14:00", None),
        ("2026-13-01T00:00:00Z", None),
    ],
)
def test_times_of_the_api(given: object, moment: datetime | None) -> None:
    found = text.parse_time(given)
    assert (found, found.tzinfo if found else None) == (moment, UTC if moment else None)


@pytest.mark.parametrize("given", ["2026", "20260131", "1769868300123456000", "", "x"])
def test_a_person_writes_no_number_for_a_time(given: str) -> None:
    assert text.parse_iso(given) is None


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"", None),
        (b"null", None),
        (b'{"a": 1}', {"a": 1}),
        (b"{", "{"),
        (b'"\\ud800"', '"\\ud800"'),
        (b"\xff", "\ufffd"),
        (b"[" * 30_000, "[" * 30_000),
    ],
)
def test_what_cannot_be_decoded_stays_text(raw: bytes, value: Any) -> None:
    assert text.decode(msgspec.Raw(raw)) == value


DEEP: list[Any] = []
for _ in range(5_000):
    DEEP = [DEEP]


UNPRINTABLE = {"deep": DEEP, "half a character": "\ud800", "long": 10**5000, "no JSON": object()}


@pytest.mark.parametrize("name", UNPRINTABLE)
def test_what_cannot_be_printed_is_said(name: str) -> None:
    value = UNPRINTABLE[name]
    assert text.pretty(value) == text.UNPRINTABLE
    assert text.encode(value) == b""
    if not isinstance(value, str):
        assert text.one_line(value) == text.UNPRINTABLE


def test_what_has_no_text_is_said() -> None:
    assert text.clean(DEEP) == text.UNPRINTABLE
    assert text.clean(10**5000) == text.UNPRINTABLE


@pytest.mark.parametrize(
    ("value", "line"),
    [
        (None, ""),
        ("a\n  b\tc", "a b c"),
        ({"a": [1, None]}, '{"a":[1,null]}'),
        (False, "false"),
        ("x" * 200, "x" * 160 + "…"),
    ],
)
def test_a_value_on_one_line(value: Any, line: str) -> None:
    assert text.one_line(value) == line


@pytest.mark.parametrize(("value", "label"), [("a", "a"), (3, "3"), (None, ""), (True, ""), ({"a": 1}, ""), ([], "")])
def test_a_label_is_text_or_a_number(value: Any, label: str) -> None:
    assert text.label(value) == label


@given(hostile.values(["a"]))
def test_any_json_can_be_shown(value: Any) -> None:
    again = text.decode(hostile.raw(value))
    assert len(text.pretty(again, 1_000)) <= 1_001
    assert len(text.one_line(again)) <= 161
    assert "\n" not in text.one_line(again)


@pytest.mark.parametrize(
    ("moment", "days", "moved"),
    [
        (datetime(2026, 1, 31, tzinfo=UTC), 1, datetime(2026, 2, 1, tzinfo=UTC)),
        (datetime(9999, 12, 31, tzinfo=UTC), 1, datetime.max.replace(tzinfo=UTC)),
        (datetime(1, 1, 1, tzinfo=UTC), -1, datetime.min.replace(tzinfo=UTC)),
    ],
)
def test_a_moment_is_moved_as_far_as_can_be_written(moment: datetime, days: int, moved: datetime) -> None:
    assert text.moved(moment, timedelta(days=days)) == moved
