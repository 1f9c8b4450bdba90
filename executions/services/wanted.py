"""Which of the rows that were fetched a reader wants to see."""

from collections.abc import Callable, Collection, Iterable
from typing import TypeVar

R = TypeVar("R")


def matching(
    rows: Iterable[R], kinds: Collection[str], query: str, *, kind: Callable[[R], str], words: Callable[[R], str]
) -> list[R]:
    """The rows of these kinds (all, if none is given) whose words contain the text, in any case."""
    wanted = query.casefold()
    return [
        row for row in rows if (not kinds or kind(row) in kinds) and (not wanted or wanted in words(row).casefold())
    ]
