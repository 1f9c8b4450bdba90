"""A custom task put together from its events: what it is said to be, and what its state is made of."""

import json
from typing import Any

import pytest
from playwright.sync_api import Page

READ = """async (events) => {
  const { Task } = await import("/static/js/task.js");
  const { kinds, shown } = await import("/static/js/task-kinds.js");
  const { parse } = await import("/static/js/json.js");
  const task = new Task("t-1", "llm_call");
  let found = {};
  for (const [step, text] of events) {
    task.take(step, "2026-11-24T10:00:00+00:00", text);
    found = task.document ? kinds(task) : { texts: [] };
  }
  return {
    word: task.word, error: task.error, unknown: task.unknown, note: task.note, about: found.about ?? "",
    share: found.progress?.share ?? null, words: found.progress?.words ?? "",
    texts: Object.fromEntries(found.texts.map(({ key, name, text, note }) => [key, text ?? note ?? null])),
    names: found.texts.map((one) => one.name),
    rest: task.document ? shown(task.document.value, found.elsewhere) : "",
  };
}"""
LATER = "what follows shows at its next whole state."
LATE = f"It started before the first event here: {LATER}"
ENCRYPTED = "Encrypted: the console cannot read it."
SEALED = {"type": "__encrypted__", "value": "c2VjcmV0"}


def read(scripts: Page, *events: tuple[str, Any]) -> dict[str, Any]:
    """The task after these events: each is a step and its attributes, or the text that a row has of them."""
    texts = [[step, about if isinstance(about, str) else json.dumps(about)] for step, about in events]
    return dict(scripts.evaluate(READ, texts))


def started(value: Any) -> tuple[str, Any]:
    return "started", {"payload": {"type": "json", "value": value}}


def state(value: Any, step: str = "in_progress", **more: Any) -> tuple[str, Any]:
    return step, {"payload": {"type": "json", "value": value, **more}}


def patch(*operations: Any, step: str = "in_progress", **more: Any) -> tuple[str, Any]:
    value = [dict(zip(("op", "path", "value"), one, strict=False)) for one in operations]
    return step, {"payload": {"type": "json_patch", "value": value, **more}}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([{"progress": 0}], "0 %"),
        ([{"progress": 0.62}], "62 %"),
        ([{"progress": 0.29}], "29 %"),
        ([{"progress": 0.5}, {"progress": 1}], "100 %"),
        ([{"progress": 1}], "1 %"),
        ([{"progress": 1.0}], "1 %"),
        ([{"progress": 62}], "62 %"),
        ([{"progress": 62}, {"progress": 0.5}], "0 %"),
        ([{"percent": 0.5}], "0 %"),
        ([{"percentage": 62.9}], "62 %"),
        ([{"progress": 101}], ""),
        ([{"progress": -1}], ""),
        ([{"progress": "0.5"}], ""),
        ([{"progress": True}], ""),
        ([{"score": 0.5}], ""),
        ([{"completed": 3, "total": 12}], "3 of 12"),
        ([{"done": 0, "total": 12}], "0 of 12"),
        ([{"current_step": 2, "total_steps": 4.0}], "2 of 4"),
        ([{"progress": {"current": 1, "total": 2}}], "1 of 2"),
        ([{"completed": True, "total": 12}], ""),
        ([{"completed": 3, "total": 0}], ""),
        ([{"total": 12}], ""),
        ([[1, 2]], ""),
        ([None], ""),
    ],
)
def test_progress(scripts: Page, values: list[Any], words: str) -> None:
    assert read(scripts, started({}), *map(state, values))["words"] == words


def test_a_plain_1_is_all_once_the_task_is_complete(scripts: Page) -> None:
    assert read(scripts, started({"progress": 0}), state({"progress": 1}, "completed"))["words"] == "100 %"


def test_texts_and_the_rest(scripts: Page) -> None:
    found = read(
        scripts,
        started({"model": "large", "text": "", "usage": {"tokens": 12, "out": ""}, "seed": 2**63}),
        patch(("append", "/text", "Hello"), ("append", "/usage/out", "x")),
        patch(("append", "/text", " world"), ("add", "/long", "long " * 30)),
    )
    assert found["texts"] == {"/text": "Hello world", "/long": "long " * 30, "/usage/out": "x"}
    assert json.loads(found["rest"]) == {"model": "large", "usage": {"tokens": 12}, "seed": 2**63}
    assert (found["about"], found["word"], found["unknown"]) == ("large", "Running", "")


@pytest.mark.parametrize("at", ["", "/messages"])
def test_a_conversation(scripts: Page, at: str) -> None:
    said = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": [{"type": "text", "text": "Hel"}, "lo"]},
        {"role": "tool", "content": {"hits": 3}},
        {"role": "assistant", "content": ""},
    ]
    path = f"{at}/3/content"
    found = read(scripts, started({"messages": said} if at else said), patch(("append", path, "Bye")))
    assert found["names"] == ["user", "assistant", "tool", "assistant"]
    assert [*found["texts"].values()] == ["Hi", "Hello", '{\n  "hits": 3\n}', "Bye"]
    assert [*found["texts"]][3] == path


