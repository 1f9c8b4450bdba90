"""Two long sequences side by side: which item of one goes with which of the other, in an order that both keep.

In linear time where they are nearly the same. Where they differ much, a bound on the work makes the result a good one
instead of the best: quickly, whatever comes.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

MOST_EDITS, EDITS = 250, 64
"""Items without a partner up to which the best alignment of a stretch is looked for: the work grows with their square.
Beyond, it is looked for piece by piece, each with so many of them."""
WORK = 400_000
"""Steps of that search, for all stretches together: some tenths of a second."""
Pair = tuple[int, int]


@dataclass(slots=True)
class Alignment:
    pairs: list[Pair] = field(default_factory=list)
    """Places in the older and in the newer, both growing."""
    is_rough: bool = False
    """Whether somewhere the best was not looked for."""
    work_left: int = WORK

    def rows(self, older: int, newer: int) -> Iterator[tuple[int | None, int | None]]:
        """Both sequences to their ends: pairs, and items alone, those of the older first."""
        one = other = 0
        for i, j in [*self.pairs, (older, newer)]:
            yield from ((place, None) for place in range(one, i))
            yield from ((None, place) for place in range(other, j))
            if i < older:
                yield i, j
            one, other = i + 1, j + 1


def aligned(
    older: Sequence[Hashable],
    newer: Sequence[Hashable],
    exact: tuple[Sequence[Hashable], Sequence[Hashable]] | None = None,
) -> Alignment:
    """Equal items go together. `exact` says more of each: items that are unique by it go together first, if most are.

    So of a hundred equal items with another input each, it is the one in the middle that is missing, not the last.
    """
    found = Alignment()
    anchors: list[Pair] = []
    if exact:
        unique = [pair for pair in _unique(*exact) if older[pair[0]] == newer[pair[1]]]
        anchors = _growing(unique) if 2 * len(unique) >= min(len(older), len(newer)) else []
    i = j = 0
    for a, b in [*anchors, (len(older), len(newer))]:
        _between(older[i:a], newer[j:b], i, j, found)
        if a < len(older):
            found.pairs.append((a, b))
        i, j = a + 1, b + 1
    return found


def _between(older: Sequence[Hashable], newer: Sequence[Hashable], i: int, j: int, found: Alignment) -> None:
    """A stretch that begins at these places."""
    start, most = 0, min(len(older), len(newer))
    while start < most and older[start] == newer[start]:
        start += 1
    end = 0
    while end < most - start and older[-1 - end] == newer[-1 - end]:
        end += 1
    found.pairs += [(i + place, j + place) for place in range(start)]
    one, other = older[start : len(older) - end], newer[start : len(newer) - end]
    if one and other:
        found.pairs += [(i + start + a, j + start + b) for a, b in _middle(one, other, found)]
    found.pairs += [(i + len(older) - place, j + len(newer) - place) for place in range(end, 0, -1)]


def _middle(older: Sequence[Hashable], newer: Sequence[Hashable], found: Alignment) -> list[Pair]:
    pairs, (i, j), work = _best(older, newer, (0, 0), MOST_EDITS)
    found.work_left -= work
    found.is_rough |= (i, j) != (len(older), len(newer))
    while i < len(older) and j < len(newer):
        if found.work_left <= 0:
            # The first of its kind with the first of its kind, the second with the second, as their order allows.
            rest = _growing(_unique(_numbered(older[i:]), _numbered(newer[j:])))
            return [*pairs, *((i + a, j + b) for a, b in rest)]
        more, (i, j), work = _best(older, newer, (i, j), EDITS)
        pairs += more
        found.work_left -= work
    return pairs


def _numbered(items: Sequence[Hashable]) -> list[Hashable]:
    seen: Counter[Hashable] = Counter()
    found: list[Hashable] = []
    for item in items:
        seen[item] += 1
        found.append((item, seen[item]))
    return found


def _unique(older: Sequence[Hashable], newer: Sequence[Hashable]) -> Iterator[Pair]:
    """Places of items that each side has once."""
    counted, others = Counter(older), Counter(newer)
    places = {item: place for place, item in enumerate(newer) if others[item] == 1}
    return ((place, places[item]) for place, item in enumerate(older) if counted[item] == 1 and item in places)


def _growing(pairs: Iterable[Pair]) -> list[Pair]:
    """The most of the pairs that grow on both sides. They come in the order of the first."""
    tails: list[int] = []
    last: list[Pair] = []
    before: dict[Pair, Pair | None] = {}
    for pair in pairs:
        place = bisect_left(tails, pair[1])
        before[pair] = last[place - 1] if place else None
        tails[place : place + 1] = [pair[1]]
        last[place : place + 1] = [pair]
    found: list[Pair] = []
    step = last[-1] if last else None
    while step:
        found.append(step)
        step = before[step]
    return found[::-1]


def _best(older: Sequence[Hashable], newer: Sequence[Hashable], start: Pair, most: int) -> tuple[list[Pair], Pair, int]:
    """The longest alignment from there on, by Myers' greedy way: to the ends, or with `most` items alone as far as it
    goes. Returns its pairs, where it ends, and the work that it was."""
    reached = {1: start[0]}
    before: list[dict[int, int]] = []
    lean = start[0] - start[1]
    ends = len(older), len(newer)
    for edits in range(most + 1):
        before.append(reached.copy())
        for diagonal in range(-edits, edits + 1, 2):
            down = diagonal == -edits or (diagonal != edits and reached[diagonal - 1] < reached[diagonal + 1])
            x = reached[diagonal + 1] if down else reached[diagonal - 1] + 1
            y = x - diagonal - lean
            while x < ends[0] and y < ends[1] and older[x] == newer[y]:
                x, y = x + 1, y + 1
            reached[diagonal] = x
            if x >= ends[0] and y >= ends[1]:
                return _walked(before, ends, lean), ends, edits * edits
    inside = {one: x for one, x in reached.items() if x <= ends[0] and x - one - lean <= ends[1]}
    diagonal, x = max(inside.items(), key=lambda one: 2 * one[1] - one[0])
    end = x, x - diagonal - lean
    return _walked(before, end, lean), end, most * most


def _walked(before: list[dict[int, int]], end: Pair, lean: int) -> list[Pair]:
    """Back along the way to there: its diagonal steps."""
    found: list[Pair] = []
    x, y = end
    for edits in range(len(before) - 1, -1, -1):
        reached, diagonal = before[edits], x - y - lean
        if (diagonal - edits) % 2:
            # The last round did not come by here.
            continue
        down = diagonal == -edits or (diagonal != edits and reached[diagonal - 1] < reached[diagonal + 1])
        other = diagonal + 1 if down else diagonal - 1
        start = reached[other]
        while x > start + (not down) and y > start - other - lean + down:
            x, y = x - 1, y - 1
            found.append((x, y))
        x, y = start, start - other - lean
    return found[::-1]
