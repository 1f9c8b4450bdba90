"""What a waterfall says of its spans beyond what each says itself.

Where its bar ends, how long it worked itself, whether the whole waited for it, and which spans are attempts at the same
thing.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable

from executions.services.slices import in_slices
from executions.services.spans import Node

Children = list[list[int]]
"""The places of each span's children, in order of start."""
Pieces = tuple[list[int], list[int]]
"""Of time in which something ran: where each begins, and where it ends."""


def arrange(nodes: list[Node], ended: int | None = None) -> tuple[int, int]:
    """Fill in what the others decide about each span. Returns when the first begins and the last ends.

    `ended`: when the execution did; for what goes on after that nobody waits.
    """
    starts = [node.start for node in nodes if node.start]
    ends = [node.end for node in nodes if node.end]
    first = min(starts, default=0)
    last = max([*starts, *ends, *([ended] if ended else [])], default=0)
    children: Children = [[] for _ in nodes]
    for place, node in enumerate(nodes):
        if node.parent >= 0:
            children[node.parent].append(place)
    reach = _bars(nodes, children, first, last)
    _own_times(nodes, children)
    _critical(nodes, children, reach, ended)
    for below in in_slices(_families(nodes, children)):
        _attempts(nodes, below)
    return first, last


def _bars(nodes: list[Node], children: Children, first: int, last: int) -> list[int]:
    """Begin and end of each bar. Returns when the last of a span and its descendants ends.

    The vendor's worker makes a workflow's own span zero long: such a bar goes to the end of its last descendant.
    """
    reach = [0] * len(nodes)
    # Backwards: a span's descendants stand behind it.
    for place in in_slices(range(len(nodes) - 1, -1, -1)):
        node, below = nodes[place], children[place]
        node.last = nodes[below[-1]].last if below else place
        node.begin = node.start or first
        ends = max((reach[child] for child in below), default=0)
        if node.end is None:
            node.until = last
        elif below and node.end <= node.begin:
            node.until = node.end = max(ends, node.end)
            node.is_moment = True
        else:
            node.until = max(node.end, node.begin)
        reach[place] = max(node.until, ends)
    return reach


def _own_times(nodes: list[Node], children: Children) -> None:
    """A span's time without that of all below it: a worker's spans often end before what they have started."""
    busy: dict[int, Pieces] = {}
    for place in in_slices(range(len(nodes) - 1, -1, -1)):
        node = nodes[place]
        mine = busy[place] = _together([busy.pop(child) for child in children[place]])
        node.own = node.until - node.begin - _put(mine, node.begin, node.until)


def _together(below: list[Pieces]) -> Pieces:
    """The same pieces of time as one list. Few go into many: a staircase of spans costs no more than other traces."""
    if not below:
        return [], []
    found = max(below, key=lambda one: len(one[0]))
    rest = [piece for starts, ends in below if starts is not found[0] for piece in zip(starts, ends, strict=True)]
    if len(rest) * 8 > len(found[0]):
        starts, ends = found
        rest, found = sorted([*zip(starts, ends, strict=True), *rest]), ([], [])
    for start, end in rest:
        _put(found, start, end)
    return found


def _put(pieces: Pieces, start: int, end: int) -> int:
    """Put one in among those that are apart from each other, in order. Returns how much of it they had already."""
    starts, ends = pieces
    low, high = bisect_left(ends, start), bisect_right(starts, end)
    had = sum(min(ends[place], end) - max(starts[place], start) for place in range(low, high))
    if low < high:
        start, end = min(start, starts[low]), max(end, ends[high - 1])
    starts[low:high], ends[low:high] = [start], [end]
    return had


def _critical(nodes: list[Node], children: Children, reach: list[int], ended: int | None) -> None:
    """From the end backwards: what a span waited for last, then what it waited for before that one began."""
    tops = [place for place, node in enumerate(nodes) if node.parent < 0]
    if not tops:
        return
    top = max(tops, key=lambda place: reach[place])
    is_known = ended is not None and ended > nodes[top].begin
    stack = [(top, min(reach[top], ended) if ended and is_known else reach[top])]
    while stack:
        place, moment = stack.pop()
        node, end = nodes[place], moment
        node.critical = max(node.critical, 0)
        for child in sorted(children[place], key=lambda child: reach[child], reverse=True):
            done, start = min(reach[child], end), nodes[child].begin
            if done > moment or done <= start:
                # One that others went on without, or that took no time.
                continue
            if done <= node.begin:
                break
            node.critical += max(min(moment, node.until) - done, 0)
            stack.append((child, done))
            moment = start
        node.critical += max(min(moment, node.until) - node.begin, 0)


def _families(nodes: list[Node], children: Children) -> Iterable[list[int]]:
    yield [place for place, node in enumerate(nodes) if node.parent < 0]
    yield from (below for below in children if len(below) > 1)


def _attempts(nodes: list[Node], below: list[int]) -> None:
    """Among siblings: those of one name, one after the other, each begun after the one before had failed."""
    groups: dict[tuple[str, str], list[int]] = {}
    for place in below:
        groups.setdefault((nodes[place].name, nodes[place].activity), []).append(place)
    for group in groups.values():
        chain: list[Node] = []
        for place in group:
            node = nodes[place]
            if chain and not (chain[-1].failed and chain[-1].until <= node.begin):
                _number(chain)
                chain = []
            chain.append(node)
        _number(chain)


def _number(chain: list[Node]) -> None:
    for number, node in enumerate(chain, 1):
        if len(chain) > 1:
            node.attempt, node.attempts = node.attempt or number, max(len(chain), chain[-1].attempt)
