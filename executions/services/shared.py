"""What many ask the API for at the same moment: asked for once, and still there when the API is away.

Each call runs in a thread of its own, so that nobody waits for it longer than PATIENCE; what comes of it later is there
for the next who asks. Answers that are kept are bounded in number, size and age.
"""

import copy
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from executions.upstream import errors

T = TypeVar("T")
PATIENCE = 2.0
"""Seconds that a page waits for an answer."""
SPACING = 5.0
"""Seconds after which an API that has not answered is asked the same again."""
AT_ONCE = 40
"""Calls under way; a page's other calls have connections of their own left."""
ERROR_SECONDS = 0.5
"""How long others take a failure as theirs too, unless the API says when to come back."""
LONGEST_REST = 30.0
KEPT, KEPT_BYTES, KEPT_SECONDS = 500, 128 * 1024, 600.0
"""Answers, the size of each, and how old one may be when it is shown in place of one that does not come."""
AWAY = (errors.NoAnswer, errors.ServerFault, errors.RateLimited, errors.BrokenAnswer)
"""Failures that say nothing about what was asked for."""


@dataclass(frozen=True, slots=True)
class Known(Generic[T]):
    """An answer, and when it came. With a problem it is an earlier one: the API does not answer now."""

    value: T
    at: datetime
    problem: errors.UpstreamError | None = None


@dataclass(eq=False, slots=True)
class _Call(Generic[T]):
    began: float
    done: threading.Event = field(default_factory=threading.Event)
    known: Known[T] | None = None
    error: Exception | None = None

    def stands_until(self, age: float) -> float:
        """Until when it is the answer for those who take one of that age."""
        if self.error is None:
            return self.began + age
        asked = getattr(self.error, "retry_after", None)
        rest = ERROR_SECONDS if asked is None else min(asked, LONGEST_REST)
        return self.began + (rest if age else 0.0)


@dataclass(eq=False, slots=True)
class _Entry(Generic[T]):
    call: _Call[T] | None = None
    """The latest."""
    good: _Call[T] | None = None
    """The latest with an answer."""


class Shared:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: OrderedDict[Hashable, _Entry[Any]] = OrderedDict()
        self._slots = threading.BoundedSemaphore(AT_ONCE)

    def read(self, key: Hashable, call: Callable[[], T], *, age: float, size: Callable[[T], int]) -> Known[T]:
        """What the call brings, or brought others at most `age` seconds ago; the last answer where the API is away.

        With an age of 0 the API is asked now. Raises what the call raises.
        """
        made: _Call[T] = self._call(key, call, age, size)
        made.done.wait(max(made.began + PATIENCE - time.monotonic(), 0.0))
        if made.known:
            return made.known
        error = made.error or errors.Timeout(f"The Workflows API has not answered within {PATIENCE:g} seconds.")
        if not isinstance(error, errors.UpstreamError):
            raise error
        # A copy for each who gets it: raising one error in many threads piles up what it remembers of them.
        found = copy.copy(error)
        last = self._last(key)
        if last is None or not isinstance(found, AWAY):
            raise found
        return Known(last.value, last.at, found)

    def _call(self, key: Hashable, call: Callable[[], T], age: float, size: Callable[[T], int]) -> _Call[T]:
        now = time.monotonic()
        with self._lock:
            entry: _Entry[T] = self._entries.setdefault(key, _Entry())
            self._entries.move_to_end(key)
            while len(self._entries) > KEPT:
                self._entries.popitem(last=False)
            latest = entry.call
            if latest and self._will_do(latest, age, now):
                return latest
            entry.call = made = _Call[T](now)
        threading.Thread(target=self._run, args=(entry, made, call, size), daemon=True).start()
        return made

    @staticmethod
    def _will_do(latest: _Call[T], age: float, now: float) -> bool:
        if latest.done.is_set():
            return now <= latest.stands_until(age) and age > 0
        # Of one that is overdue the outcome is awaited a while before the API is asked again.
        passed = now - latest.began
        return passed <= min(age, SPACING) or PATIENCE < passed < SPACING

    def _run(self, entry: _Entry[T], made: _Call[T], call: Callable[[], T], size: Callable[[T], int]) -> None:
        try:
            if not self._slots.acquire(timeout=PATIENCE):
                raise errors.Timeout("Too many calls to the Workflows API are under way already.", sent=False)
            try:
                value = call()
            finally:
                self._slots.release()
            made.known = Known(value, datetime.now(UTC))
            keep = size(value) <= KEPT_BYTES
        except Exception as error:
            made.error = error
            keep = isinstance(error, AWAY)
        with self._lock:
            self._remember(entry, made, keep)
        made.done.set()

    @staticmethod
    def _remember(entry: _Entry[T], made: _Call[T], keep: bool) -> None:
        earlier = entry.good is not None and entry.good.began > made.began
        if made.known and keep and not earlier:
            entry.good = made
        elif not keep and not earlier:
            # Too large to keep, or the API says that there is nothing to show.
            entry.good = None
            if entry.call is made and made.known:
                entry.call = None

    def _last(self, key: Hashable) -> Known[Any] | None:
        with self._lock:
            entry = self._entries.get(key)
            good = entry.good if entry else None
        if good is None or time.monotonic() > good.began + KEPT_SECONDS:
            return None
        return good.known
