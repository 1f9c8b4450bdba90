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
KEPT, KEPT_SECONDS = 500, 600.0
"""Answers, and how old one may be when it is shown in place of one that does not come."""
KEPT_BYTES, ALL_BYTES = 4 << 20, 64 << 20
"""The size of one answer that is kept, and of all of them."""
AWAY = (errors.NoAnswer, errors.ServerFault, errors.RateLimited, errors.BrokenAnswer)
"""Failures that say nothing about what was asked for."""


@dataclass(frozen=True, slots=True)
class Known(Generic[T]):
    """An answer, and when it was asked for. With a problem it is an earlier one: the API does not answer now."""

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
    size: int = 0
    """That answer's."""


class Shared:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: OrderedDict[Hashable, _Entry[Any]] = OrderedDict()
        self._bytes = 0
        self._slots = threading.BoundedSemaphore(AT_ONCE)

    def read(
        self,
        key: Hashable,
        call: Callable[[], T],
        *,
        age: float,
        size: Callable[[T], int],
        patience: float | None = None,
    ) -> Known[T]:
        """What the call brings, or brought others at most `age` seconds ago; the last answer where the API is away.

        With an age of 0 the API is asked now. Raises what the call raises.
        """
        limit = PATIENCE if patience is None else patience
        made: _Call[T] = self._call(key, call, age, size)
        made.done.wait(max(made.began + limit - time.monotonic(), 0.0))
        if made.known:
            return made.known
        error = made.error or errors.Timeout(f"The Workflows API has not answered within {limit:g} seconds.")
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
            self._make_room()
            latest = entry.call
            if latest and self._will_do(latest, age, now):
                return latest
            entry.call = made = _Call[T](now)
        threading.Thread(target=self._run, args=(key, made, call, size), daemon=True).start()
        return made

    @staticmethod
    def _will_do(latest: _Call[T], age: float, now: float) -> bool:
        if latest.done.is_set():
            return now <= latest.stands_until(age) and age > 0
        # Of one that is overdue the outcome is awaited a while before the API is asked again.
        passed = now - latest.began
        return passed <= min(age, SPACING) or PATIENCE < passed < SPACING

    def _run(self, key: Hashable, made: _Call[T], call: Callable[[], T], size: Callable[[T], int]) -> None:
        takes = 0
        try:
            if not self._slots.acquire(timeout=PATIENCE):
                raise errors.Timeout("Too many calls to the Workflows API are under way already.", sent=False)
            # It is at least as new as the question.
            asked = datetime.now(UTC)
            try:
                value = call()
            finally:
                self._slots.release()
            made.known = Known(value, asked)
            takes = size(value)
        except Exception as error:
            made.error = error
        with self._lock:
            self._remember(key, made, takes)
            self._make_room()
        made.done.set()

    def _remember(self, key: Hashable, made: _Call[Any], takes: int) -> None:
        entry = self._entries.get(key)
        # Forgotten meanwhile, or overtaken by a later one.
        if entry is None or (entry.good and entry.good.began > made.began) or isinstance(made.error, AWAY):
            return
        keep = made.known is not None and takes <= KEPT_BYTES
        if made.known and not keep and entry.call is made:
            entry.call = None
        # Otherwise it is too large, or the API says that there is nothing to show.
        entry.good, self._bytes, entry.size = (made if keep else None), self._bytes - entry.size, 0
        if keep:
            entry.size, self._bytes = takes, self._bytes + takes

    def _make_room(self) -> None:
        while len(self._entries) > KEPT or self._bytes > ALL_BYTES:
            _, entry = self._entries.popitem(last=False)
            self._bytes -= entry.size

    def _last(self, key: Hashable) -> Known[Any] | None:
        with self._lock:
            entry = self._entries.get(key)
            good = entry.good if entry else None
        if good is None or time.monotonic() > good.began + KEPT_SECONDS:
            return None
        return good.known
