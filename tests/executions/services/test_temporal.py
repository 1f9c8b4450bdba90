"""Temporal's JSON: payloads as the values they hold, or why they cannot be read."""

import base64
from typing import Any

import pytest
from hypothesis import given

from executions.services import temporal
from tests.executions.canned import encoded
from tests.executions.services import hostile

KEYS = ["payloads", "metadata", "encoding", "data", "message", "cause", "a"]
NULL = {"metadata": {"encoding": "YmluYXJ5L251bGw="}}


def _data(content: bytes) -> str:
    return base64.b64encode(content).decode()


@pytest.mark.parametrize(
    ("payload", "line"),
    [
        # As the engine keeps them.
        ({"payloads": [encoded({"a": 1})]}, '{"a":1}'),
        ({"payloads": [encoded("text"), encoded(2)]}, '["text",2]'),
        ({"payloads": [NULL]}, "null"),
        ({"payloads": [{**NULL, "data": ""}]}, "null"),
        ({"payloads": [{"metadata": {"encoding": "binary/null"}}]}, "null"),
        ({"payloads": []}, ""),
        (encoded(None), "null"),
        ({"metadata": {"encoding": "json/plain"}, "data": _data(b"[1]")}, "[1]"),
        ({"metadata": {"encoding": _data(b"json/protobuf")}, "data": _data(b'{"p":1}')}, '{"p":1}'),
        # As the API decodes them.
        ({"payloads": [None]}, "null"),
        ({"payloads": [{"a": 1}]}, '{"a":1}'),
        ({"payloads": [1, "b"]}, '[1,"b"]'),
        (None, "null"),
        ("text", "text"),
        ({"metadata": {"encoding": "json/plain"}, "data": {"a": 1}}, '{"a":1}'),
        # What cannot be read says so.
        ({"payloads": [{"metadata": {"encoding": _data(b"binary/encrypted")}, "data": "eA=="}]}, "(binary/encrypted)"),
        ({"metadata": {"encoding": "binary/encrypted"}, "data": "eA=="}, "(binary/encrypted)"),
        ({"metadata": {"encoding": _data(b"binary/plain")}, "data": "eA=="}, "(binary/plain)"),
        ({"metadata": {"encoding": "acme/zipped"}, "data": "eA=="}, "(acme/zipped)"),
        ({"metadata": {"encoding": _data(b"json/plain")}, "data": "%"}, "(json/plain, but not JSON)"),
        ({"metadata": {"encoding": _data(b"json/plain")}, "data": _data(b"{")}, "(json/plain, but not JSON)"),
        ({"metadata": {"encoding": _data(b"json/plain")}, "data": _data(b"[" * 30_000)}, "(json/plain, but not JSON)"),
        ({"metadata": {"encoding": _data(b"\xff")}, "data": "eA=="}, "(/w==)"),
        # What only looks like a payload is a value.
        ({"data": _data(b"[1]")}, '{"data":"WzFd"}'),
        ({"metadata": "json/plain", "data": "eA=="}, '{"metadata":"json/plain","data":"eA=="}'),
        ({"metadata": {}, "data": "eA=="}, '{"metadata":{},"data":"eA=="}'),
        ({"payloads": "none"}, '{"payloads":"none"}'),
    ],
)
def test_a_payload_on_one_line(payload: Any, line: str) -> None:
    assert temporal.shown(payload) == line


@given(hostile.values(KEYS))
def test_any_value_can_stand_for_a_payload(value: Any) -> None:
    assert isinstance(temporal.shown(value), str)


@given(hostile.objects(KEYS))
def test_any_object_can_stand_for_a_failure(failure: dict[str, Any]) -> None:
    chain = temporal.chain(failure)
    assert chain[0] is failure
    assert all(isinstance(temporal.message(one), str) for one in chain)


def test_a_long_chain_is_followed_to_its_end() -> None:
    chain = temporal.chain(hostile.nested(5_000, message="the first"))
    assert (len(chain), temporal.message(chain[-1])) == (5_001, "the first")


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("12", 12),
        (12, 12),
        ("", 0),
        ("x", 0),
        ("-1", 0),
        (-1, 0),
        (1.0, 0),
        (True, 0),
        (None, 0),
        ("9" * 19, 0),
        ([], 0),
    ],
)
def test_an_event_id_is_a_number_or_none(value: object, number: int) -> None:
    assert temporal.number(value) == number


@pytest.mark.parametrize(
    ("event", "attributes"),
    [
        ({"eventType": "X", "timerStartedEventAttributes": {"timerId": "1"}}, {"timerId": "1"}),
        ({"timerStartedEventAttributes": None}, {}),
        ({"aEventAttributes": 1, "bEventAttributes": {"b": 2}}, {"b": 2}),
        ({}, {}),
    ],
)
def test_attributes_of_an_event(event: dict[str, Any], attributes: dict[str, Any]) -> None:
    assert temporal.attributes(event) == attributes
