"""The table of operations describes; it never dispatches."""

from dataclasses import fields
from typing import get_args

from executions import operations
from executions.operations import OPERATIONS


def test_there_are_seventeen_in_four_shapes() -> None:
    kinds = [operation.kind for operation in OPERATIONS]
    assert {kind: kinds.count(kind) for kind in get_args(operations.Kind)} == {
        "read": 7,
        "ask": 1,
        "write": 7,
        "stream": 2,
    }
    assert list(operations.BY_SLUG) == [operation.slug for operation in OPERATIONS]


def test_a_row_holds_words_only() -> None:
    for operation in OPERATIONS:
        assert {type(getattr(operation, one.name)) for one in fields(operation)} == {str}


def test_what_changes_something_says_what() -> None:
    for operation in OPERATIONS:
        assert (operation.danger != "none") == (operation.kind == "write")
        assert bool(operation.effect) == (operation.kind in {"write", "ask"})
