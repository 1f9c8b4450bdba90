"""Attempts of activities that have not ended, as the worker announces them in the event stream.

A history says nothing of an activity between its schedule and its end. The stream does, but is long and can only be
read from its first event on. So what was read is kept for an execution in few figures, and the next look goes on there.
"""

import contextlib
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec

from executions.services import api, temporal, text
from executions.services.shared import Shared
from executions.upstream import errors
from executions.upstream.types import EventPage, WorkflowEvent

PAGE_SIZE = 500
PAGES = 4
"""That one look reads at most: it goes on at the next."""
FRESH_SECONDS = 1.0
"""The stream is not asked again so soon after it was read to its end."""
EXECUTIONS = 200
TASKS = 2_000
"""Kept of each execution; the oldest go first."""
LOCK_SECONDS = 5.0
SLACK = timedelta(seconds=5)
"""By which a worker's clock may be behind the engine's."""
GIVEN_UP = 3
"""Failures in a row after which a cursor is taken for the reason."""
ANEW_SECONDS = 60.0
"""The stream is not read from its start again so soon after the last time: a cursor may be refused each time."""
SOON_SECONDS = 1.0
"""That a page waits for a look, where it can do without."""
_ABOUT_US = (errors.Unauthorised, errors.RateLimited)
_ENDS = ("ACTIVITY_TASK_COMPLETED", "ACTIVITY_TASK_CANCELED")


@dataclass(slots=True)
class Attempt:
    """What is announced of an activity that has not ended."""

    name: str
    run_id: str
    began: datetime | None
    failures: int = 0
    failing_since: datetime | None = None
    error: str = ""


