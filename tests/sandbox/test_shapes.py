import base64
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec

from console.sandbox.http import shapes


class Part(msgspec.Struct):
    name: str


class Whole(msgspec.Struct):
    part: Part


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def payload(data: str, encoding: str = "json/plain") -> dict[str, Any]:
    return {"metadata": {"encoding": encoded(encoding)}, "data": encoded(data)}


def test_a_schema_has_its_root_in_place() -> None:
    part = {"title": "Part", "type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
    assert shapes.schema(Part) == part
    assert shapes.schema(Whole) == {
        "title": "Whole",
        "type": "object",
        "properties": {"part": {"$ref": "#/$defs/Part"}},
        "required": ["part"],
        "$defs": {"Part": part},
    }


def test_payloads_are_decoded_wherever_they_stand() -> None:
    history = {"events": [{"eventId": "1", "input": {"payloads": [payload('{"a": [1, null]}'), payload('"b"')]}}]}
    assert shapes.decoded(history) == {"events": [{"eventId": "1", "input": {"payloads": [{"a": [1, None]}, "b"]}}]}


def test_a_payload_without_a_value_is_null_and_a_foreign_one_stays() -> None:
    assert shapes.decoded({"metadata": {"encoding": encoded("binary/null")}}) is None
    encrypted = payload("?", "binary/encrypted")
    assert shapes.decoded(encrypted) == encrypted


def test_what_a_payload_holds_is_not_taken_for_a_payload() -> None:
    inner = '{"metadata": {"encoding": "json/plain"}, "data": 5}'
    assert shapes.decoded(payload(inner)) == {"metadata": {"encoding": "json/plain"}, "data": 5}


def test_times_as_text_sort_as_the_times_do() -> None:
    whole = datetime(2026, 1, 1, tzinfo=UTC)
    times = [whole, whole + timedelta(microseconds=1), whole + timedelta(seconds=1)]
    texts = [shapes.moment(time) for time in times]
    assert texts == sorted(texts, key=str)
    assert texts[0] == "2026-01-01T00:00:00.000000Z"


def test_nanoseconds_keep_every_microsecond() -> None:
    time = datetime(2026, 1, 1, 1, 0, 0, 123457, tzinfo=timezone(timedelta(hours=1)))
    assert shapes.nanoseconds(time) == 1767225600123457000