def test_of_a_long_conversation_the_latest_shows(scripts: Page) -> None:
    found = read(scripts, started([{"role": "user", "content": f"{number}"} for number in range(25)]))
    assert [*found["texts"].values()] == ["5 earlier messages", *(f"{number}" for number in range(5, 25))]


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([started("x"), patch(("append", "", "y"))], {"texts": {"": "xy"}}),
        # Encrypted wholly, in one value, and from some point on.
        ([state("AAAA", "started", encoding_options=["encrypted"])], {"unknown": ENCRYPTED}),
        ([state("AAAA", "started", encoding_options=["encrypted-partial"])], {"unknown": ENCRYPTED}),
        (
            [state("AAAA", "started", encoding_options=["compressed", "encrypted"]), patch(("append", "/a", "y"))],
            {"unknown": ENCRYPTED},
        ),
        (
            [state("AAAA", "started", encoding_options=["offloaded"])],
            {"unknown": "Kept elsewhere by its worker: the console cannot read it."},
        ),
        (
            [state("AAAA", "started", encoding_options=["new-one"])],
            {"unknown": "Encoded (new-one): the console cannot read it."},
        ),
        ([state("AAAA", "started", encoding_options=[])], {"unknown": "", "texts": {}}),
        (
            [started({"a": "x"}), patch(("append", "/a", SEALED), encoding_options=["encrypted-partial"])],
            {"unknown": "", "texts": {"/a": None}},
        ),
        (
            [started({"a": "x"}), patch(("append", "/a", SEALED)), patch(("append", "/a", "y"))],
            {"texts": {"/a": None}, "rest": "{}"},
        ),
        (
            [started({"a": {"b": "x"}}), patch(("replace", "/a/b", SEALED))],
            {"rest": '{\n  "a": {\n    "b": "(encrypted: the console cannot read it)"\n  }\n}'},
        ),
        (
            [started({"a": 1}), ("in_progress", {"payload": {"value": "AA", "encoding_options": ["encrypted"]}})],
            {"unknown": "From here on it is encrypted: the console cannot read it."},
        ),
        (
            [started({"a": 1}), state("AAAA", "completed", encoding_options=["encrypted"])],
            {
                "unknown": "",
                "note": "Its final state is encrypted: the console cannot read it.",
                "rest": '{\n  "a": 1\n}',
            },
        ),
        # What cannot be applied, until the next whole state.
        (
            [started({"a": "x"}), patch(("append", "/b", "y")), patch(("append", "/a", "z"))],
            {
                "unknown": f"A change could not be applied (no “b” to change): {LATER}",
                "rest": '{\n  "a": "x"\n}',
            },
        ),
        ([started({"a": "x"}), patch(("append", "/b", "y")), state({"a": "new"})], {"unknown": "", "note": ""}),
        ([started({"a": "x"}), state({"a": json.loads("[" * 70 + "]" * 70)})], {"rest": '{\n  "a": "x"\n}'}),
        # Cut to fit into a row.
        ([started({"a": "x"}), ("in_progress", '{"payload": {"val…')], {"word": "Running", "rest": '{\n  "a": "x"\n}'}),
        (
            [started({"a": "x"}), ("completed", '{"payload": {"val…')],
            {
                "unknown": "",
                "note": "Its final state is too large to be carried here; this is what its changes made.",
            },
        ),
        # Events before the first one here.
        ([patch(("append", "/a", "y"))], {"unknown": LATE, "rest": ""}),
        ([patch(("append", "/a", "y")), state({"a": "x"}), patch(("append", "/a", "y"))], {"texts": {"/a": "xy"}}),
        ([("completed", {})], {"unknown": LATE, "word": "Completed"}),
        # Ends.
        ([started(1), ("failed", {"failure": {"message": "429"}})], {"word": "Failed", "error": "429", "rest": "1"}),
        ([started(1), ("canceled", {"reason": "not needed"})], {"word": "Canceled", "error": "not needed"}),
        (
            [started(1), ("timed_out", {"timeout_type": "START_TO_CLOSE"})],
            {"word": "Timed out", "error": "START_TO_CLOSE"},
        ),
        ([("started", {}), patch(("add", "/a", 1))], {"unknown": "", "rest": '{\n  "a": 1\n}'}),
        ([started(1), ("failed", {"failure": "odd", "reason": {"a": 1}})], {"word": "Failed", "error": ""}),
        ([("started", None), ("__proto__", 5), ("constructor", [])], {"word": "Running"}),
        ([started({"__proto__": "long " * 30})], {"texts": {"/__proto__": "long " * 30}, "rest": "{}"}),
    ],
)
def test_what_is_said_of_a_state(scripts: Page, events: list[tuple[str, Any]], expected: dict[str, Any]) -> None:
    found = read(scripts, *events)
    assert {name: found[name] for name in expected} == expected
