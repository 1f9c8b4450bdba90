"""What evidence of an execution is made of: each part read as it is needed, and noted how far it goes."""

import itertools
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from executions.services import audit, text
from executions.services.audit import Entry
from executions.upstream import errors
from executions.upstream.received import Received, Receiver

PIECE = 1 << 20
"""Bytes that are packed at a time."""
LOG_LINES, LOG_PAGE = 10_000, 100
EVENTS, EVENT_PAGE = 20_000, 1_000
LINES_BYTES = 64 << 20
"""Of log lines, and of events; what comes after is left out."""
IN_MEMORY = 1 << 20
ACTIONS, ACTION_PAGE = 5_000, 50
"""The newest, and how many of them are in memory: what was sent may be large."""
_NO_PAGE = errors.BrokenAnswer("The Workflows API’s answer is not a page in its documented shape.")


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose evidence it is, and until when it may be collected (by the monotonic clock)."""

    receiver: Receiver
    execution_id: str
    run_id: str
    """Empty for the latest run, where the API does not name runs."""
    deadline: float

    @property
    def is_late(self) -> bool:
        return time.monotonic() > self.deadline


@dataclass(slots=True)
class Note:
    """What the manifest says of a part's content."""

    sources: list[str] = field(default_factory=list)
    """The addresses that it was read from; of many pages the first, and how many there were."""
    complete: bool = False
    detail: str = ""
    problem: str = ""
    count: int | None = None
    first: str = ""
    last: str = ""

    def came(self, answer: Received) -> None:
        self.sources.append(f"GET {answer.address}")


@dataclass(frozen=True, slots=True)
class Part:
    name: str
    operation: str
    """Whose right it takes to have it."""
    of: str
    """run: of this run alone; execution: of all its runs."""
    about: str
    read: Callable[[Subject, Note], Iterator[bytes]]
    is_one: bool = False
    """One answer of the API, whole: it may be a history of 50 MB."""


def pieces(content: bytes) -> Iterator[bytes]:
    yield from (content[start : start + PIECE] for start in range(0, len(content), PIECE))


def _whole(call: Callable[[Subject], Received]) -> Callable[[Subject, Note], Iterator[bytes]]:
    """One answer, as it came."""

    def read(subject: Subject, note: Note) -> Iterator[bytes]:
        answer = call(subject)
        note.came(answer)
        note.complete = True
        yield from pieces(answer.content)

    return read


class _Page(msgspec.Struct):
    items: list[msgspec.Raw]
    next_cursor: str | None = None


class _LogPage(_Page):
    items: list[msgspec.Raw] = msgspec.field(name="results")


class _EventPage(_Page):
    items: list[msgspec.Raw] = msgspec.field(name="events")


def _logs(subject: Subject, note: Note) -> Iterator[bytes]:
    """The newest come first from the API, so that a bound leaves out the oldest; the file has them in their order."""

    def call(cursor: str) -> Received:
        receiver = subject.receiver
        return receiver.logs(subject.execution_id, subject.run_id, cursor=cursor, limit=LOG_PAGE, order="desc")

    yield from _lines(_pages(subject, note, call, _LogPage, LOG_LINES), note, "timestamp", newest_first=True)


def _events(subject: Subject, note: Note) -> Iterator[bytes]:
    def call(cursor: str) -> Received:
        return subject.receiver.events(subject.execution_id, cursor=cursor, limit=EVENT_PAGE)

    yield from _lines(_pages(subject, note, call, _EventPage, EVENTS), note, "event_timestamp", newest_first=False)


def _pages(
    subject: Subject, note: Note, call: Callable[[str], Received], shape: type[_Page], most: int
) -> Iterator[list[bytes]]:
    """Pages of records, one line each, until all have come, or a bound is reached; the note says which."""
    cursor, count, size, seen = "", 0, 0, {""}
    for number in itertools.count(1):
        answer = call(cursor)
        if number == 1:
            note.came(answer)
        page = _decoded(answer.content, shape)
        lines = [msgspec.json.format(bytes(item), indent=-1) for item in page.items]
        count, size = count + len(lines), size + sum(map(len, lines))
        yield lines
        cursor = page.next_cursor or ""
        if cursor in seen:
            note.complete = not cursor
            note.detail = "The API gave the same page again." if cursor else ""
            return
        seen.add(cursor)
        if count >= most or size >= LINES_BYTES or subject.is_late:
            bound = f"{most:,} lines or {LINES_BYTES >> 20} MB hold"
            note.detail = f"There are more: this is what {'came in time' if subject.is_late else bound}."
            return


