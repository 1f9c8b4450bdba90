"""One span, all that is known of it: for the pane beside the waterfall."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from executions.services import model_calls, stacks, text
from executions.services.spans import Event, Node
from executions.services.traces import Trace
from executions.services.waterfall import length

MOST_EVENTS, MOST_ATTRIBUTES = 200, 300
STACK_LIMIT = 50_000
VALUE_LIMIT = 5_000
_LONG = 120
"""Characters of a value that stands on a line of its own."""
_EXCEPTION = ("exception.type", "exception.message", "exception.stacktrace", "exception.escaped")


@dataclass(frozen=True, slots=True)
class Thrown:
    kind: str
    message: str
    stack: str
    frames: list[stacks.Part]
    """Its stack trace with the calls inside libraries apart; empty where nothing is folded."""
    time: datetime | None
    rest: str


@dataclass(frozen=True, slots=True)
class Happened:
    name: str
    time: datetime | None
    after: str
    """How long after the span's start."""
    json: str


@dataclass(frozen=True, slots=True)
class SpanPage:
    node: Node
    place: int
    start: datetime | None
    end: datetime | None
    took: str
    own: str
    after: str
    """How long after the trace's start it began."""
    critical: str
    """How much of the critical path is its own; empty if it is not on it."""
    attempt: str
    below: int
    """How many descendants it has."""
    parents: list[Node]
    """From the top."""
    model: model_calls.ModelCall | None
    thrown: list[Thrown]
    events: list[Happened]
    attributes: list[tuple[str, str, bool]]
    """Name, value, and whether the value takes lines of its own."""
    left_out: int
    """Attributes and events that are not shown."""


def span_page(trace: Trace, place: int) -> SpanPage:
    node = trace.nodes[place]
    attributes, events = _payload(node)
    model = model_calls.model_call(attributes, events)
    plain = [item for item in attributes.items() if not (model and item[0].startswith("gen_ai."))]
    # A model's own names last: what they say stands above already.
    plain += [item for item in attributes.items() if model and item[0].startswith("gen_ai.")]
    others = [event for event in events if event[0] != "exception"]
    return SpanPage(
        node=node,
        place=place,
        start=text.parse_time(node.start),
        end=text.parse_time(node.end),
        took="" if node.end is None else length(node.until - node.begin),
        own=length(node.own),
        after=length(node.begin - trace.first),
        critical=length(node.critical) if node.critical >= 0 else "",
        attempt=str(node.attempt) if node.attempt else "",
        below=node.last - place,
        parents=_parents(trace, node),
        model=model,
        thrown=[_thrown(event) for event in events if event[0] == "exception"][:MOST_EVENTS],
        events=[_happened(event, node) for event in others[:MOST_EVENTS]],
        attributes=[_attribute(*item) for item in plain[:MOST_ATTRIBUTES]],
        left_out=max(len(others) - MOST_EVENTS, 0) + max(len(plain) - MOST_ATTRIBUTES, 0),
    )


def _payload(node: Node) -> tuple[dict[str, Any], list[Event]]:
    attributes, events = text.decode(node.payload)
    return attributes, [(name, moment, found) for name, moment, found in events]


def _parents(trace: Trace, node: Node) -> list[Node]:
    found = []
    while node.parent >= 0:
        node = trace.nodes[node.parent]
        found.append(node)
    return found[::-1]


def _thrown(event: Event) -> Thrown:
    _, moment, found = event
    kind, message, stack = (found.get(key) for key in _EXCEPTION[:3])
    rest = {key: value for key, value in found.items() if key not in _EXCEPTION}
    shown = text.clean(stack, STACK_LIMIT) if isinstance(stack, str) else ""
    return Thrown(
        kind=text.one_line(kind, 200) or "exception",
        message=text.clean(message, VALUE_LIMIT) if message is not None else "",
        stack=shown,
        frames=stacks.parts(shown),
        time=text.parse_time(moment),
        rest=text.pretty(rest, VALUE_LIMIT) if rest else "",
    )


def _happened(event: Event, node: Node) -> Happened:
    name, moment, found = event
    after = length(moment - node.begin) if moment and node.begin and moment >= node.begin else ""
    return Happened(
        text.clean(name, 200), text.parse_time(moment), after, text.pretty(found, VALUE_LIMIT) if found else ""
    )


def _attribute(name: str, value: Any) -> tuple[str, str, bool]:
    if isinstance(value, str):
        shown = text.clean(value, VALUE_LIMIT)
    else:
        shown = text.pretty(value, VALUE_LIMIT)
        if len(one := text.one_line(value, _LONG + 1)) <= _LONG:
            shown = one or "null"
    return text.clean(name, 200), shown, len(shown) > _LONG or "\n" in shown
