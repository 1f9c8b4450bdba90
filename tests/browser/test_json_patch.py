"""Patches of a task's state: what the browser makes of them, against a model in Python."""

import copy
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Page

from tests.executions.services import hostile

UNKNOWN = "unknown"
"""What a document is after a patch that cannot be applied."""
SEALED = {"type": "__encrypted__", "value": "c2VjcmV0"}
APPLY = """async (cases) => {
  const { PatchedDocument } = await import("/static/js/json-patch.js");
  const { parse, write } = await import("/static/js/json.js");
  return cases.map(([text, ...patches]) => {
    try {
      const made = new PatchedDocument(parse(text));
      for (const patch of patches) made.apply(parse(patch));
      return write(made.value);
    } catch (error) {
      return JSON.stringify(error.constructor === Error ? "unknown" : String(error));
    }
  });
}"""


def patched(scripts: Page, *cases: tuple[Any, ...]) -> list[Any]:
    """Each case is a document and its patches, as they come one after the other."""
    texts = scripts.evaluate(APPLY, [[json.dumps(one) for one in case] for case in cases])
    return [json.loads(text) for text in texts]


def op(kind: str, path: Any, *value: Any) -> dict[str, Any]:
    return {"op": kind, "path": path} | ({"value": value[0]} if value else {})


@pytest.mark.parametrize(
    ("document", "change", "expected"),
    [
        ({"a": "x"}, op("append", "/a", "y"), {"a": "xy"}),
        ({"a": {"b": ["x"]}}, op("append", "/a/b/0", "y"), {"a": {"b": ["xy"]}}),
        ("x", op("append", "", "y"), "xy"),
        ("x", op("append", "/", "y"), "xy"),
        ("x", op("append", [], "y"), "xy"),
        ({"a": 1}, op("append", "/a", "y"), UNKNOWN),
        ({"a": 1.0}, op("append", "/a", "y"), UNKNOWN),
        ({"a": "x"}, op("append", "/a", 1.0), UNKNOWN),
        ({"a": "x"}, op("append", "/b", "y"), UNKNOWN),
        ({"a": "x"}, op("append", "/a"), UNKNOWN),
        ({"a": "x"}, op("append", "/a", SEALED), {"a": SEALED}),
        ({"a": SEALED}, op("append", "/a", "y"), {"a": SEALED}),
        ({}, op("add", "/a", None), {"a": None}),
        ({"a": 1}, op("add", "/a", 2), {"a": 2}),
        ({"a": [1, 3]}, op("add", "/a/1", 2), {"a": [1, 2, 3]}),
        ({"a": [1]}, op("add", "/a/-", 2), {"a": [1, 2]}),
        ({"a": [1]}, op("add", "/a/1", 2), {"a": [1, 2]}),
        ({"a": [1]}, op("add", "/a/2", 2), UNKNOWN),
        ({"a": [1]}, op("add", "/a/999999999", 2), UNKNOWN),
        ({"a": [1]}, op("add", "/a/01", 2), UNKNOWN),
        ({"a": [1]}, op("add", "/a/length", 0), UNKNOWN),
        ({"a": "text"}, op("add", "/a/0", 2), UNKNOWN),
        ({"a": [1]}, op("add", "/b/c", 2), UNKNOWN),
        ({"a": 1}, op("add", "", [2]), [2]),
        ({"a": 1}, op("replace", "/a", {"b": 2**63}), {"a": {"b": 2**63}}),
        ({"a": 1}, op("replace", "/b", 2), UNKNOWN),
        ({"a": [1, 2]}, op("replace", "/a/-", 3), UNKNOWN),
        ({"a": 1}, op("replace", "/a"), UNKNOWN),
        ({"a": 1}, op("replace", "/", "all"), "all"),
        ({"a": 1, "b": 2}, op("remove", "/a"), {"b": 2}),
        ({"a": [1, 2, 3]}, op("remove", "/a/1"), {"a": [1, 3]}),
        ({"a": 1}, op("remove", "/b"), UNKNOWN),
        ({"a": 1}, op("remove", "", None), None),
        ({"a/b": {"~": 1}}, op("replace", "/a~1b/~0", 2), {"a/b": {"~": 2}}),
        ({"~1": 1}, op("replace", "/~01", 2), {"~1": 2}),
        ({"": {"": 1}}, op("replace", "//", 2), {"": {"": 2}}),
        ({"a~2": 1}, op("replace", "/a~2", 2), UNKNOWN),
        ({"a": 1}, op("replace", "a", 2), UNKNOWN),
        ({"a": 1}, op("replace", ["a"], 2), UNKNOWN),
        ({"a": 1}, op("replace", None, 2), UNKNOWN),
        ({"a": 1}, op("move", "/a", 2), UNKNOWN),
        ({}, op("add", "/__proto__", {"a": 1}), {"__proto__": {"a": 1}}),
        ({}, op("add", "/__proto__/polluted", 1), UNKNOWN),
        ({}, op("replace", "/constructor", 1), UNKNOWN),
        ({"a": []}, op("add", "/a/__proto__", 1), UNKNOWN),
    ],
)
def test_one_change(scripts: Page, document: Any, change: dict[str, Any], expected: Any) -> None:
    assert patched(scripts, (document, [change])) == [expected]
    assert scripts.evaluate("({}).polluted === undefined && [].length === 0")


