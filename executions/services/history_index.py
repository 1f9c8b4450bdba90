"""A run's history, fetched and worked through once, for all who look at it.

The API gives a history only whole, up to 51,200 events or 50 MB. A run that is over has the same one for good; that of
one that runs is taken for a second. Both are kept within the bounds of `reads`.
"""

import threading
from collections import Counter
from functools import cached_property

from executions.services import api, history, reads, steps
from executions.services.history import EventRow
from executions.services.history_search import Haystack
from executions.services.runs import Run
from executions.services.slices import in_slices
from executions.services.steps import Step
from executions.upstream.types import History

FOR_GOOD = 1e9
SEARCHES_KEPT, FOUND_KEPT = 20, 100_000
"""Searches that are remembered, and how many events all of them together may have found."""
EVENT_SIZE, FOUND_SIZE = 600, 80
"""Bytes that a row and what points at it take, nearly; and an event that was found."""
_HIDDEN = "task"


class Index:
    """A history as rows, as steps, and as text to search. `events` is None where its shape is not Temporal's."""

    def __init__(self, found: History) -> None:
        self.raw = found.raw
        names: dict[int, str] = {}
        raws = found.events
        self.events = None if raws is None else [history.event_row(raw, names) for raw in in_slices(raws)]
        _tell_apart(self.events or [])
        self.steps = steps.steps(in_slices(self.events or []))
        for event in in_slices(self.events or []):
            event.time  # noqa: B018  (worked out now, and not while somebody waits for a page)
        self._lock, self._reading = threading.Lock(), threading.Lock()
        self._searches: dict[str, set[int]] = {}
        self._text: Haystack | None = None
        self._words: dict[str, list[int]] | None = None

    @property
    def size(self) -> int:
        """Bytes that it takes, nearly, with the text for a search and all the searches that it may remember."""
        count = len(self.events or ())
        return 2 * len(self.raw) + EVENT_SIZE * count + FOUND_SIZE * min(SEARCHES_KEPT * count, FOUND_KEPT)

    @cached_property
    def compact(self) -> list[Step | EventRow]:
        """What happened: each activity, timer, child, signal or update once, and what is none of these.

        Workflow tasks are left out where nothing was wrong with them.
        """
        opened = {step.id: step for step in self.steps}
        found: list[Step | EventRow] = []
        for event in self.events or ():
            if event.id in opened:
                found.append(opened[event.id])
            elif event.id not in self.step_of and (event.category != _HIDDEN or event.failed):
                found.append(event)
        return found

    @cached_property
    def step_of(self) -> dict[int, Step]:
        """By the ids of all its events."""
        return {event.id: step for step in self.steps for event in step.events}

    @cached_property
    def _compact_ids(self) -> frozenset[int]:
        return frozenset(row.id for row in self.compact)

    def is_hidden(self, event_id: int) -> bool:
        """Whether the steps leave this event out."""
        known = any(event.id == event_id for event in self.events or ())
        return known and event_id not in self.step_of and event_id not in self._compact_ids

    def rows(self, *, compact: bool) -> list[Step | EventRow]:
        """Steps, and what is in none; or all events."""
        return self.compact if compact else [*(self.events or ())]

    def counts(self, *, compact: bool) -> Counter[str]:
        """How many rows there are of each category."""
        return self._counts_of_steps if compact else self._counts_of_events

    def failed(self, *, compact: bool) -> list[int]:
        """Ids of the rows that failed, in order."""
        return self._failed_steps if compact else self._failed_events

    # Asked for with every page, and the same for each.
    @cached_property
    def _counts_of_steps(self) -> Counter[str]:
        return Counter(row.category for row in self.compact)

    @cached_property
    def _counts_of_events(self) -> Counter[str]:
        return Counter(row.category for row in self.events or ())

    @cached_property
    def _failed_steps(self) -> list[int]:
        return [row.id for row in self.compact if row.failed]

    @cached_property
    def _failed_events(self) -> list[int]:
        return [row.id for row in self.events or () if row.failed]

    @cached_property
    def pending(self) -> list[int]:
        """Of what has begun and not ended, in order."""
        return [step.id for step in self.steps if step.is_pending]

    @cached_property
    def open_activities(self) -> list[Step]:
        """Those that have not ended, in order."""
        return [step for step in self.steps if step.kind == "activity" and step.closed is None]

    def find(self, query: str) -> set[int]:
        """The ids of the events with this text in their names, payloads or failures, in any case."""
        with self._lock:
            if query in self._searches:
                return self._searches[query]
        # Nobody waits for another's search.
        found = self._find(query)
        with self._lock:
            self._searches[query] = found
            while len(self._searches) > SEARCHES_KEPT or self._remembered > FOUND_KEPT:
                del self._searches[next(iter(self._searches))]
        return found

    def find_steps(self, query: str) -> set[int]:
        """The ids of the steps whose rows say it in words that no event has: a timer's title, what came of a step."""
        wanted = query.casefold()
        return {step_id for words, ids in self._said_of_steps.items() if wanted in words for step_id in ids}

    @property
    def _remembered(self) -> int:
        return sum(map(len, self._searches.values()))

    def _find(self, query: str) -> set[int]:
        events, wanted = self.events or [], query.casefold()
        words = {word for one in events for word in (one.kind, one.name)}
        words = {word for word in words if wanted in word.casefold()}
        named = {one.id for one in events if one.name in words or one.kind in words or wanted == str(one.id)}
        named |= {one.id for one in events if one.category == "timer" and wanted in f"timer {one.name}".casefold()}
        return named | {events[number].id for number in self._haystack.find(query)}

    @property
    def _haystack(self) -> Haystack:
        # Read once, and whoever searches meanwhile waits for it: it is most of the first search's work.
        with self._reading:
            if self._text is None:
                self._text = Haystack(event.raw for event in self.events or ())
            return self._text

    @property
    def _said_of_steps(self) -> dict[str, list[int]]:
        """The ids of steps by what their rows say, as it is compared."""
        with self._reading:
            if self._words is None:
                words: dict[str, list[int]] = {}
                for step in in_slices(self.steps):
                    for said in (step.outcome, step.title) if step.kind == "timer" else (step.outcome,):
                        words.setdefault(said.casefold(), []).append(step.id)
                self._words = words
            return self._words


def _tell_apart(events: list[EventRow]) -> None:
    """Events without an id, or with one that was there before, get one that is no event's: by their place, negative."""
    seen: set[int] = set()
    for place, event in enumerate(events):
        if not event.id or event.id in seen:
            event.id = -place - 1
        seen.add(event.id)


def fetch(run: Run, *, decode_payloads: bool = True) -> History:
    """The history of the run shown; of the latest where the API does not name runs. Raises UpstreamError."""
    if run.run_id:
        return api.client().get_run_history(run.run_id, decode_payloads=decode_payloads)
    return api.client().get_workflow_execution_history(run.execution_id, decode_payloads=decode_payloads)


def of(run: Run) -> Index:
    """The run's history. Raises UpstreamError."""
    age = FOR_GOOD if run.status.over and run.run_id else reads.AGE
    return reads.history(run.shown, lambda: Index(fetch(run)), age=age)
