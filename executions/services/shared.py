"""What many ask the API for at the same moment: asked for once, and still there when the API is away.

Each call runs in a thread of its own, so that nobody waits for it longer than they want to; what comes of it later is
there for the next who asks. Answers that are kept are bounded in number, size and age.
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
"""Seconds that a page which is opened waits for an answer where there is an earlier one to show."""
FIRST_PATIENCE = 2.5
"""Where there is none: it then says so, and tries again by itself."""
SPACING = 5.0
"""Seconds that a page which refreshes itself does, with all others; then the API is asked again beside that call."""
AT_ONCE = 30
"""Calls under way; a page's other calls have connections of their own left."""
PER_KEY = 2
"""Of them for one question. Whoever wants to know anew waits for one more, which begins when one of them ends."""
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
    late: bool = False
    """The API may only be slow: the new answer may still come."""


@dataclass(eq=False, slots=True)
class _Call(Generic[T]):
    ask: Callable[[], T] | None
    """None once it has begun: what it holds is not kept with the answer."""
    size: Callable[[T], int]
    timeout: float
    made: float
    began: float | None = None
    done: threading.Event = field(default_factory=threading.Event)
    known: Known[T] | None = None
    error: Exception | None = None

    def stands(self, age: float, now: float) -> bool:
        """Whether it is the answer for those who take one of that age."""
        if self.error is not None:
            asked = getattr(self.error, "retry_after", None)
            age = ERROR_SECONDS if asked is None else min(asked, LONGEST_REST)
        return self.began is not None and now <= self.began + age

    def is_overtaken(self, other: "_Call[T] | None") -> bool:
        return bool(other and other.began and self.began and other.began > self.began)


@dataclass(eq=False, slots=True)
class _Entry(Generic[T]):
    calls: list[_Call[T]] = field(default_factory=list)
    """Under way; the last of more than PER_KEY waits for its turn."""
    latest: _Call[T] | None = None
    """Of those that have ended."""
    good: _Call[T] | None = None
    """The latest with an answer."""
    size: int = 0
    """That answer's."""


class Shared:
    def __init__(
        self,
        *,
        at_once: int | None = None,
        stands_in: bool = True,
        kept_bytes: int | None = None,
        all_bytes: int | None = None,
    ) -> None:
        """`stands_in`: whether an earlier answer is shown when the new one does not come soon."""
        self._kept_bytes, self._all_bytes = kept_bytes, all_bytes
        self._lock = threading.Lock()
        self._entries: OrderedDict[Hashable, _Entry[Any]] = OrderedDict()
        self._bytes = 0
        self._slots = threading.BoundedSemaphore(at_once or AT_ONCE)
        self._stands_in = stands_in

    def read(
        self,
        key: Hashable,
        call: Callable[[], T],
        *,
        age: float,
        size: Callable[[T], int],
        timeout: float,
        patient: bool = False,
    ) -> Known[T]:
        """What the call brings, or brought others at most `age` seconds ago, or is about to bring them.

        With an age of 0 the API is asked now. Where it does not answer soon, the last answer, or Timeout if there is
        none. Who is patient waits as long as `timeout`, the call's own. Raises what the call raises.
        """
        now = time.monotonic()
        made: _Call[T] = self._call(key, _Call(call, size, timeout, now), age)
        soon = SPACING if age else PATIENCE if self._last(key) else FIRST_PATIENCE
        # What nothing earlier stands in for is waited for.
        limit = timeout if patient or not self._stands_in else min(soon, timeout)
        # Nobody waits again for what others have waited for, unless they want to know anew.
        made.done.wait(max((made.made if age else now) + limit - time.monotonic(), 0.0))
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
        return Known(last.value, last.at, found, late=made.error is None and not patient)

    def _call(self, key: Hashable, new: _Call[T], age: float) -> _Call[T]:
        """The call to wait for: the new one, if no other will do."""
        with self._lock:
            entry: _Entry[T] = self._entries.setdefault(key, _Entry())
            self._entries.move_to_end(key)
            self._make_room()
            if other := self._other(entry, new, age):
                return other
            entry.calls.append(new)
            if len(entry.calls) > PER_KEY:
                return new
        try:
            threading.Thread(target=self._run, args=(key, entry, new), daemon=True).start()
        except RuntimeError as error:
            new.error = error
            self._end(key, entry, new, 0)
        return new

    def _other(self, entry: _Entry[T], new: _Call[T], age: float) -> _Call[T] | None:
        if age:
            joined = max(age, SPACING if self._stands_in else new.timeout)
            for one in reversed(entry.calls):
                if one.began is not None and new.made <= one.began + joined:
                    return one
            if entry.latest and entry.latest.stands(age, new.made):
                return entry.latest
        # What has not begun yet is new even for those who ask now.
        return next((one for one in entry.calls if one.began is None), None)

    def _run(self, key: Hashable, entry: _Entry[T], made: _Call[T] | None) -> None:
        while made:
            made = self._end(key, entry, made, self._ask(made))

    def _ask(self, made: _Call[T]) -> int:
        """Make the call. Returns the size of its answer."""
        call, made.ask = made.ask, None
        assert call is not None
        held = self._slots.acquire(timeout=made.timeout)
        made.began = time.monotonic()
        try:
            if not held:
                raise errors.Timeout("Too many calls to the Workflows API are under way already.", sent=False)
            # It is at least as new as the question.
            asked = datetime.now(UTC)
            value = call()
            made.known = Known(value, asked)
            return made.size(value)
        except Exception as error:
            made.error = error
            return 0
        finally:
            if held:
                self._slots.release()

    def _end(self, key: Hashable, entry: _Entry[T], made: _Call[T], takes: int) -> _Call[T] | None:
        """Returns the call whose turn it is now."""
        with self._lock:
            entry.calls.remove(made)
            turn = entry.calls[-1] if len(entry.calls) == PER_KEY else None
            # Forgotten meanwhile?
            if self._entries.get(key) is entry:
                self._remember(entry, made, takes)
                self._make_room()
        made.done.set()
        return turn

    def _remember(self, entry: _Entry[T], made: _Call[T], takes: int) -> None:
        keep = made.known is not None and takes <= (self._kept_bytes or KEPT_BYTES)
        if not made.is_overtaken(entry.latest):
            entry.latest = made if keep or made.error else None
        if made.is_overtaken(entry.good) or isinstance(made.error, AWAY):
            return
        # Otherwise it is too large, or the API says that there is nothing to show.
        entry.good, self._bytes, entry.size = (made if keep else None), self._bytes - entry.size, 0
        if keep:
            entry.size, self._bytes = takes, self._bytes + takes

    def _make_room(self) -> None:
        while len(self._entries) > KEPT or self._bytes > (self._all_bytes or ALL_BYTES):
            _, entry = self._entries.popitem(last=False)
            self._bytes -= entry.size

    def _last(self, key: Hashable) -> Known[Any] | None:
        """An earlier answer that may stand in."""
        with self._lock:
            entry = self._entries.get(key)
            good = entry.good if entry and self._stands_in else None
        if good is None or good.began is None or time.monotonic() > good.began + KEPT_SECONDS:
            return None
        return good.known
