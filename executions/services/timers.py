"""Timers: what the workflow's code calls one, how long it is, and when it is due."""

from datetime import datetime, timedelta

from executions.services import temporal, text
from executions.services.history import EventRow

LIMIT = 86_400 * 365 * 1_000
"""Seconds of a timer that are reckoned with."""


def title(started: EventRow) -> str:
    """What the workflow's code calls it, where it does."""
    about = started.body.get("userMetadata")
    return text.one_line(temporal.payload(about.get("summary")), 80) if isinstance(about, dict) else ""


def seconds(value: object) -> float | None:
    """A duration in Temporal's JSON, such as `3600s` or `0.500s`."""
    if not isinstance(value, str) or not value.endswith("s") or len(value) > 40:
        return None
    try:
        found = float(value[:-1])
    except ValueError:
        return None
    return found if 0 <= found <= LIMIT else None


def due(started: EventRow) -> datetime | None:
    length = seconds(temporal.attributes(started.body).get("startToFireTimeout"))
    return text.moved(started.time, timedelta(seconds=length)) if started.time and length is not None else None