def _decoded(content: bytes, shape: type[_Page]) -> _Page:
    try:
        return msgspec.json.decode(content, type=shape)
    except (ValueError, RecursionError):
        raise _NO_PAGE from None


def _lines(pages: Iterable[list[bytes]], note: Note, timestamp: str, *, newest_first: bool) -> Iterator[bytes]:
    """The lines, oldest first. Where a later page fails, those before it are kept, and the note says so."""
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as kept:
        places: list[tuple[int, int]] = []
        try:
            for page in pages:
                for line in page:
                    places.append((kept.tell(), kept.write(line + b"\n")))
        except errors.UpstreamError as error:
            if not places:
                raise
            note.problem = str(error)
        note.count = len(places)
        for place, (start, size) in enumerate(reversed(places) if newest_first else places):
            kept.seek(start)
            line = kept.read(size)
            if place == 0:
                note.first = _moment(line, timestamp)
            if place == len(places) - 1:
                note.last = _moment(line, timestamp)
            yield line


def _moment(line: bytes, name: str) -> str:
    record = text.decode(line) if len(line) < text.RAW_LIMIT else None
    moment = text.parse_time(record.get(name)) if isinstance(record, dict) else None
    return moment.isoformat() if moment else ""


def _actions(subject: Subject, note: Note) -> Iterator[bytes]:
    its = audit.of_execution(subject.execution_id)
    ids = list(its.values_list("id", flat=True)[: ACTIONS + 1])
    note.sources.append("the console’s own audit")
    note.complete = len(ids) <= ACTIONS
    note.detail = "" if note.complete else f"There are more: these are the newest {ACTIONS:,}."
    ids, note.count = ids[:ACTIONS][::-1], min(len(ids), ACTIONS)
    yield b"["
    for start in range(0, len(ids), ACTION_PAGE):
        page = its.filter(id__in=ids[start : start + ACTION_PAGE]).order_by("at", "id")
        for place, entry in enumerate(audit.entries(page)):
            yield (b",\n" if start or place else b"\n") + msgspec.json.encode(_action(entry))
    yield b"\n]\n"


def _action(entry: Entry) -> dict[str, Any]:
    action, outcome = entry.action, entry.outcome
    names = ("id", "at", "username", "operation", "name", "execution_id", "run_id", "reason", "input", "detail")
    found = {name: getattr(action, name) for name in names}
    found |= {"body_sha256": action.body_digest, "batch_id": action.batch_id, "asked_again": entry.repeats}
    said = {name: getattr(outcome, name) for name in ("at", "code", "message", "answer")} if outcome else {}
    return found | {"outcome": {"result": entry.result} | said}


PARTS = (
    Part("execution.json", "get", "run", "The execution in this run, as the API gave it.",
         _whole(lambda it: it.receiver.execution(it.execution_id, it.run_id)), is_one=True),
    Part("history.json", "history", "run",
         "The run’s history, payloads encoded as they are kept: what Temporal’s replayer takes.",
         _whole(lambda it: it.receiver.history(it.execution_id, it.run_id)), is_one=True),
    Part("history-decoded.json", "history", "run", "The same history, its payloads decoded by the API, to be read.",
         _whole(lambda it: it.receiver.history(it.execution_id, it.run_id, decode_payloads=True)), is_one=True),
    Part("trace-otel.json", "trace-otel", "execution", "The trace as OpenTelemetry batches.",
         _whole(lambda it: it.receiver.trace(it.execution_id, "otel")), is_one=True),
    Part("trace-summary.json", "trace-summary", "execution", "The trace as a tree of spans.",
         _whole(lambda it: it.receiver.trace(it.execution_id, "summary")), is_one=True),
    Part("trace-events.json", "trace-events", "execution", "The trace’s events, the internal ones too.",
         _whole(lambda it: it.receiver.trace(it.execution_id, "events")), is_one=True),
    Part("logs.jsonl", "logs", "run", "The run’s log records, one a line, the oldest first.", _logs),
    Part("events.jsonl", "event-stream", "execution",
         "The events that the workflow announced, one a line, from the first on.", _events),
    Part("actions.json", "get", "execution",
         "What operators did to it with this console: who, when, why, what was sent, and what came of it.", _actions),
)  # fmt: skip
