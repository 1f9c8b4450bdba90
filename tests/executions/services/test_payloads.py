"""An input or a result on its own."""

from typing import Any

import pytest

from executions.services import payloads, text
from executions.services.payloads import Payload
from tests.executions.canned import encoded, event
from tests.executions.services import hostile
from tests.executions.services.test_history import made

ENCRYPTED = encoded("secret", "binary/encrypted")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, None),
        ({"payloads": []}, None),
        (0, Payload("0")),
        ("", Payload('""')),
        ({"payloads": [{"a": 1}]}, Payload('{\n  "a": 1\n}')),
        ({"payloads": [encoded([1])]}, Payload("[\n  1\n]")),
        (encoded(None, "binary/null"), Payload("null")),
    ],
)
def test_what_it_shows(value: Any, shown: Payload | None) -> None:
    assert payloads.payload(value) == shown


def test_what_cannot_be_read_says_so() -> None:
    words = "It is encrypted (binary/encrypted): only workers that have the key can read it."
    assert payloads.payload({"payloads": [ENCRYPTED]}) == Payload("", words)
    assert payloads.payload(ENCRYPTED) == Payload("", words)
    mixed = payloads.payload({"payloads": [{"a": 1}, ENCRYPTED]})
    assert mixed
    assert (mixed.note, '"(binary/encrypted)"' in mixed.words) == (words, True)
    odd = payloads.payload(encoded("x", "binary/zlib"))
    assert odd == Payload("", "It is encoded as binary/zlib, which the console cannot read.")


def test_long_ones_are_folded_and_very_long_ones_cut() -> None:
    def shown(value: Any) -> Payload:
        found = payloads.payload(value)
        assert found
        return found

    assert not shown(list(range(12))).is_long
    assert shown(list(range(13))).is_long
    assert shown("x" * payloads.FOLDED_CHARACTERS).is_long
    assert [shown("x" * size).is_cut for size in (text.PAYLOAD_LIMIT - 2, text.PAYLOAD_LIMIT)] == [False, True]


def test_odd_shapes() -> None:
    for one in [
        hostile.nested(50),
        {"metadata": 5},
        {"metadata": {"encoding": 5}},
        {"payloads": [None, 1, {"metadata": []}]},
    ]:
        assert payloads.payload(one)
        payloads.payload({"payloads": [one]})


def test_of_a_run() -> None:
    assert payloads.given([]) is None
    started = made([event(1, "WORKFLOW_EXECUTION_STARTED", input={"payloads": [1]})])
    assert payloads.given(started) == Payload("1")
    failed = made(
        [event(1, "WORKFLOW_EXECUTION_STARTED"), event(2, "WORKFLOW_EXECUTION_FAILED", failure={"message": "no"})]
    )
    found = payloads.failure(failed, "FAILED")
    assert found
    assert (found.message, payloads.failure(failed, "COMPLETED")) == ("no", None)
