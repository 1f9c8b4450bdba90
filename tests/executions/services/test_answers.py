"""A query's answer: all of it to be copied, a bounded part to be seen."""

import json

import pytest

from executions.services import answers, text


@pytest.mark.parametrize(
    ("raw", "whole"),
    [
        (b'{"a":1.10,"b":12345678901234567890123}', '{\n  "a": 1.10,\n  "b": 12345678901234567890123\n}'),
        (b"null", "null"),
        (b"", "null"),
        (b'"\\u001b[31m"', '"\\u001b[31m"'),
        # What is not JSON is there as it came.
        (b"1e", "1e"),
    ],
)
def test_an_answer_is_what_came(raw: bytes, whole: str) -> None:
    answer = answers.answer(raw)
    assert (answer.shown, answer.whole, answer.is_cut, answer.size) == (whole, whole, False, len(raw or b"null"))


@pytest.mark.parametrize("filling", ["x", "é", "😀", "<b>", "\x1b[31m"])
def test_a_long_answer_is_cut_only_where_it_is_shown(filling: str) -> None:
    value = filling * 400_000
    answer = answers.answer(json.dumps(value, ensure_ascii=False).encode())
    assert len(answer.shown) == text.PAYLOAD_LIMIT + 1
    assert json.loads(answer.whole) == value
    assert answer.is_cut


def test_more_than_a_page_can_hold_is_said() -> None:
    answer = answers.answer(b'"' + b"x" * answers.WHOLE_LIMIT + b'"')
    assert (answer.whole, answer.is_cut, answer.size) == ("", True, answers.WHOLE_LIMIT + 2)
    assert len(answer.shown) == text.PAYLOAD_LIMIT + 1


def test_what_is_deep_and_long_is_not_indented() -> None:
    """Indenting this would make a gigabyte of spaces."""
    raw = b"[" * 900 + b",".join([b"0"] * 100_000) + b"]" * 900
    assert answers.answer(raw).whole == raw.decode()
    assert text.pretty(json.loads(raw)) == raw.decode()[: text.PAYLOAD_LIMIT] + "…"


def test_what_is_long_or_deep_is_indented() -> None:
    for raw in (b"[" * 900 + b"]" * 900, b"[" + b",".join([b'{"[[[":"[[["}'] * 50_000) + b"]"):
        assert answers.answer(raw).whole.count("\n") > 900
