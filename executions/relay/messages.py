"""What viewers get, as the text that is sent to them: made once, however many of them get it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Literal

FIRST_TIME, LAST_TIME = (moment.replace(tzinfo=UTC) for moment in (datetime.min, datetime.max))

_quoted = json.encoder.encode_basestring_ascii
"""A text as JSON: of `json.dumps`, what does the work."""

StateName = Literal["live", "reconnecting", "ended", "failed"]


@dataclass(frozen=True, slots=True)
class Item:
    """A row: its id, the JSON that viewers get for it, and its time if it has one."""

    id: str
    """Upstream's, or one made for a row that came without: see `connection.upstream_id`."""
    text: str
    time: datetime | None = None

    @property
    def size(self) -> int:
        return len(self.text)


class SharedText(str):
    """A text that goes to many."""

    __slots__ = ("frame",)
    frame: Any
    """What a server makes of it for sending, kept for the next one who gets it; see `console.frames`."""

    def __new__(cls, text: str) -> "SharedText":
        made = super().__new__(cls, text)
        made.frame = None
        return made


@dataclass(frozen=True)
class Batch:
    """Rows in order."""

    items: tuple[Item, ...]

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Item]:
        return iter(self.items)

    @cached_property
    def size(self) -> int:
        return sum(item.size for item in self.items)

    @cached_property
    def earliest(self) -> datetime:
        """No row of it is older; one without a time is never too old."""
        return min((item.time for item in self.items if item.time), default=LAST_TIME)

    @cached_property
    def places(self) -> dict[str, int]:
        """By the rows' ids."""
        return {item.id: place for place, item in enumerate(self.items)}

    @cached_property
    def text(self) -> SharedText:
        return SharedText(f'{{"type": "items", "items": [{", ".join(item.text for item in self.items)}]}}')


@dataclass(frozen=True, slots=True)
class State:
    """What the upstream stream is doing, in words a person understands."""

    name: StateName
    detail: str = ""
    missing: bool = False
    """Failed, because there is no such execution."""

    @property
    def text(self) -> str:
        return json.dumps({"type": "state", "state": self.name, "detail": self.detail})


@dataclass(frozen=True, slots=True)
class Gap:
    """Rows after this id can no longer be replayed."""

    after: str

    @property
    def text(self) -> str:
        return json.dumps({"type": "gap", "after": self.after})


Message = State | Gap | Batch


def item(row_id: str, html: str, time: datetime | None) -> Item:
    return Item(row_id, f'{{"id": {_quoted(row_id)}, "html": {_quoted(html)}}}', time)
