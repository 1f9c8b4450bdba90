"""Sheets: whatever is in a cell, a spreadsheet takes it for text, and a reader of CSV gets it back."""

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executions.services import sheets

FORMULA_STARTS = "=+-@\t\r\n＝＋－＠"


def read(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("plain", "plain"),
        ("", ""),
        (None, ""),
        (0, "0"),
        (True, "True"),
        ("日本 😀", "日本 😀"),
        ('say "hi", then\r\nleave', 'say "hi", then\r\nleave'),
        ("a=b", "a=b"),
        ("=1+1", "'=1+1"),
        ("a; b", "a; b"),
        ("a;=1+1; -2;b=3", "a;'=1+1; '-2;b=3"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        (-1, "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("\nx", "'\nx"),
        ("＝1", "'＝1"),
        ("＠x", "'＠x"),
        ("  =1", "'  =1"),
        # White space that a spreadsheet may take away, and what is not seen at all.
        ("\u00a0=1", "'\u00a0=1"),
        ("\ufeff=1", "'\ufeff=1"),
        ("\u200b=1", "'\u200b=1"),
        (" \v=1", "' \v=1"),
        ("a\0=1", "a=1"),
        ("\0=1", "'=1"),
        ("\ud800", "?"),
        ("'=1", "'=1"),
    ],
)
def test_a_cell(value: Any, shown: str) -> None:
    assert read(sheets.csv_file(["head"], [[value]])) == [["head"], [shown]]


@given(st.lists(st.lists(st.text(), min_size=2, max_size=2), max_size=5))
def test_no_cell_is_a_formula(rows: list[list[str]]) -> None:
    found = read(sheets.csv_file(["a", "b"], rows))
    assert len(found) == len(rows) + 1
    for cell in (cell for row in found for cell in row):
        assert not cell.strip().startswith(tuple(FORMULA_STARTS))


def test_it_is_marked_as_utf_8_and_quoted_throughout() -> None:
    assert sheets.csv_file(["a", "b"], [["é", 1]]) == b'\xef\xbb\xbf"a","b"\r\n"\xc3\xa9","1"\r\n'


def test_rows_may_come_one_by_one() -> None:
    assert read(sheets.csv_file(["n"], ([number] for number in range(3)))) == [["n"], ["0"], ["1"], ["2"]]
