"""One look into the child that a run waits for: how it is, and what it waits for itself.

It is for a sentence that stands without it too, so nobody waits for it long: what comes later is for the next look.
"""

from datetime import UTC, datetime

from executions import ids
from executions.services import api, beside, history_index, reads, runs, why
from executions.services.sentences import Parts, elsewhere, lowered, say
from executions.services.shared import Shared
from executions.upstream import errors

SECONDS = 1.5
"""That a page waits for it."""
AGE = 5.0
MOMENT_SECONDS = 30.0
"""How old an earlier look may be that stands in for one which takes its time."""
MOST_EVENTS = 5_000
"""Of a child with a longer history only its status is told: that history would be fetched again and again."""
MOST_BYTES = 8 << 20
REMEMBERED = 1_000
_looks = Shared(at_once=10)
_long: set[object] = set()


def look(execution_id: str) -> Parts:
    """What to say of it, after what is said of its parent; nothing where that is not known, or not soon."""
    try:
        ids.check(execution_id)
        key = (api.client(), execution_id)
        found = _looks.read(key, lambda: _told(execution_id), age=AGE, size=lambda _: 5_000, timeout=SECONDS)
    except (errors.UpstreamError, ValueError):
        return ()
    if not found.problem:
        return found.value
    # One that takes its time is still as it was a moment ago.
    is_recent = (datetime.now(UTC) - found.at).total_seconds() <= MOMENT_SECONDS
    return found.value if found.late and is_recent else ()


def _told(execution_id: str) -> Parts:
    child = runs.run(reads.execution(execution_id, age=reads.AGE).value)
    if child.status.over:
        return say(f" The child itself has ended: {child.status.word.lower()}.")
    words = _waits_for(child)
    return say(" In the child: ", words) if words else say(f" The child is {child.status.word.lower()}.")


def _waits_for(child: runs.Run) -> Parts:
    """Its own sentence; nothing where it does not know."""
    key = (api.client(), child.execution_id, child.run_id)
    if key in _long:
        return ()
    try:
        index = history_index.of(child)
    except errors.UpstreamError:
        return ()
    if len(index.events or ()) > MOST_EVENTS or index.size > MOST_BYTES:
        if len(_long) >= REMEMBERED:
            _long.clear()
        _long.add(key)
        return ()
    if not index.events:
        return ()
    found = why.running(index.events, index.steps, beside.facts(child, index))
    return () if found.tone == "unknown" else elsewhere(lowered(found.parts), child.execution_id)
