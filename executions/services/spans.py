"""The spans of a trace in the order in which a waterfall shows them, from either of the API's two shapes.

The summary is a tree. The OpenTelemetry batches are a list, each span with its parent's id. Nothing here recurses:
traces nest deeper than Python's stack.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import Raw

from executions import ids
from executions.services import large, temporal, text
from executions.services.slices import in_slices
from executions.upstream.types import Span, TraceEvent

MAX_SPANS = 20_000
"""Of a longer trace the rest is left out, and the page says so."""
MAX_EVENTS = 1_000
"""Of a span."""
_LATEST = 2**63 - 1
"""Nanoseconds since 1970 that a time can have; what is beyond is no time."""
_CODES = ("status_code", "otel.status_code", "status.code")
_SAID = ("exception.message", "otel.status_description", "status_message", "error.message", "error.type")
"""Where a failed span says why."""
_CANCELED = re.compile(r"\w*Cancell?edError\b|(Activity|ChildWorkflow)Error: .*cancell?ed$", re.IGNORECASE)
"""What a worker throws of a cancellation, in a failed span's words."""
_ATTEMPTS = ("temporal.attempt", "temporal.activity.attempt", "temporalAttempt", "activity.attempt", "attempt")
Event = tuple[str, int | None, dict[str, Any]]


@dataclass(slots=True, eq=False)
class Node:
    """A span at its place in the waterfall. Times are nanoseconds since 1970."""

    id: str
    name: str
    start: int | None
    end: int | None
    """None while it runs."""
    parent: int
    """Its place; -1 for none."""
    depth: int
    payload: bytes
    """Attributes and events as JSON: `[{…}, [[name, time, {…}], …]]`. Decoded when they are shown."""
    failed: bool
    error: str
    note: str
    """What a row says besides the name: of a call to a model, which and how many tokens."""
    activity: str
    workflow: str
    """The id of the execution that it says it belongs to; empty where it does not."""
    run: str
    """Of that execution's run, the engine's id: the API's may be another."""
    attempt: int
    canceled: bool = False
    """Whether what it threw is that it was canceled, with its run: nothing that failed."""
    attempts: int = 0
    """How many there were of the same activity; 0 where nothing says that it was tried again."""
    is_moment: bool = False
    """Whether it came without a length of its own, and goes to the end of what is below it."""
    begin: int = 0
    until: int = 0
    """Where its bar begins and ends."""
    last: int = 0
    """The place of its last descendant."""
    own: int = 0
    """Nanoseconds in which nothing below it ran."""
    critical: int = -1
    """Nanoseconds in which the whole waited for this span itself; -1 if it never did."""


def nano(moment: int | None) -> int | None:
    """Nanoseconds since 1970; None for what is no time."""
    return moment if moment is not None and 0 < moment < _LATEST else None


def node(
    span_id: object, name: object, times: tuple[int | None, int | None], attributes: dict[str, Any], events: list[Event]
) -> Node:
    """A span on its own, from its start to its end; where it stands is for others to say."""
    failed, error = _failure(attributes, events)
    attempt = next((value for key in _ATTEMPTS if isinstance(value := attributes.get(key), int)), 0)
    return Node(
        id=text.clean(span_id, 64),
        name=text.clean(name or "—", 200),
        start=nano(times[0]),
        end=nano(times[1]),
        parent=-1,
        depth=0,
        payload=text.encode([attributes, events]) or b"[{},[]]",
        failed=failed,
        error=error,
        note=_note(attributes),
        activity=temporal.activity_id(attributes.get("temporalActivityID")),
        workflow=_id(attributes.get("temporalWorkflowID")),
        run=_id(attributes.get("temporalRunID")),
        attempt=attempt if 0 < attempt < 1_000_000 else 0,
    )


def _id(value: object) -> str:
    """As it is, since it is compared; thousands of spans have the same one. Empty for one that none can have."""
    return sys.intern(value) if isinstance(value, str) and len(value) <= ids.MAX_BYTES else ""


