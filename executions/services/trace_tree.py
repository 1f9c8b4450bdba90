"""What a waterfall says of its spans beyond what each says itself.

Where its bar ends, how long it worked itself, whether the whole waited for it, and which spans are attempts at the same
thing.
"""

from collections.abc import Iterable

from executions.services.spans import Node

Children = list[list[int]]
"""The places of each span's children, in order of start."""
MOST_PIECES = 500
"""Pieces of time in which something ran that are carried from a span to those above it."""


def arrange(nodes: list[Node], ended: int | None = None) -> tuple[int, int]:
    """Fill in what the others decide about each span. Returns when the first begins and the last ends.

    `ended`: when the execution did.
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
    _critical(nodes, children, reach)
    for below in _families(nodes, children):
        _attempts(nodes, below)
    return first, last


def _bars(nodes: list[Node], children: Children, first: int, last: int) -> list[int]:
    """Begin and end of each bar. Returns when the last of a span and its descendants ends.

    The vendor's worker makes a workflow's own span zero long: such a bar goes to the end of its last descendant.
    """
    reach = [0] * len(nodes)
    # Backwards: a span's descendants stand behind it.
    for place in range(len(nodes) - 1, -1, -1):
        node, below = nodes[place], children[place]
        node.last = nodes[below[-1]].last if below else place
        node.begin = node.start or first
        ends = max((reach[child] for child in below), default=0)
        if node.end is None:
            node.until = last
        elif below and node.end <= node.begin:
            node.until = node.end = max(ends, node.end)
        else:
            node.until = max(node.end, node.begin)
        reach[place] = max(node.until, ends)
    return reach


def _own_times(nodes: list[Node], children: Children) -> None:
    """A span's time without that of all below it: a worker's spans often end before what they have started."""
    covers: list[list[tuple[int, int]]] = [[] for _ in nodes]
    for place in range(len(nodes) - 1, -1, -1):
        node, below = nodes[place], _merged([one for child in children[place] for one in covers[child]])
        covered = sum(max(min(end, node.until) - max(start, node.begin), 0) for start, end in below)
        node.own = max(node.until - node.begin - covered, 0)
        covers[place] = _merged([*below, (node.begin, node.until)])
        for child in children[place]:
            covers[child] = []


def _merged(pieces: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """In order, without overlaps; as one where they are too many."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(pieces):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found if len(found) <= MOST_PIECES else [(found[0][0], found[-1][1])]


def _critical(nodes: list[Node], children: Children, reach: list[int]) -> None:
    """From the end backwards: what a span waited for last, then what it waited for before that one began."""
    tops = [place for place, node in enumerate(nodes) if node.parent < 0]
    if not tops:
        return
    top = max(tops, key=lambda place: reach[place])
    stack = [(top, reach[top])]
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
