"""Small pieces of pages in words."""

import pytest

from executions.templatetags.execution_tags import duration, ends, milliseconds


@pytest.mark.parametrize(
    ("seconds", "words", "whole"),
    [
        (None, "—", "—"),
        (0, "0 ms", "0 ms"),
        (-3, "0 ms", "0 ms"),
        (0.0000004, "0 ms", "0 ms"),
        (0.00035, "0.35 ms", "0.35 ms"),
        (0.0099, "9.90 ms", "9.90 ms"),
        (0.009996, "10 ms", "10 ms"),
        (0.35, "350 ms", "350 ms"),
        (0.9994, "999 ms", "999 ms"),
        (0.9996, "1.00 s", "1 s"),
        (4.254, "4.25 s", "4 s"),
        (4.999, "5.00 s", "4 s"),
        (59.994, "59.99 s", "59 s"),
        (59.996, "1m 00s", "59 s"),
        (60, "1m 00s", "1m 00s"),
        (187.4, "3m 07s", "3m 07s"),
        (3_599.6, "1h 00m", "59m 59s"),
        (11_220, "3h 07m", "3h 07m"),
        (187_200, "2d 04h", "2d 04h"),
        (10**9, "11574d 01h", "11574d 01h"),
    ],
)
def test_durations(seconds: float | None, words: str, whole: str) -> None:
    assert (duration(seconds), duration(seconds, whole=True)) == (words, whole)
    assert milliseconds(None if seconds is None else seconds * 1_000) == words


def test_an_id_whose_middle_may_be_left_out() -> None:
    assert ends("x" * 24) == ("x" * 24, "")
    assert ends("invoice-2026-11-23-the-end-0042") == ("invoice-2026-11-23-", "the-end-0042")
