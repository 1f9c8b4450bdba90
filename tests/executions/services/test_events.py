"""Events of the stream as rows."""

import re
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from executions.services import events
from executions.upstream.types import WorkflowEvent
from tests.executions.services import hostile
from tests.servers import ROOT

PAYLOAD = {"type": "json", "value": {"a": 1}}
SEALED = {"type": "__encrypted__", "value": "c2VjcmV0"}


def patch(options: list[str] | None = None, **change: Any) -> dict[str, Any]:
    """The attributes of an event that brings one change."""
    return {"payload": {"type": "json_patch", "value": [change], "encoding_options": options}}


def row(kind: str = "ACTIVITY_TASK_COMPLETED", attributes: Any = None, **fields: Any) -> events.StreamRow:
    found = {"event_id": "e-1", "event_timestamp": 1_769_868_301_000_000_000, "event_type": kind, **fields}
    return events.row(msgspec.convert(found | {"attributes": hostile.raw(attributes)}, WorkflowEvent, strict=False))


def test_an_event_as_a_row() -> None:
    found = row(attributes={"activity_name": "extract", "result": PAYLOAD}, workflow_name="pipeline")
    assert found.time is not None
    assert found.time.isoformat() == "2026-01-31T14:05:01+00:00"
    assert (found.id, found.kind, found.group, found.name) == ("e-1", "ACTIVITY_TASK_COMPLETED", "activity", "extract")
    assert (found.note, found.failed) == ('{"a":1}', False)
    assert msgspec.json.decode(found.json) == {"activity_name": "extract", "result": PAYLOAD}


@pytest.mark.parametrize(
    ("kind", "group", "failed"),
    [
        ("WORKFLOW_EXECUTION_STARTED", "workflow", False),
        ("WORKFLOW_EXECUTION_FAILED", "workflow", True),
        ("WORKFLOW_TASK_TIMED_OUT", "task", True),
        ("ACTIVITY_TASK_RETRYING", "activity", True),
        ("CUSTOM_TASK_IN_PROGRESS", "custom", False),
        ("SOMETHING_NEW", "other", False),
        ("", "other", False),
    ],
)
def test_every_kind_has_a_group_to_filter_by(kind: str, group: str, failed: bool) -> None:
    found = row(kind)
    assert (found.kind, found.group, found.failed) == (kind or "—", group, failed)
    assert found.group in events.GROUPS


@pytest.mark.parametrize(
    ("attributes", "note"),
    [
        ({"failure": {"message": "429"}, "attempt": 3}, "attempt 3: 429"),
        ({"failure": {"message": "429"}}, "429"),
        ({"failure": {"message": "429"}, "attempt": {"a": 1}}, "429"),
        ({"failure": {}, "attempt": 2}, "attempt 2: "),
        ({"failure": "odd", "reason": "why"}, "why"),
        ({"payload": {"value": None, "type": "json"}}, "null"),
        ({"payload": {"value": "eA==", "encoding_options": ["encrypted", "offloaded"]}}, "(encrypted, offloaded)"),
        ({"payload": {"value": "eA==", "encoding_options": "encrypted"}}, "(encoded)"),
        ({"payload": {"value": "eA==", "encoding_options": [{}]}}, "(encoded)"),
        ({"payload": {"value": [1], "encoding_options": []}}, "[1]"),
        ({"payload": "plain"}, "plain"),
        (patch(op="append", path="/text", value="two\n words"), "text + two words"),
        (patch(op="replace", path="/progress", value=0.62), "progress = 0.62"),
        (patch(op="add", path="/a/b", value={"c": None}), 'a/b = {"c":null}'),
        (patch(op="add", path="/a", value=None), "a = null"),
        (patch(op="remove", path="/a"), "a removed"),
        (patch(op="remove", path="/"), "all removed"),
        (patch(op="replace", path=[], value=1), "= 1"),
        (patch(op="append", path="/", value="x"), "+ x"),
        (patch(op="append", path="/a", value=SEALED), "a + (encrypted)"),
        (patch(op="append", path="/a", value=SEALED, options=["encrypted-partial"]), "a + (encrypted)"),
        (patch(op="move", path="/a"), '{"op":"move","path":"/a"}'),
        (patch(op="append", path={"a": 1}), '{"op":"append","path":{"a":1}}'),
        ({"payload": {"type": "json_patch", "value": [5, None, "x"]}}, "5; ; x"),
        (
            {"payload": {"type": "json_patch", "value": [{"op": "remove", "path": f"/{n}"} for n in range(7)]}},
            "0 removed; 1 removed; 2 removed; 3 removed; 4 removed",
        ),
        ({"payload": {"type": "json_patch", "value": "eA==", "encoding_options": ["encrypted"]}}, "(encrypted)"),
        ({"payload": {"type": "json_patch", "value": "eA=="}}, "eA=="),
        ({"result": {"no": "payload"}}, '{"no":"payload"}'),
        ({"input": PAYLOAD}, '{"a":1}'),
        ({"timeout_type": "START_TO_CLOSE"}, "START_TO_CLOSE"),
        ({}, ""),
        ("text", ""),
        ([1], ""),
        (None, ""),
    ],
)
def test_notes(attributes: Any, note: str) -> None:
    assert row(attributes=attributes).note == note


