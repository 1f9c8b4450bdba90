"""Rows by the thousand, from a template that is rendered once for each shape of row and then only filled in.

A row's shape is what its template may tell apart: which of its texts and times are there, whether a number is one,
more or none, and all its other values. So a row's template may test a text or print it, but not ask for its length or
for anything else about it; and print a number that is more than one as it is, with thousands, or with a plural.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from html import escape
from operator import attrgetter
from typing import Any

from django.template.loader import get_template

from executions.templatetags.execution_tags import clock, thousands

SHAPES = 500
"""Of rows, kept with what their templates make of them."""
_TIME = datetime(1, 1, 1, 1, 1, 1, 1000, UTC)
"""Stands for a row's time: nobody's."""
_FIRST = 0xE000
"""The first of the characters that stand for a row's texts: they are nobody's, and the same when escaped."""
_MANY = 7_302_918_564_000
"""The first of the numbers that stand for a row's: nobody's."""


class Mould:
    """Makes rows of one class: `fields` are theirs, each a text, a time, or something else of few values."""

    def __init__(self, template: str, name: str, fields: tuple[str, ...]) -> None:
        self._template, self._name, self._fields = template, name, fields
        self._values = attrgetter(*fields)
        self._of_shape = lru_cache(SHAPES)(self._made)

    def html(self, row: Any) -> str:
        """What the template makes of the row, with its time as `when` shows a row's."""
        values = self._values(row)
        pieces = [*self._of_shape(tuple([_kind(value) for value in values]))]
        for place in range(1, len(pieces), 2):
            number, written = pieces[place]
            pieces[place] = written(values[number])
        return "".join(pieces)

    def _made(self, shape: tuple[Any, ...]) -> list[Any]:
        """A row of this shape in pieces, in turns: text of the template's; a field's number, and how to write it."""
        row: dict[str, Any] = {}
        marks: dict[str, tuple[int, Callable[[Any], str]]] = {}
        for number, (field, kind) in enumerate(zip(self._fields, shape, strict=True)):
            row[field] = kind
            if kind is str:
                row[field] = mark = chr(_FIRST + number)
                marks[mark] = number, escape
            elif kind is datetime:
                row[field] = _TIME
                marks |= {_TIME.isoformat(): (number, datetime.isoformat), clock(_TIME): (number, clock)}
            elif kind is int:
                row[field] = many = _MANY + number
                marks |= {str(many): (number, str), thousands(many): (number, thousands)}
        html: str = get_template(self._template).render({self._name: row, "selected": ""})
        # The longer mark first: one may begin with the other.
        found = (
            re.split(f"({'|'.join(map(re.escape, sorted(marks, key=len, reverse=True)))})", html) if marks else [html]
        )
        return [marks[piece] if place % 2 else piece for place, piece in enumerate(found)]


def _kind(value: Any) -> Any:
    """Of a text, a time or a number above one, which of them it is; of an empty text and of all else, the value."""
    if isinstance(value, str):
        return str if value else ""
    if isinstance(value, int) and value > 1:
        return int
    return datetime if isinstance(value, datetime) else value