def _failure(attributes: dict[str, Any], events: list[Event]) -> tuple[bool, str]:
    codes = (attributes.get(key) for key in _CODES)
    status = next((code for code in codes if isinstance(code, str) and code), "")
    thrown = next((found for name, _, found in events if name == "exception"), None)
    if "ERROR" not in status.upper() and thrown is None:
        return False, ""
    places = [thrown or {}, attributes]
    said = next((said for one in places for key in _SAID if (said := text.one_line(one.get(key)))), "")
    kind = text.one_line((thrown or {}).get("exception.type"), 60).rpartition(".")[2]
    return True, f"{kind}: {said}" if kind and said and kind not in said else said or kind


def tell_canceled(nodes: list[Node]) -> None:
    """Of a run that was canceled: what says so is not what failed."""
    for node in nodes:
        if node.failed and _CANCELED.match(node.error):
            node.failed, node.canceled = False, True


def tokens(attributes: dict[str, Any], *names: str) -> int | None:
    """How many tokens a model's usage names, under any of these names."""
    found = (attributes.get(f"gen_ai.usage.{name}") for name in names)
    return next((count for count in found if isinstance(count, int) and not isinstance(count, bool)), None)


def _note(attributes: dict[str, Any]) -> str:
    model = text.label(attributes.get("gen_ai.request.model") or attributes.get("gen_ai.response.model"), 60)
    taken = tokens(attributes, "input_tokens", "prompt_tokens")
    given = tokens(attributes, "output_tokens", "completion_tokens")
    counts = " → ".join("?" if count is None else f"{count:,}"[:20] for count in (taken, given))
    return " · ".join(filter(None, [model, "" if taken is given is None else f"{counts} tokens"]))


def of_tree(root: Span) -> list[Node]:
    """Depth first, in order of start."""
    return list(in_slices(_walk(root)))


def _walk(root: Span) -> Iterator[Node]:
    stack = [(root, -1, 0)]
    for place in range(MAX_SPANS):
        if not stack:
            return
        span, parent, depth = stack.pop()
        times = (span.start_time_unix_nano, span.end_time_unix_nano)
        made = node(span.span_id, span.name, times, large.members(span.attributes), _events(span.events))
        made.parent, made.depth = parent, depth
        yield made
        children = sorted(span.children or (), key=lambda child: child.start_time_unix_nano or 0)
        stack.extend((child, place, depth + 1) for child in reversed(children))


def _events(raw: Raw) -> list[Event]:
    """The first of them, as many as go into a row's payload."""
    found: list[Event] = []
    room = large.LIMIT
    for one in large.values(raw)[:MAX_EVENTS]:
        try:
            event = msgspec.json.decode(one, type=TraceEvent, strict=False)
        except large.UNREADABLE:
            event = TraceEvent(name="unreadable", attributes=one)
        room -= min(large.size(one), large.LIMIT)
        if found and room < 0:
            break
        found.append((text.clean(event.name or "—", 200), event.timestamp_unix_nano, large.members(event.attributes)))
    return found


def of_list(listed: list[tuple[str, Node]]) -> list[Node]:
    """Spans that name their parents, each with its parent's id: depth first, in order of start.

    Those whose parent is not there stand at the top, and so does one of each ring of spans.
    """
    listed = sorted(listed[:MAX_SPANS], key=lambda one: one[1].start or 0)
    known = {one.id for _, one in listed}
    below: dict[str, list[Node]] = {}
    tops = []
    for parent, one in listed:
        if parent in known and parent != one.id:
            below.setdefault(parent, []).append(one)
        else:
            tops.append(one)
    found: list[Node] = []
    for top in [*tops, *(one for _, one in listed)]:
        stack = [(top, -1, 0)] if top.last == 0 else []
        while stack:
            one, place, depth = stack.pop()
            if one.last:
                continue
            # A mark of having been here, until it is known where its descendants end.
            one.parent, one.depth, one.last = place, depth, -1
            found.append(one)
            stack.extend((child, len(found) - 1, depth + 1) for child in reversed(below.pop(one.id, [])))
    return found
