"""What a run can wait for, and what is known beside its history."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from executions.services import temporal, text
from executions.services.attempts import Announced
from executions.services.history import EventRow
from executions.services.sentences import Parts, name, say

FAILING, UNCLAIMED, STUMBLED, UNKNOWN, CHILD, RUNNING, UPDATE, MESSAGE, ABOUT_TO, OUTSIDE = range(10)
"""Ranks: what tells more comes first. OUTSIDE is what nobody here can hurry: a timer."""
GRACE = timedelta(seconds=10)
"""How long it is nothing to speak of that no worker has taken something up."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known beside the history."""

    now: datetime
    announced: Announced | None = None
    """None where it could not be read."""
    run_ids: frozenset[str] = frozenset()
    signals: tuple[str, ...] | None = None
    """Those that the workflow declares; None where that could not be read."""
    updates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pending:
    """One thing that is waited for."""

    rank: int
    """The lower, the more it tells."""
    tone: str
    """waiting, working or trouble."""
    words: Parts
    """What is so, from its first word on, without a capital letter or a stop."""
    more: Parts = ()
    """Sentences after it."""
    short: Parts = field(default=(), compare=False)
    """Only what it is."""
    child: str = ""
    """The id of the child that it is."""


def queue(scheduled: EventRow) -> Parts:
    found = temporal.attributes(scheduled.body).get("taskQueue")
    # A worker that kept the run in memory has a queue of its own, beside the one that has a name.
    known = [found.get("normalName"), found.get("name")] if isinstance(found, dict) else []
    queue = next(filter(None, (text.label(one) for one in known)), "")
    return say(" It waits in the task queue ", name(queue), ": is a worker running that polls it?") if queue else ()


def is_old(one: EventRow, facts: Facts) -> bool:
    return one.time is None or facts.now - one.time > GRACE
