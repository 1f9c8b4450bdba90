"""Traces as they were read, kept for the parts that a page asks for next, and for all who look at the same one.

A trace of 10,000 spans takes a tenth of a second to arrange, and the API a while to give. Kept within a bound of bytes.
"""

import sys
import threading
import time
from collections import OrderedDict
from datetime import UTC, datetime, timedelta

from django.conf import settings

from executions.services import api, reads, traces
from executions.services.runs import Run
from executions.services.shared import Shared
from executions.upstream.client import Client
from executions.upstream.errors import UpstreamError

PART_AGE = 30.0
"""Seconds that a trace may be old for a part of a page that shows it already."""
SETTLED, SETTLED_AGE = timedelta(minutes=2), 300.0
"""So long after a run's end its trace does not change any more, nearly; it is then kept for so many seconds."""
KEPT_BYTES = 96 << 20

_calls = Shared(at_once=10, stands_in=False)
_lock = threading.Lock()
_kept: "OrderedDict[tuple[Client, str], tuple[traces.Trace, float]]" = OrderedDict()


def read(run: Run, *, age: float) -> traces.Trace | None:
    """The execution's trace, at most `age` seconds old; None where the API has no spans. Raises UpstreamError."""
    client, key = api.client(), (api.client(), run.execution_id)
    oldest = max(age, SETTLED_AGE if is_settled(run) else 0.0)
    if found := _known(key, oldest):
        return found
    # Not kept there: its bound is one of small answers.
    known = _calls.read(
        (*key, run.status.value),
        lambda: _ask(client, run.execution_id),
        age=age,
        size=lambda _: sys.maxsize,
        timeout=settings.UPSTREAM_TIMEOUT_SECONDS,
    )
    return known.value


def part(run: Run) -> traces.Trace | None:
    """The one that a page shows, for a part of it. Raises UpstreamError."""
    return read(run, age=max(PART_AGE, reads.AGE))


def _known(key: tuple[Client, str], age: float) -> traces.Trace | None:
    with _lock:
        found = _kept.get(key)
        if found is None or not age or time.monotonic() > found[1] + age:
            return None
        _kept.move_to_end(key)
        return found[0]


def _ask(client: Client, execution_id: str) -> traces.Trace | None:
    asked = time.monotonic()
    found = traces.of_summary(client.get_workflow_execution_trace_summary(execution_id), time.time_ns())
    if found is None:
        try:
            found = traces.of_otel(client.get_workflow_execution_trace_otel(execution_id), time.time_ns())
        except UpstreamError:
            # The summary has said that there is nothing, and it was asked first.
            return None
    if found:
        _keep((client, execution_id), found, asked)
    return found


def _keep(key: tuple[Client, str], found: traces.Trace, asked: float) -> None:
    # Made out before others are kept from theirs.
    about = found.version, found.last
    found.size  # noqa: B018  (remembered)
    with _lock:
        before = _kept.get(key)
        if before is None or before[1] <= asked:
            # The same as before stays the one that is there: what was made of it need not be made again.
            same = before and (before[0].version, before[0].last) == about
            _kept[key] = (before[0] if before and same else found, asked)
            _kept.move_to_end(key)
        while len(_kept) > 1 and sum(one.size for one, _ in _kept.values()) > KEPT_BYTES:
            _kept.popitem(last=False)


def is_settled(run: Run) -> bool:
    """Whether the run is over for so long that nothing comes of it any more, nearly."""
    return not run.is_running and (run.ended is None or datetime.now(UTC) - run.ended > SETTLED)
