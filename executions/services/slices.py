"""Long work in a thread, in slices: Python lets one thread work at a time, and pages are waiting for it."""

import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")
WORK_SECONDS, REST_SECONDS = 0.004, 0.0005
"""How long others wait for a slice, and how long each has then to take its turn."""
_LOOK_EVERY = 16
"""Items between looks at the clock."""


def in_slices(items: Iterable[T]) -> Iterator[T]:
    """The items; the thread rests now and then, between two of them."""
    began = time.perf_counter()
    for number, item in enumerate(items):
        yield item
        if number % _LOOK_EVERY == 0 and time.perf_counter() - began > WORK_SECONDS:
            time.sleep(REST_SECONDS)
            began = time.perf_counter()