@pytest.mark.parametrize("patch", [None, "text", {"op": "add"}, [None], [[]], ["add"], [{}]])
def test_what_is_no_patch(scripts: Page, patch: Any) -> None:
    assert patched(scripts, ({"a": 1}, patch)) == [UNKNOWN]


def test_changes_come_one_after_the_other(scripts: Page) -> None:
    first = [op("add", "/list", []), op("add", "/list/-", "a")]
    assert patched(scripts, ({}, first, [op("append", "/list/0", "b"), op("add", "/list/0", "c")])) == [
        {"list": ["c", "ab"]}
    ]


DEEP = json.loads("[" * 61 + "]" * 61)
"""As deep as a document may be."""


@pytest.mark.parametrize(
    ("document", "patches", "is_known"),
    [
        (DEEP, [], True),
        ([DEEP], [], False),
        ({"a": 1}, [[op("replace", "/a", DEEP[0])]], True),
        ({"a": 1}, [[op("add", "/b", DEEP)]], False),
        ({"a": {"b": 1}}, [[op("replace", "/a/b", DEEP[0])]], False),
        ({}, [[op("add", "/" + "a/" * 60, 1)]], False),
        ({"a": 1}, [[op("replace", "/a", 2)] * 1_000], True),
        ({"a": 1}, [[op("replace", "/a", 2)] * 1_001], False),
        ([], [[op("add", "/-", "x" * 15_000)]] * 66, True),
        ([], [[op("add", "/-", "x" * 15_000)]] * 67, False),
        # What is replaced or removed counts no more.
        ({"a": ""}, [[op("replace", "/a", "x" * 15_000)]] * 200, True),
        ({}, [[op("add", "/a", "x" * 15_000), op("remove", "/a")]] * 200, True),
    ],
)
def test_bounds(scripts: Page, document: Any, patches: list[Any], is_known: bool) -> None:
    (found,) = patched(scripts, (document, *patches))
    assert (found != UNKNOWN) is is_known


def test_of_a_text_that_grows_and_grows_the_end_is_kept(scripts: Page) -> None:
    found = scripts.evaluate("""async () => {
      const { PatchedDocument, MOST_TEXT } = await import("/static/js/json-patch.js");
      const made = new PatchedDocument({ text: "" });
      let all = "";
      for (let number = 0; all.length < 2000000; number += 1) {
        const value = `piece ${number} of a long text. `;
        all += value;
        made.apply([{ op: "append", path: "/text", value }]);
      }
      const { value: { text }, texts } = made;
      return {
        isTheEnd: all.endsWith(text), isAll: texts.get("/text") + text.length === all.length,
        isLong: text.length >= MOST_TEXT, isBounded: text.length <= 1.25 * MOST_TEXT && made.weight < 2 * MOST_TEXT,
      };
    }""")
    assert found == dict.fromkeys(found, True)
    assert len(found) == 4


