"""Two JSON values side by side: which of their parts are not the same, and what in a long text is another line.

Both come from upstream: large, deep or odd ones are bounded, and the bound is said.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import msgspec

from executions.services import temporal, text
from executions.services.alignment import aligned

PARTS_SHOWN = 50
DEPTH = 12
"""Levels that are compared by parts; below, as a whole."""
LINES_COMPARED, LINES_SHOWN, LINE_LIMIT = 2_000, 60, 300
AROUND = 2
"""Lines that stay the same, shown before and after those that do not."""
VALUE_LIMIT, BEFORE = 300, 40
"""Characters of a value that are shown, and how many of them before the first that differs."""
_MISSING = object()


@dataclass(frozen=True, slots=True)
class Value:
    """A value of one side. `raw` is empty where there is none."""

    raw: bytes = b""

    @property
    def is_there(self) -> bool:
        return bool(self.raw)

    @property
    def is_large(self) -> bool:
        """Too large to be decoded for a page."""
        return len(self.raw) > text.RAW_LIMIT

    @property
    def shown(self) -> str:
        return text.pretty_raw(self.raw) if self.is_there else ""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of two texts: in both (" "), in the older (-), in the newer (+); or a number of them left out (…)."""

    mark: str
    words: str


@dataclass(frozen=True, slots=True)
class Difference:
    """A part that is not the same."""

    path: str
    older: str
    newer: str
    lines: tuple[Line, ...] = ()
    """Of texts with several lines: where they differ, in place of the whole."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Differences:
    older: Value
    newer: Value
    parts: tuple[Difference, ...] = ()
    has_more: bool = False

    @property
    def kind(self) -> str:
        """neither, one, same, large or parts."""
        if not (self.older.is_there and self.newer.is_there):
            return "one" if self.older.is_there or self.newer.is_there else "neither"
        if self.parts:
            return "parts"
        return "same" if self.older.raw == self.newer.raw or not self.is_large else "large"

    @property
    def is_same(self) -> bool:
        """Whether both have the same, or none."""
        return self.kind in {"neither", "same"}

    @property
    def is_large(self) -> bool:
        return self.older.is_large or self.newer.is_large

    @property
    def only(self) -> Value:
        return self.older if self.older.is_there else self.newer


def between(older: Value, newer: Value) -> Differences:
    """What is not the same in two values that may be missing."""
    found = Differences(older, newer)
    if older.raw == newer.raw or found.is_large or not (older.is_there and newer.is_there):
        return found
    parts = tuple(islice(_parts(text.decode(older.raw), text.decode(newer.raw), "", DEPTH), PARTS_SHOWN + 1))
    return Differences(older, newer, parts[:PARTS_SHOWN], len(parts) > PARTS_SHOWN)


def payload(value: Any) -> Value:
    """A payload, or several, of a history's event; those that cannot be decoded are said, not shown."""
    found = temporal.payload(value)
    return Value(b"" if value is None or found == [] else text.encode(found) or msgspec.json.encode(text.UNPRINTABLE))


def _parts(older: Any, newer: Any, path: str, depth: int) -> Iterator[Difference]:
    if _same(older, newer):
        return
    if isinstance(older, dict) and isinstance(newer, dict) and depth:
        for key in dict.fromkeys([*older, *newer]):
            place = f"{path}.{key}" if path else key
            yield from _parts(older.get(key, _MISSING), newer.get(key, _MISSING), place, depth - 1)
    elif isinstance(older, list) and isinstance(newer, list) and depth:
        for place in range(max(len(older), len(newer))):
            one, other = (values[place] if place < len(values) else _MISSING for values in (older, newer))
            yield from _parts(one, other, f"{path}[{place}]", depth - 1)
    else:
        yield _difference(older, newer, text.clean(path or "the whole", 200))


def _same(older: Any, newer: Any) -> bool:
    if older is _MISSING or newer is _MISSING:
        return older is newer
    # As JSON: `1` and `true` are equal in Python.
    return text.encode(older) == text.encode(newer)


def _difference(older: Any, newer: Any, path: str) -> Difference:
    if isinstance(older, str) and isinstance(newer, str):
        if "\n" in older or "\n" in newer:
            lines = tuple(_lines(older.splitlines(), newer.splitlines()))
            if any(line.mark in "+-" for line in lines):
                return Difference(path, "", "", lines)
        one, other = _around(older, newer)
    else:
        one, other = _shown(older), _shown(newer)
        if one == other and type(older) is type(newer):
            one, other = _around(*(text.encode(value).decode(errors="replace") for value in (older, newer)))
    alike = one == other
    kinds = alike and type(older) is not type(newer)
    note = f"{_kind(older)}, then {_kind(newer)}" if kinds else "they differ in what cannot be shown" if alike else ""
    return Difference(path, one, other, note=note)


def _kind(value: Any) -> str:
    names = {str: "text", bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "an object"}
    return names.get(type(value), "null")


def _shown(value: Any) -> str:
    if value is _MISSING:
        return "—"
    return "null" if value is None else text.one_line(value, VALUE_LIMIT)


def _around(older: str, newer: str) -> tuple[str, str]:
    """Two texts, cut so that the first difference shows."""
    place, most = 0, min(len(older), len(newer))
    while place < most:
        middle = (place + most + 1) // 2
        if older[place:middle] == newer[place:middle]:
            place = middle
        else:
            most = middle - 1
    start = place - BEFORE if place > VALUE_LIMIT - BEFORE else 0
    one, other = (("…" if start else "") + text.one_line(value[start:], VALUE_LIMIT) for value in (older, newer))
    return one or '""', other or '""'


def _lines(older: list[str], newer: list[str]) -> Iterator[Line]:
    """The lines that are not the same, with their neighbours."""
    cut = max(len(older), len(newer)) > LINES_COMPARED
    older, newer = older[:LINES_COMPARED], newer[:LINES_COMPARED]
    rows = list(aligned(older, newer).rows(len(older), len(newer)))
    alone = [place for place, row in enumerate(rows) if None in row]
    shown = sorted({near for place in alone for near in range(place - AROUND, place + AROUND + 1)})
    shown = [place for place in shown if 0 <= place < len(rows)]
    before = -1
    for place in shown[:LINES_SHOWN]:
        if place > before + 1:
            yield Line("…", _left_out(place - before - 1))
        i, j = rows[place]
        words = older[i] if i is not None else newer[j or 0]
        yield Line(" " if i is not None and j is not None else "-" if j is None else "+", text.clean(words, LINE_LIMIT))
        before = place
    if len(shown) > LINES_SHOWN or cut:
        yield Line("…", "more that is not shown" if len(shown) > LINES_SHOWN else "what comes later is not compared")


def _left_out(count: int) -> str:
    return f"{count:,} line{'s' if count > 1 else ''} the same"
