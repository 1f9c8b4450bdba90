"""Lanes of the strip: what happened when, counted in narrow parts of the axis and drawn as bars."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from executions.services.slices import in_slices
from executions.services.timeline import WIDTH, Axis

BINS = 250
Span = tuple[float, float]
"""From when to when, in seconds since 1970."""
NARROW = 0.5
"""Units across that a time which was not read takes at least, to be shown."""


@dataclass(frozen=True, slots=True)
class Unread:
    """A part of the axis of which nothing is known: silence would look like this otherwise."""

    percent: str
    percent_width: str


@dataclass(frozen=True, slots=True)
class Lane:
    name: str
    """`steps`, `spans`, `events`, `lines`: which of the operations it comes from."""
    says: str
    """How much of what it shows, in few words."""
    paths: tuple[tuple[str, str], ...] = ()
    """Of each tone, the bars as an SVG path, in a lane of height 1."""
    unread: tuple[Unread, ...] = ()
    keys: tuple[tuple[str, str], ...] = ()
    """Of each tone that stands for trouble, what it means and how often it is there: the worst first."""

    @property
    def words(self) -> str:
        """All that it says."""
        return ", ".join((self.says, *(words for _, words in self.keys)))


def counting(count: int, one: str) -> str:
    return f"{count:,} {one if count == 1 else f'{one}s'}" if count else f"no {one}s"


def lane(
    axis: Axis, name: str, says: str, tones: dict[str, list[Span]], unread: Iterable[Span] = (), *, also_bad: int = 0
) -> Lane:
    """`also_bad`: how many there are that have failed besides, which are not drawn."""
    counts = {tone: counted(axis, spans) for tone, spans in tones.items()}
    most = max((one for found in counts.values() for one in found), default=0)
    paths = tuple((tone, path(found, most)) for tone, found in counts.items() if any(found))
    return Lane(name, says, paths, hatched(axis, unread), _keys(axis, name, tones, also_bad))


def _keys(axis: Axis, name: str, tones: dict[str, list[Span]], also_bad: int) -> tuple[tuple[str, str], ...]:
    found = []
    for tone in ("bad", "warn"):
        count = sum(ended >= axis.first and begun <= axis.last for begun, ended in in_slices(tones.get(tone, ())))
        count += also_bad if tone == "bad" else 0
        if count:
            of_lines = {"bad": counting(count, "error"), "warn": counting(count, "warning")}
            of_others = {"bad": f"{count:,} failed", "warn": f"{count:,} retrying"}
            found.append((tone, (of_lines if name == "lines" else of_others)[tone]))
    return tuple(found)


def hatched(axis: Axis, spans: Iterable[Span]) -> tuple[Unread, ...]:
    found = []
    for begun, ended in spans:
        x, end = axis.place(begun), axis.place(ended)
        if end - x >= NARROW:
            found.append(Unread(f"{x / WIDTH * 100:.2f}", f"{(end - x) / WIDTH * 100:.2f}"))
    return tuple(found)


def counted(axis: Axis, spans: list[Span]) -> list[int]:
    """How many there are in each part of the axis; those that are beyond it are not."""
    changes = [0] * (BINS + 1)
    for begun, ended in in_slices(spans):
        if ended < axis.first or begun > axis.last:
            continue
        first = last = min(int(axis.place(begun) * BINS / WIDTH), BINS - 1)
        if ended > begun:
            last = min(int(axis.place(ended) * BINS / WIDTH), BINS - 1)
        changes[first] += 1
        changes[last + 1] -= 1
    found, under_way = [], 0
    for change in changes[:-1]:
        under_way += change
        found.append(under_way)
    return found


def path(counts: list[int], most: int) -> str:
    """Bars from the ground of the lane up; a few and many are told apart, by the logarithm."""
    width = WIDTH / BINS
    bars: list[str] = []
    place = 0
    while place < len(counts):
        end = place
        while end < len(counts) and counts[end] == counts[place]:
            end += 1
        if counts[place]:
            height = max(math.log1p(counts[place]) / math.log1p(most), 0.25)
            bars.append(f"M{place * width:g} 1v-{height:.2f}h{(end - place) * width:g}v{height:.2f}z")
        place = end
    return "".join(bars)
