"""Stack traces with the frames of libraries folded: what the workflow's own code did stands out."""

import re
from dataclasses import dataclass
from itertools import groupby

_FRAME = re.compile(r'\s*File "([^"]*)", line \d+')
_LIBRARY = re.compile(
    r"[\\/](?:site|dist)-packages[\\/]|[\\/]lib[\\/]python\d|[\\/]temporalio[\\/]|^<frozen |^asyncio[\\/]", re.I
)


@dataclass(frozen=True, slots=True)
class Part:
    """Lines of a trace that follow each other."""

    words: str
    frames: int = 0
    """How many frames of libraries they are; 0 for what is not folded."""


def parts(stack: str) -> list[Part]:
    """A Python trace, with its libraries' frames apart; empty where nothing is to be folded, or nothing would stay."""
    pieces: list[tuple[bool, list[str]]] = []
    """Frames, and what stands between them: whether a library's, and its lines."""
    for line in stack.splitlines():
        found = _FRAME.match(line)
        if found:
            pieces.append((bool(_LIBRARY.search(found[1])), [line]))
        elif pieces and (not line.strip() or line.startswith("    ")):
            pieces[-1][1].append(line)
        else:
            pieces.append((False, [line]))
    is_own = [bool(_FRAME.match(lines[0])) and not library for library, lines in pieces]
    if not any(is_own) or not any(library for library, _ in pieces):
        return []
    return _grouped(pieces)


def _grouped(pieces: list[tuple[bool, list[str]]]) -> list[Part]:
    found: list[Part] = []
    for library, some in groupby(pieces, key=lambda piece: piece[0]):
        words = ["\n".join(lines).strip("\n") for _, lines in some]
        found.append(Part("\n".join(words), len(words) if library else 0))
    return found
