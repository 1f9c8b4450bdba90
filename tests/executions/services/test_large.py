"""Of what is too large to decode at once, as much as can be read; nothing of it is too odd."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from executions.services import large
from tests.executions.services import hostile
from tests.executions.services.hostile import raw

MB = 1_000_000


@pytest.mark.parametrize(
    ("value", "found"),
    [({"a": [1]}, {"a": [1]}), ([1], {"value": [1]}), ("x", {"value": "x"}), (0, {"value": 0}), (None, {}), ({}, {})],
)
def test_what_is_small_is_decoded(value: Any, found: dict[str, Any]) -> None:
    assert large.members(raw(value)) == found
    assert large.members(Raw(b"")) == {}


def test_small_values_beside_a_large_one() -> None:
    found = large.members(raw({"prompt": "né\n" * 10 * MB, "model": "m", "list": [*range(MB)], "after": {"a": 1}}))
    assert (found["model"], found["after"], [*found]) == ("m", {"a": 1}, ["prompt", "model", "list", "after"])
    # A text as it reads, anything else as JSON; the start of both.
    assert found["prompt"].startswith("né\nné\n")
    assert found["prompt"].endswith("…")
    assert found["list"].startswith("[0,1,2,3,")
    assert max(len(found["prompt"]), len(found["list"])) <= large.START + 1


def test_many_that_are_small_are_kept_as_far_as_there_is_room() -> None:
    found = large.members(raw({f"key-{number}": "x" * 60_000 for number in range(100)}))
    kept = len(found) - 1
    assert found[large.REST] == f"{100 - kept} more are left out."
    assert large.LIMIT / large.START - 1 < kept < 100
    assert len(msgspec.json.encode(found)) < 2 * large.LIMIT


def test_more_names_than_can_be_told_apart_soon() -> None:
    found = large.members(raw({f"key-{number}": number for number in range(200_000)}))
    assert [*found] == ["value", large.REST]
    assert found["value"].startswith('{"key-0":0,"key-1":1,')
    assert found[large.REST].startswith("This is the start of 3,")


@pytest.mark.parametrize("space", [" ", "\t", "\n", "\r"])
def test_names_are_counted_however_they_are_written(space: str) -> None:
    written = "{" + ",".join(f'"key-{number}"{space}:{number}' for number in range(200_000)) + "}"
    assert [*large.members(Raw(written.encode()))] == ["value", large.REST]


def test_a_list_s_values_undecoded() -> None:
    assert large.values(raw([{"a": 1}, 2])) == [raw({"a": 1}), raw(2)]
    assert [large.values(one) for one in (raw({"a": 1}), raw(None), Raw(b""), Raw(b"[1,"), Raw(b"x"))] == [[]] * 5
    assert large.values(raw([{}] * 3)) == [raw({})] * 3
    assert large.values(raw([{}] * (2 * large.MOST_OBJECTS))) == []
    assert large.values(raw([0] * (large.MOST_COMMAS + 2))) == []


@pytest.mark.parametrize("character", ["é", "\\", '"', "\n", "\u2028", "\U0001f600", "\x00"])
@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("before", range(4))
def test_a_text_is_cut_between_characters(character: str, ascii_only: bool, before: int) -> None:
    value = "x" * before + character * large.START
    found = large.start(Raw(json.dumps(value, ensure_ascii=ascii_only).encode()))
    assert found == value[: len(found) - 1] + "…"
    assert len(found) > large.START / 14


@given(value=hostile.values(["a", "b", "value"]), data=st.data())
def test_no_value_is_too_odd(value: Any, data: st.DataObject) -> None:
    content = msgspec.json.encode(value)
    with pytest.MonkeyPatch.context() as patched:
        for name in ("LIMIT", "VALUE_LIMIT", "START", "MOST"):
            patched.setattr(large, name, data.draw(st.integers(1, 40)))
        for one in (content, content[: data.draw(st.integers(0, len(content)))]):
            for made in (large.members(Raw(one)), large.values(Raw(one)), large.start(Raw(one))):
                msgspec.json.encode(made)
