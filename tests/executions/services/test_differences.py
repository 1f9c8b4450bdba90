"""JSON values side by side: their parts that are not the same, by path, and lines of long texts."""

import time
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from executions.services import differences, text
from executions.services.differences import Difference, Value
from tests.executions.canned import encoded
from tests.executions.services import hostile


def value(found: Any) -> Value:
    return Value(b"" if found is Ellipsis else msgspec.json.encode(found))


def parts(older: Any, newer: Any) -> list[tuple[str, str, str]]:
    return [(one.path, one.older, one.newer) for one in differences.between(value(older), value(newer)).parts]


@pytest.mark.parametrize(
    ("older", "newer", "expected"),
    [
        ({"a": 1, "b": [1, {"c": 2}]}, {"a": 1, "b": [1, {"c": 2}]}, []),
        (
            {"a": 1, "b": [1, {"c": 2}], "gone": None},
            {"a": True, "b": [1, {"c": "2"}, 3], "new": "x"},
            [("a", "1", "true"), ("b[1].c", "2", "2"), ("b[2]", "—", "3"), ("gone", "null", "—"), ("new", "—", "x")],
        ),
        ([1], {"a": 1}, [("the whole", "[1]", '{"a":1}')]),
        ("text", "other", [("the whole", "text", "other")]),
        ({"flaw": ""}, {"flaw": "ledger"}, [("flaw", '""', "ledger")]),
        (..., ..., []),
        (..., 1, []),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, []),
    ],
)
def test_the_parts(older: Any, newer: Any, expected: list[tuple[str, str, str]]) -> None:
    assert parts(older, newer) == expected


@pytest.mark.parametrize(
    ("older", "newer", "kind"),
    [
        (..., ..., "neither"),
        (..., 1, "one"),
        (1, ..., "one"),
        (1, 1, "same"),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, "same"),
        (1, 2, "parts"),
        ("x" * 2_000_000, "x" * 2_000_000, "same"),
        ("x" * 2_000_000, "y", "large"),
    ],
)
def test_how_they_compare(older: Any, newer: Any, kind: str) -> None:
    found = differences.between(value(older), value(newer))
    assert found.kind == kind
    if kind == "one":
        assert found.only.shown == "1"


@pytest.mark.parametrize(
    ("older", "newer", "note"),
    [
        ("2", 2, "text, then a number"),
        (None, "null", "null, then text"),
        ("a\u202eb", "ab", "they differ in what cannot be shown"),
        ("a  b", "a b", "they differ in what cannot be shown"),
        (1, 2, ""),
    ],
)
def test_what_looks_the_same_and_is_not(older: Any, newer: Any, note: str) -> None:
    (found,) = differences.between(value(older), value(newer)).parts
    assert found.note == note


def test_a_long_value_is_shown_where_it_differs() -> None:
    ((_, older, newer),) = parts("x" * 5_000 + " old end", "x" * 5_000 + " new end")
    assert (older, newer) == ("…" + "x" * 39 + " old end", "…" + "x" * 39 + " new end")
    deep = {"a" * 400: list(range(100))}
    ((_, older, newer),) = parts([deep] * 1, [deep | {"b": 1}])
    assert (older, newer) == ("—", "1")


def test_differences_everywhere_are_bounded() -> None:
    found = differences.between(value(list(range(1_000))), value(list(range(1, 1_001))))
    assert (len(found.parts), found.has_more) == (differences.PARTS_SHOWN, True)
    few = differences.between(value(list(range(50))), value(list(range(1, 51))))
    assert (len(few.parts), few.has_more) == (50, False)


def test_what_is_deep_is_compared_as_a_whole() -> None:
    deep: Any = 1
    for _ in range(150):
        deep = {"a": deep}
    ((path, older, newer),) = parts(deep, {"a": deep})
    assert path == ".".join("a" * differences.DEPTH)
    # Where they part is shown, deep inside.
    assert older != newer


LETTER = "\n".join(f"line {number}" for number in range(100))


def test_lines_of_a_text() -> None:
    newer = (
        LETTER.replace("line 10\n", "line ten\n").replace("line 50\n", "line 50\nand a half\n").replace("\nline 99", "")
    )
    (found,) = differences.between(value({"mail": LETTER}), value({"mail": newer})).parts
    assert found.path == "mail"
    assert [f"{line.mark}{line.words}" for line in found.lines] == [
        "…8 lines the same",
        " line 8",
        " line 9",
        "-line 10",
        "+line ten",
        " line 11",
        " line 12",
        "…36 lines the same",
        " line 49",
        " line 50",
        "+and a half",
        " line 51",
        " line 52",
        "…44 lines the same",
        " line 97",
        " line 98",
        "-line 99",
    ]


def test_lines_are_bounded_and_cleaned() -> None:
    older = "\n".join(f"{number} \x1b[31m" + "x" * 1_000 for number in range(5_000))
    newer = "\n".join(f"{number} y" for number in range(5_000))
    (found,) = differences.between(Value(msgspec.json.encode(older[:900_000])), value(newer)).parts
    assert len(found.lines) == differences.LINES_SHOWN + 1
    assert max(len(line.words) for line in found.lines) <= differences.LINE_LIMIT + 1
    assert "\x1b" not in "".join(line.words for line in found.lines)
    assert found.lines[-1].words == "more that is not shown"
    one = "\n".join(map(str, range(3_000)))
    (cut,) = differences.between(value(one), value("first\n" + one)).parts
    assert cut.lines[-1].words == "what comes later is not compared"


def test_payloads() -> None:
    assert differences.payload({"payloads": [encoded({"a": 1})]}).shown == text.pretty({"a": 1})
    assert differences.payload({"payloads": [encoded("x", "binary/encrypted")]}).shown == '"(binary/encrypted)"'
    assert not differences.payload(None).is_there
    assert not differences.payload({"payloads": []}).is_there


VALUES = hostile.values(["a", "b"])


@given(VALUES, VALUES)
def test_whatever_they_are(older: Any, newer: Any) -> None:
    found = differences.between(value(older), value(newer))
    assert (found.kind == "same") == (text.encode(older) == text.encode(newer) or not found.parts)
    assert all(isinstance(one, Difference) for one in found.parts)


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_difference_of_texts_is_lost(older: str, newer: str) -> None:
    found = differences.between(value(older), value(newer))
    assert bool(found.parts) == (older != newer)
    for one in found.parts:
        assert one.lines or one.note or one.older != one.newer


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ([0] * 250_000, [0] * 249_999 + [1]),
        ({str(number): number for number in range(60_000)}, {str(number): -number for number in range(60_000)}),
        ("a\n" * 300_000, "b\n" * 300_000),
        ("x" * 1_000_000, "x" * 999_999 + "y"),
    ],
    ids=["a long list", "a large object", "many lines", "one long line"],
)
def test_large_ones_are_quick(older: Any, newer: Any) -> None:
    began = time.process_time()
    assert differences.between(value(older), value(newer)).kind == "parts"
    assert time.process_time() - began < 1
