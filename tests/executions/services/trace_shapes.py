"""Traces for tests: spans by a word and a time, in the API's two shapes, and one as large as a page has to bear."""

from typing import Any

import msgspec

from executions.services import traces
from executions.upstream.types import TraceSummary

START = 1_769_868_300_000_000_000
SECOND = 1_000_000_000


def span(name: str, start: float | None, end: float | None, *children: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A span of the summary's tree, from and to so many seconds after the start."""
    return {
        "span_id": f"id-{name}",
        "name": name,
        "start_time_unix_nano": None if start is None else START + int(start * SECOND),
        "end_time_unix_nano": None if end is None else START + int(end * SECOND),
        "children": list(children),
        **more,
    }


def failed(message: str = "it broke", kind: str = "ValueError", **more: Any) -> dict[str, Any]:
    """What a failed span has besides: `span("a", 0, 1, **failed())`."""
    attributes = {"exception.type": kind, "exception.message": message, "exception.stacktrace": f"Traceback\n{kind}"}
    event = {"name": "exception", "timestamp_unix_nano": START + SECOND, "attributes": attributes}
    return {"attributes": {"status_code": "ERROR", **more}, "events": [event]}


def summary(tree: dict[str, Any] | None, **more: Any) -> TraceSummary:
    content = msgspec.json.encode({"execution_id": "e", "span_tree": tree, **more})
    return msgspec.json.decode(content, type=TraceSummary, strict=False)


def trace(tree: dict[str, Any], now: int | None = None, **more: Any) -> traces.Trace:
    found = traces.of_summary(summary(tree, **more), now)
    assert found
    return found


def large(count: int = 10_000, levels: int = 200) -> dict[str, Any]:
    """A tree of so many spans: a chain of so many levels, then activities, some with attempts, some of a model."""
    made = 0

    def one(name: str, start: float, end: float, **more: Any) -> dict[str, Any]:
        nonlocal made
        made += 1
        attributes = {"temporalWorkflowID": "inv-1", "text": "x" * 400, "number": made}
        found = span(name, start, end, **{"attributes": attributes, "events": [], **more})
        return found | {"span_id": f"{made:016x}"}

    root = inner = one("invoice-pipeline", 0, 3_600)
    for level in range(levels - 1):
        inner["children"].append(one(f"level_{level}", level / 10, 3_600 - level / 10))
        inner = inner["children"][0]
    while made < count:
        at = 3_500 * made / count
        if made + 3 > count:
            root["children"].append(one("last", at, at + 1))
        elif made % 50 < 2:
            attempts = [one("RunActivity:book", at, at + 1, **failed("no answer in 30 s", "TimeoutError"))]
            attempts.append(one("RunActivity:book", at + 2, at + 3))
            root["children"].append(one("StartActivity:book", at, at) | {"children": attempts})
        else:
            usage = {"gen_ai.request.model": "mistral-large-latest", "gen_ai.usage.input_tokens": made}
            model = one("chat mistral-large-latest", at, at + 2, attributes=usage)
            root["children"].append(one("StartActivity:extract", at, at) | {"children": [model]})
    return root