class _Unknown(Exception):
    pass


def _keys(path: Any) -> list[str]:
    if path in ("", "/", []):
        return []
    if not isinstance(path, str) or not path.startswith("/"):
        raise _Unknown
    return [key.replace("~1", "/").replace("~0", "~") for key in path[1:].split("/")]


def _place(holder: Any, key: str, *, most: int | None = None) -> Any:
    """The key as an index into the holder."""
    if isinstance(holder, dict):
        if most is None and key not in holder:
            raise _Unknown
        return key
    if not isinstance(holder, list) or not key.isascii() or not key.isdigit() or str(int(key)) != key:
        raise _Unknown
    if int(key) > (len(holder) - 1 if most is None else most):
        raise _Unknown
    return int(key)


def _is_sealed(value: Any) -> bool:
    return isinstance(value, dict) and value.get("type") == SEALED["type"]


def _change(root: list[Any], change: dict[str, Any]) -> None:
    *way, last = ["0", *_keys(change["path"])]
    holder: Any = root
    for key in way:
        holder = holder[_place(holder, key)]
    value = change.get("value")
    match change["op"]:
        case "add" if not way or isinstance(holder, dict):
            holder[_place(holder, last, most=0)] = value
        case "add" if isinstance(holder, list):
            holder.insert(len(holder) if last == "-" else _place(holder, last, most=len(holder)), value)
        case "add":
            raise _Unknown
        case "replace":
            holder[_place(holder, last)] = value
        case "remove" if not way:
            root[0] = None
        case "remove":
            del holder[_place(holder, last)]
        case "append":
            place = _place(holder, last)
            if _is_sealed(holder[place]):
                return
            if _is_sealed(value):
                holder[place] = value
            elif isinstance(value, str) and isinstance(holder[place], str):
                holder[place] += value
            else:
                raise _Unknown


def model(document: Any, patch: list[dict[str, Any]]) -> Any:
    root = [copy.deepcopy(document)]
    try:
        for change in patch:
            _change(root, copy.deepcopy(change))
    except _Unknown:
        return UNKNOWN
    return root[0]


NAMES = ["text", "a/b", "~", "0", "__proto__", "constructor", "list"]
# JSON has no infinity.
FINITE = hostile.values(NAMES).filter(lambda value: "Infinity" not in json.dumps(value))
VALUES = FINITE | st.just(SEALED)


def _paths(value: Any, at: str = "") -> list[str]:
    found = [at]
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in parts:
        found += _paths(inner, f"{at}/{str(key).replace('~', '~0').replace('/', '~1')}")
    return found


@st.composite
def cases(draw: st.DrawFn) -> tuple[Any, list[dict[str, Any]]]:
    """A document, and changes of it most of which can be made."""
    document = draw(st.dictionaries(st.sampled_from(NAMES), FINITE, max_size=6) | VALUES)
    changes: list[dict[str, Any]] = []
    for _ in range(draw(st.integers(1, 5))):
        now = model(document, changes)
        path = draw(st.sampled_from(_paths(now)))
        path += draw(st.sampled_from(["", "", "", "/-", "/0", "/1", "/text", "/__proto__", "/ "]))
        kind = draw(st.sampled_from(["add", "replace", "remove", "append", "append"]))
        value = draw(hostile.TEXTS if kind == "append" and draw(st.booleans()) else VALUES)
        changes.append(op(kind, path, value))
    return document, changes


# Shrinking so many at once takes minutes; the difference can be read as it is.
@pytest.mark.slow
@settings(max_examples=40, phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(cases(), min_size=10, max_size=20))
def test_as_the_model_has_it(scripts: Page, given_cases: list[tuple[Any, list[dict[str, Any]]]]) -> None:
    assert patched(scripts, *given_cases) == [model(*case) for case in given_cases]