@pytest.mark.parametrize(
    ("attributes", "name"),
    [
        ({"activity_name": "a", "workflow_name": "w"}, "a"),
        ({"custom_task_type": "llm_call"}, "llm_call"),
        ({"activity_name": {"a": 1}, "workflow_name": "w"}, "w"),
        ({"activity_name": None}, "pipeline"),
    ],
)
def test_names(attributes: Any, name: str) -> None:
    assert row(attributes=attributes, workflow_name="pipeline").name == name


@pytest.mark.parametrize(
    ("kind", "attributes", "expected"),
    [
        ("CUSTOM_TASK_STARTED", {"custom_task_id": "t-1", "custom_task_type": "llm"}, ("t-1", "llm", "started")),
        ("CUSTOM_TASK_IN_PROGRESS", {"custom_task_id": "t-1"}, ("t-1", "", "in_progress")),
        ("CUSTOM_TASK_NEW_ONE", {"custom_task_id": "t-1"}, ("t-1", "", "new_one")),
        ("CUSTOM_TASK_STARTED", {"custom_task_type": "llm"}, ("", "", "")),
        ("CUSTOM_TASK_STARTED", {"custom_task_id": {"a": 1}, "custom_task_type": "llm"}, ("", "", "")),
        ("ACTIVITY_TASK_STARTED", {"custom_task_id": "t-1", "custom_task_type": "llm"}, ("", "", "")),
    ],
)
def test_events_of_custom_tasks_say_of_which(kind: str, attributes: Any, expected: tuple[str, str, str]) -> None:
    found = row(kind, attributes)
    assert (found.task, found.task_type, found.step) == expected


def test_the_words_for_tasks_are_those_of_the_script() -> None:
    script = (ROOT / "static/js/task.js").read_text()
    ends = re.search(r"const ENDS = \{(.*)\};", script)
    assert ends
    said = re.findall(r'word = (?:get\(ENDS, step\) \?\? )?"(.*?)"', script)
    assert {*re.findall(r'"(.*?)"', ends[1]), *said} == {*events.TASK_WORDS}


def test_what_is_missing_leaves_a_row() -> None:
    found = events.row(WorkflowEvent())
    assert (found.id, found.time, found.kind, found.group, found.name, found.note) == ("", None, "—", "other", "", "")
    assert found.json == "null"


@pytest.mark.parametrize(
    ("groups", "query", "ids"),
    [([], "", "ab"), (["activity"], "", "a"), ([], "EXTRACT", "a"), ([], "pipeline", "b"), (["custom"], "x", "")],
)
def test_filters(groups: list[str], query: str, ids: str) -> None:
    rows = [
        row(event_id="a", attributes={"activity_name": "extract"}),
        row("WORKFLOW_EXECUTION_STARTED", event_id="b", workflow_name="pipeline"),
    ]
    assert "".join(one.id for one in events.matching(rows, groups=groups, query=query)) == ids


def test_a_message_that_is_no_event_shows_as_it_came() -> None:
    found = events.unreadable("\x1b[31m7", '{"half": \x1b[31m')
    assert (found.id, found.group, found.failed, found.note) == ("7", "other", True, '{"half": ')
    assert found.json == '{"half": '


KEYS = [
    "custom_task_id",
    "custom_task_type",
    "op",
    "path",
    "failure",
    "message",
    "attempt",
    "payload",
    "value",
    "encoding_options",
    "result",
    "input",
    "reason",
]


@given(hostile.values([*KEYS, "activity_name"]), hostile.TEXTS | st.just("CUSTOM_TASK_IN_PROGRESS"))
def test_no_event_is_too_odd(attributes: Any, kind: str) -> None:
    found = row(kind, attributes)
    assert isinstance(found.note + found.name + found.json, str)
    events.matching([found], groups=[], query="x")


@given(st.lists(hostile.objects(["op", "path", "value"]) | hostile.values(KEYS), max_size=4))
def test_no_patch_is_too_odd(changes: list[Any]) -> None:
    note = row(attributes={"payload": {"type": "json_patch", "value": changes}}).note
    assert len(note) <= 161
    assert "\n" not in note