@dataclass(slots=True)
class Announced:
    """What the stream told of an execution, as far as it was read."""

    tasks: "OrderedDict[tuple[str, str], Attempt]" = field(default_factory=OrderedDict)
    """By run and activity id."""
    seen: int = 0
    complete: bool = False
    """Whether it was read to its end."""
    _cursor: str | None = None
    _passed: set[int] = field(default_factory=set)
    """The cursors before it, in few bytes."""
    _fails: int = 0
    """How often in a row the page at the cursor could not be read."""
    _done: int = 0
    """Events of the page at the cursor that were looked at."""
    _changes: int = 0
    """How often a task came or went: counted after it did, or a look in between would pass for one after."""
    _by_activity: tuple[int, dict[str, list[Attempt]]] = (-1, {})
    _at: float = 0.0
    _anew_after: float = 0.0
    """When it may be read from its start again."""
    _rests_until: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def attempt(
        self, activity_id: str, name: str, scheduled: datetime | None, run_ids: frozenset[str]
    ) -> Attempt | None:
        """What is announced of the activity, by its run where the stream names that, else by its time."""
        for run_id in run_ids:
            if (known := self.tasks.get((run_id, activity_id))) and known.name in {"", name}:
                return known
        found = [one for one in self._of_activity(activity_id) if one.name in ("", name)]
        since = text.moved(scheduled, -SLACK) if scheduled else None
        return next((one for one in reversed(found) if since and one.began and one.began >= since), None)

    def _of_activity(self, activity_id: str) -> list[Attempt]:
        """Of all runs, in their order. Put together once, since a page may ask for thousands."""
        changes, known = self._changes, self._by_activity
        if known[0] != changes:
            by_activity: dict[str, list[Attempt]] = {}
            for (_, task), one in list(self.tasks.items()):
                by_activity.setdefault(task, []).append(one)
            known = self._by_activity = (changes, by_activity)
        return known[1].get(activity_id, [])

    def failing(self) -> set[str]:
        """The names of the activities that are announced as failing."""
        return {one.name for one in list(self.tasks.values()) if one.failures}

    def read(self, execution_id: str) -> None:
        """Go on reading, for some pages. Raises UpstreamError."""
        now = time.monotonic()
        if now < self._rests_until or (self.complete and now < self._at + FRESH_SECONDS):
            return
        # Who comes second takes what is there, rather than a thread for itself.
        if not self._lock.acquire(timeout=LOCK_SECONDS):
            return
        try:
            for _ in range(PAGES):
                if self._page(execution_id):
                    return
        finally:
            self._at = time.monotonic()
            self._lock.release()

    def _page(self, execution_id: str) -> bool:
        """Read the page at the cursor. Whether that is all for now."""
        page = self._asked(execution_id)
        if page is None:
            return True
        for event in page.events[self._done :]:
            self._add(event)
        self.seen += max(len(page.events) - self._done, 0)
        self._passed.add(hash(self._cursor))
        # One that leads back would be read for ever, and its failures counted anew each time.
        following = page.next_cursor if page.next_cursor and hash(page.next_cursor) not in self._passed else None
        self.complete = not following
        # The last page grows: it is read again the next time.
        self._cursor, self._done = (following, 0) if following else (self._cursor, len(page.events))
        return self.complete

    def _asked(self, execution_id: str) -> EventPage | None:
        """The page at the cursor. A cursor that the API does not take, any more or ever, is given up for the start.

        None where that was done a moment ago: what is known stays for a while, and the API is left alone.
        """
        client = api.client()
        try:
            page = client.get_workflow_events(workflow_exec_id=execution_id, limit=PAGE_SIZE, cursor=self._cursor)
        except (errors.Refused, errors.ServerFault, errors.BrokenAnswer) as error:
            self._fails += 1
            is_refused = isinstance(error, errors.Refused) and not isinstance(error, _ABOUT_US)
            if self._cursor is None or not (is_refused or self._fails >= GIVEN_UP):
                raise
            if time.monotonic() < self._anew_after:
                self._rests_until = self._anew_after
                return None
            page = client.get_workflow_events(workflow_exec_id=execution_id, limit=PAGE_SIZE, cursor=None)
            # Only now: where the start cannot be read either, what is known stays.
            self._begin_anew()
        self._fails = 0
        return page

    def _begin_anew(self) -> None:
        self.tasks.clear()
        self._changes += 1
        self._passed.clear()
        self._cursor, self._done, self._fails, self.seen, self.complete = None, 0, 0, 0, False
        self._anew_after = time.monotonic() + ANEW_SECONDS

    def _add(self, event: WorkflowEvent) -> None:
        kind = event.event_type or ""
        if not kind.startswith("ACTIVITY_TASK_"):
            return
        try:
            about = msgspec.json.decode(event.attributes, type=_Attributes)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return
        key = (text.label(event.workflow_run_id, 100), temporal.activity_id(about.task_id))
        if kind in _ENDS:
            self.tasks.pop(key, None)
            self._changes += 1
            return
        moment = text.parse_time(event.event_timestamp)
        found = self.tasks.get(key)
        if found is None:
            found = self.tasks[key] = Attempt(text.label(about.activity_name), key[0], moment)
            if len(self.tasks) > TASKS:
                self.tasks.popitem(last=False)
            self._changes += 1
        if "FAILED" in kind or "RETRYING" in kind or "TIMED_OUT" in kind:
            found.failures = max(found.failures + 1, temporal.number(about.attempt))
            found.failing_since = found.failing_since or moment
            failure = about.failure if isinstance(about.failure, dict) else {}
            found.error = text.one_line(failure.get("message")) or found.error


class _Attributes(msgspec.Struct):
    """The few that count here: inputs may be large."""

    task_id: Any = None
    activity_name: Any = None
    attempt: Any = None
    failure: Any = None


_known: "OrderedDict[tuple[Any, str], Announced]" = OrderedDict()
_lock = threading.Lock()
_looks = Shared(at_once=10)


def announced(execution_id: str) -> Announced:
    """What the execution's stream told so far, and up to some pages more. Raises UpstreamError."""
    key = (api.client(), execution_id)
    with _lock:
        found = _known.setdefault(key, Announced())
        _known.move_to_end(key)
        if len(_known) > EXECUTIONS:
            _known.popitem(last=False)
    found.read(execution_id)
    return found


def known(execution_id: str) -> Announced | None:
    """What the execution's stream told so far, without asking for more; None where nobody has asked yet."""
    with _lock:
        return _known.get((api.client(), execution_id))


def soon(execution_id: str) -> Announced | None:
    """What is known after a look that nobody waits for long: what comes of it later is for the next."""

    def look() -> None:
        announced(execution_id)

    with contextlib.suppress(errors.UpstreamError):
        key = (api.client(), execution_id)
        _looks.read(key, look, age=FRESH_SECONDS, size=lambda _: 0, timeout=SOON_SECONDS)
    return known(execution_id)


def known_or_soon(execution_id: str) -> Announced | None:
    """What is known; where nobody has asked yet, what a look brings soon."""
    return known(execution_id) or soon(execution_id)
