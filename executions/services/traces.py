"""An execution's trace, whole: its spans arranged, and what a page asks of all of them."""

import hashlib
from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

import msgspec

from executions.services import otlp, spans, text, trace_tree
from executions.upstream.types import Execution, TraceOtel, TraceSummary

VISIBLE = 0.01
"""The share of a trace's time that can be told from nothing."""


@dataclass(eq=False)
class Trace:
    nodes: list[spans.Node]
    first: int
    last: int
    """Nanoseconds since 1970."""
    source: str
    """`summary` or `otel`: which of the API's answers it comes from."""
    places: dict[str, int] = field(default_factory=dict)
    """By id. Of spans with the same id the first."""
    ended: int | None = None
    """When the execution did, or the run whose part it is; None while it runs."""

    def __post_init__(self) -> None:
        for place, node in enumerate(self.nodes):
            self.places.setdefault(node.id, place)

    @cached_property
    def version(self) -> str:
        """Another one where any span is different. That time goes by for those that run makes no other."""
        digest = hashlib.sha256(f"{self.source} {self.first} {self.ended}".encode())
        for node in self.nodes:
            said = f"{node.id} {node.depth} {node.start} {node.end} {node.name} {node.canceled}"
            digest.update(said.encode(errors="replace"))
            digest.update(node.payload)
        return digest.hexdigest()[:20]

    @cached_property
    def size(self) -> int:
        """What it takes to keep, nearly; with the parts of it that are of one run each (see `run_spans`)."""
        return sum(1_500 + len(node.payload) for node in self.nodes)

    @property
    def is_cut(self) -> bool:
        return len(self.nodes) >= spans.MAX_SPANS

    @property
    def total(self) -> int:
        return len(self.nodes)

    @property
    def milliseconds(self) -> float:
        return (self.last - self.first) / 1e6

    @property
    def tail(self) -> int | None:
        """When the run ended, where spans go on after that for so long that it can be seen."""
        if self.ended and self.first < self.ended < self.last - (self.last - self.first) * VISIBLE:
            return self.ended
        return None

    @property
    def started(self) -> datetime | None:
        return text.parse_time(self.first) if self.first else None

    @cached_property
    def failed(self) -> list[int]:
        return [place for place, node in enumerate(self.nodes) if node.failed]

    def failed_inside(self, place: int) -> int:
        """How many of a span's descendants failed."""
        return bisect_right(self.failed, self.nodes[place].last) - bisect_right(self.failed, place)

    @cached_property
    def levels(self) -> int:
        return max((node.depth for node in self.nodes), default=-1) + 1

    @cached_property
    def columns(self) -> bytes:
        """All spans as JSON, a list for each thing they have: a browser reads that soonest and keeps it in least.

        Times count microseconds from the first. `flags`: see `flags`.
        """
        names = {name: number for number, name in enumerate(dict.fromkeys(node.name for node in self.nodes))}
        return msgspec.json.encode(
            {
                "version": self.version,
                "first": self.first / 1e6,
                "length": max((self.last - self.first) // 1_000, 1),
                "ended": (self.tail - self.first) // 1_000 if self.tail else None,
                "names": list(names),
                "name": [names[node.name] for node in self.nodes],
                "id": [node.id for node in self.nodes],
                "parent": [node.parent for node in self.nodes],
                "begin": [(node.begin - self.first) // 1_000 for node in self.nodes],
                "took": [(node.until - node.begin) // 1_000 for node in self.nodes],
                "own": [node.own // 1_000 for node in self.nodes],
                "flags": [flags(node) for node in self.nodes],
                "said": {place: said(node) for place, node in enumerate(self.nodes) if said(node)},
            }
        )

    def found(self, query: str) -> list[int]:
        """The places of the spans that have the text in their names, ids, attributes or events."""
        wanted = query.casefold()
        # In JSON it stands with its escapes.
        escaped = text.encode(wanted)[1:-1].decode(errors="replace")
        return [
            place
            for place, node in enumerate(self.nodes)
            if wanted in node.name.casefold()
            or wanted in node.id
            or (escaped and escaped in node.payload.decode(errors="replace").casefold())
        ]

    def below(self, place: int) -> set[str]:
        """The ids of a span and of all its descendants."""
        return {node.id for node in self.nodes[place : self.nodes[place].last + 1]}


FAILED, CRITICAL, RUNNING, MODEL = 1, 2, 4, 8


def flags(node: spans.Node) -> int:
    """Bits: failed, waited for, runs, a call to a model."""
    return (
        FAILED * node.failed + CRITICAL * (node.critical >= 0) + RUNNING * (node.end is None) + MODEL * bool(node.note)
    )


def said(node: spans.Node) -> str:
    """What a row says after the span's name."""
    # Not “of 4”: how many were made is not how many it may have, which no span says.
    attempt = f"attempt {node.attempt}" if node.attempts or node.attempt > 1 else ""
    word = "failed" if node.failed else "canceled" if node.canceled else ""
    return " · ".join(filter(None, [attempt, f"{word}: {node.error}" if word and node.error else word, node.note]))


def of_summary(summary: TraceSummary, now: int | None = None) -> Trace | None:
    """None where the API's summary has no spans. `now`, in nanoseconds, is how far spans that run have come."""
    if summary.span_tree is None:
        return None
    return _made(spans.of_tree(summary.span_tree), summary, "summary", now)


def of_otel(answer: TraceOtel, now: int | None = None) -> Trace | None:
    """The same of the OpenTelemetry batches; None where they have no spans."""
    found = otlp.nodes(answer.otel_trace_data)
    return _made(found, answer, "otel", now) if found else None


def _made(nodes: list[spans.Node], execution: Execution, source: str, now: int | None) -> Trace:
    if execution.status == "CANCELED":
        spans.tell_canceled(nodes)
    ended = text.parse_time(execution.end_time)
    end = spans.nano(int(ended.timestamp() * 1e9)) if ended else None
    so_far = now if any(node.end is None and node.start for node in nodes) else None
    first, last = trace_tree.arrange(nodes, end or so_far)
    return Trace(nodes, first, last, source, ended=end)
