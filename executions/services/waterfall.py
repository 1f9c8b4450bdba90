"""A waterfall's first rows, and the whole of it in small: what a page shows before script has the other spans."""

from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from weakref import WeakKeyDictionary

from executions.services import text, traces
from executions.services.spans import Node
from executions.services.traces import Trace
from executions.templatetags.execution_tags import duration

ROWS = 60
"""Rows that the page comes with."""
ABOVE = 8
"""Of them above the selected one."""
WIDTH = 1_000
"""Units across the bars."""
THIN = 2.0
"""The least that can be seen of a bar."""
STEP, INDENT = 12.0, 168.0
"""How far a row is moved in by its level, and the most of that among the rows that are seen together."""
BUCKETS, HEIGHT = 240, 24
"""Slices of time in the whole in small, and its height."""
TICKS = 5


@dataclass(frozen=True, slots=True)
class Range:
    """The time that is shown, in nanoseconds since 1970."""

    first: int
    last: int
    zoomed: bool

    def has(self, node: Node) -> bool:
        return not self.zoomed or (node.until >= self.first and node.begin <= self.last)


@dataclass(frozen=True, slots=True)
class InSmall:
    """A whole trace, as SVG paths."""

    density: str
    """How many spans without children were at work at a time."""
    failures: str
    """Where spans failed."""


_in_small: WeakKeyDictionary[Trace, InSmall] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Row:
    node: Node
    place: int
    indent: int
    x: float
    width: float
    path: float
    """How much of that can be on the critical path: it ends with the run."""
    own: str
    took: str
    said: str
    parent: bool
    hurt: bool
    """Whether something below it failed."""
    selected: bool

    @property
    def level(self) -> int:
        return self.node.depth + 1


def shown_range(trace: Trace, after: datetime | None, before: datetime | None) -> Range:
    """The chosen range; the whole where none is chosen, or where nothing of the trace is in it."""
    first = max(int(after.timestamp() * 1e9), trace.first) if after else trace.first
    last = min(int(before.timestamp() * 1e9), trace.last) if before else trace.last
    if first >= last or (first, last) == (trace.first, trace.last):
        return Range(trace.first, trace.last, zoomed=False)
    return Range(first, last, zoomed=True)


def is_apart(trace: Trace, after: datetime | None, before: datetime | None) -> bool:
    """Whether nothing of the trace is in the chosen range."""
    begins, ends = (text.parse_time(moment) for moment in (trace.first, trace.last))
    return bool((after and ends and ends < after) or (before and begins and begins > before))


def rows(trace: Trace, shown: Range, selected: str) -> list[Row]:
    """The first rows, or those around the selected span."""
    at = trace.places.get(selected, -1)
    start = 0 if at < ROWS // 2 else at - ABOVE
    places = list(islice((n for n in range(start, len(trace.nodes)) if shown.has(trace.nodes[n])), ROWS))
    depths = [trace.nodes[place].depth for place in places]
    base, step = _indents(depths, trace.levels)
    return [_row(trace, place, shown, (base, step), place == at) for place in places]


def _indents(depths: list[int], levels: int) -> tuple[int, float]:
    """The level from which rows are moved in, and how far for each: a deep trace's names stay in sight."""
    if levels * STEP <= INDENT or not depths:
        return 0, STEP
    base = min(depths)
    return base, min(INDENT / max(max(depths) - base, 1), STEP)


def _row(trace: Trace, place: int, shown: Range, indents: tuple[int, float], selected: bool) -> Row:
    node = trace.nodes[place]
    scale = WIDTH / max(shown.last - shown.first, 1)
    x = min(max((node.begin - shown.first) * scale, 0), WIDTH - THIN)
    end = min((node.until - shown.first) * scale, WIDTH)
    waited = ((trace.tail or node.until) - shown.first) * scale
    return Row(
        node=node,
        place=place,
        indent=round((node.depth - indents[0]) * indents[1]),
        x=round(x, 1),
        width=round(max(end - x, THIN), 1),
        path=round(max(min(end, waited) - x, THIN), 1),
        own=length(node.own),
        took="running" if node.end is None else length(node.until - node.begin),
        said=traces.said(node),
        parent=node.last > place,
        hurt=trace.failed_inside(place) > 0,
        selected=selected,
    )


def length(nanoseconds: int) -> str:
    """A duration of a span's, to the microsecond: the script knows it no better."""
    return duration(nanoseconds // 1_000 / 1e6)


def ticks(trace: Trace, shown: Range) -> list[str]:
    """Times since the trace's start, at equal steps of the ruler."""
    step = (shown.last - shown.first) / TICKS
    return [length(round(shown.first - trace.first + step * number)) for number in range(TICKS)]


@dataclass(frozen=True, slots=True)
class Ended:
    """Where the run ended, of which spans go on: in the whole, and in what is shown, None beyond it."""

    whole: float
    shown: float | None
    after: str
    """How long after the trace's start."""


def ended(trace: Trace, shown: Range) -> Ended | None:
    if (moment := trace.tail) is None:
        return None
    places = [
        (moment - one.first) * WIDTH / max(one.last - one.first, 1)
        for one in (Range(trace.first, trace.last, zoomed=False), shown)
    ]
    return Ended(places[0], places[1] if 0 <= places[1] <= WIDTH else None, length(moment - trace.first))


def in_small(trace: Trace) -> InSmall:
    """The whole of it, drawn once: its trace does not change."""
    if trace not in _in_small:
        _in_small[trace] = InSmall(_density(trace), _failures(trace))
    return _in_small[trace]


def _density(trace: Trace) -> str:
    counts = [0] * (BUCKETS + 1)
    for place, node in enumerate(trace.nodes):
        if node.last == place:
            counts[_bucket(trace, node.begin)] += 1
            counts[_bucket(trace, node.until) + 1] -= 1
    busy, levels = 0, []
    for change in counts[:BUCKETS]:
        busy += change
        levels.append(busy)
    most = max(levels, default=0) or 1
    heights = [0 if not level else 3 + (HEIGHT - 3) * (level / most) ** 0.5 for level in levels]
    steps = "".join(f"V{HEIGHT - height:.1f}h1" for height in heights)
    return f"M0 {HEIGHT}{steps}V{HEIGHT}Z"


def _failures(trace: Trace) -> str:
    found = sorted({_bucket(trace, trace.nodes[place].until) for place in trace.failed})
    return "".join(f"M{bucket} 0h.7v7h-.7Z" for bucket in found)


def _bucket(trace: Trace, moment: int) -> int:
    share = (moment - trace.first) * BUCKETS // max(trace.last - trace.first, 1)
    return min(max(share, 0), BUCKETS - 1)


def window(trace: Trace, shown: Range) -> tuple[float, float]:
    """Where the range stands in the whole, in units of its width."""
    scale = WIDTH / max(trace.last - trace.first, 1)
    return round((shown.first - trace.first) * scale, 1), round(max((shown.last - shown.first) * scale, THIN), 1)
