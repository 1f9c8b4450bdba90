"""Rows as CSV that a spreadsheet opens as text: no cell of it is ever taken for a formula."""

import csv
import io
import re
from collections.abc import Iterable, Sequence

_FORMULA = re.compile(r"[\t\r\n]|[\s\u200b-\u200f\u2060\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]")
"""What a cell must not begin with: what spreadsheets take for a formula's start, also in full width. Spaces before it,
or characters that are not seen, do not save it from being read as one."""


_SPLIT = re.compile(r"(;[\s\u200b-\u200f\u2060\ufeff]*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])")
"""The same behind a semicolon: where that separates cells, such as in French and German, a new one may begin there."""


def csv_file(heading: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """A CSV file in UTF-8, with the mark by which spreadsheets know that it is."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(heading)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return out.getvalue().encode("utf-8-sig", errors="replace")


def _cell(value: object) -> str:
    text = "" if value is None else str(value).replace("\0", "")
    text = _SPLIT.sub(r"\1'", text)
    return f"'{text}" if _FORMULA.match(text) else text
