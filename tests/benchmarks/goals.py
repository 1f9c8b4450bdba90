"""What the console sets itself: figures of the measurements and how large they may be."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Goal:
    measurement: str
    figure: str
    """Its name; of one inside another, both with a dot between."""
    most: float


_WHOLE = ("viewers with rows lost, twice or out of order", "viewers without all rows")
_BROWSER, _LINES = "in the browser", "100,000 lines in the browser"
_HISTORIES, _WATERFALLS, _BESIDE = "histories", "waterfalls", "beside Temporal’s UI"
_FAN_OUT, _FAULTS, _STALLED, _REFUSED = "200 viewers of one stream", "faults", "stalled viewers", "refused"

GOALS = (
    *(Goal(_FAN_OUT, figure, 0) for figure in _WHOLE),
    Goal(_FAN_OUT, "p99 ms", 500),
    Goal(_FAN_OUT, "CPU ratio", 4),
    Goal(_FAN_OUT, "upstream connections at once", 3),
    Goal(_FAN_OUT, "upstream connections left after seconds", 10),
    *(Goal(_FAULTS, figure, 0) for figure in _WHOLE),
    Goal(_FAULTS, "caught up after seconds, at most", 5),
    *(Goal(_STALLED, f"with.{figure}", 0) for figure in _WHOLE),
    Goal(_STALLED, "closed after seconds, at most", 15),
    Goal(_STALLED, "bytes sent to a stalled viewer, at most", 2_000_000),
    Goal(_STALLED, "p99 ratio", 1.2),
    Goal("idle viewers", "KB a viewer", 64),
    Goal("idle viewers", "files left open", 0),
    *(Goal(_REFUSED, f"attacked.{figure}", 0) for figure in _WHOLE),
    Goal(_REFUSED, "p99 ratio", 1.2),
    Goal("abandoned loads", "next call, seconds", 1),
    Goal("abandoned loads", "upstream streams left open", 0),
    Goal("the API is away", "slowest page, seconds", 3),
    Goal("the API is away", "rows missing", 0),
    *(
        Goal(_BROWSER, f"{kind} at {rows} rows.{figure}", most)
        for kind in ("logs", "events")
        for rows in ("100", "50,000")
        for figure, most in (("p95 ms", 150), ("longest task ms", 50))
    ),
    Goal(_HISTORIES, "cold: more than the answer, in decodes", 3),
    Goal(_HISTORIES, "cold: others’ p99 ms", 100),
    Goal(_HISTORIES, "cold: memory at the peak, in the history’s sizes", 3),
    Goal(_HISTORIES, "a filter, a search, a jump: p95 ms", 100),
    Goal(_HISTORIES, "first row, largest to smallest", 1.2),
    Goal(_HISTORIES, "first row to a static page’s", 2),
    Goal(_WATERFALLS, "cold: others’ p99 ms", 100),
    Goal(_WATERFALLS, "a search, a span, a jump: p95 ms", 100),
    Goal(_WATERFALLS, "first span, largest to smallest", 1.2),
    Goal(_WATERFALLS, "first span to a static page’s", 2),
    *(
        Goal(measurement, figure, most)
        for measurement in (_HISTORIES, _WATERFALLS)
        for figure, most in (
            ("requests to the first row", 12),
            ("KB to the first row", 120),
            ("tasks over 50 ms on opening, more than a static page’s", 0),
            ("tasks over 50 ms after", 0),
            ("nodes", 4_000),
            ("heap, MB", 20),
        )
    ),
    *(Goal(_BESIDE, f"first row at {size} events, to Temporal’s UI", 0.2) for size in ("100", "1,000")),
    Goal(_LINES, "longest task ms", 100),
    Goal(_LINES, "growth from the first third to the last, MB", 10),
    Goal("half an hour", "growth from the first third to the last, MB", 5),
    *(Goal("half an hour", figure, 0) for figure in _WHOLE),
    Goal("half an hour", "files left open", 0),
)


def _figure(found: dict[str, Any], goal: Goal) -> float | None:
    value: Any = found.get(goal.measurement)
    for name in goal.figure.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, int | float) else None


def table(found: dict[str, Any]) -> str:
    """The goals of what was measured, as lines of text: whether each is met, the figure, and its limit."""
    lines = []
    for goal in GOALS:
        if goal.measurement in found:
            figure = _figure(found, goal)
            met = "  ok" if figure is not None and figure <= goal.most else "  NO"
            lines.append(f"{met}  {goal.measurement}: {goal.figure} = {figure} (at most {goal.most:g})")
    return "\n".join(lines)
