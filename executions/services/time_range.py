"""The range of time that a reader chose: what every tab of an execution shows then, and nothing else."""

from dataclasses import dataclass
from datetime import datetime

from executions.services import text

FINE = 10.0
"""Of a range that has fewer seconds, the milliseconds are told."""


@dataclass(frozen=True, slots=True)
class TimeRange:
    """Both ends belong to it; without one it is open there. True where anything is chosen."""

    after: datetime | None = None
    before: datetime | None = None

    def __bool__(self) -> bool:
        return bool(self.after or self.before)

    @property
    def seconds(self) -> float | None:
        """How long it is; None where one end is open."""
        return max((self.before - self.after).total_seconds(), 0.0) if self.after and self.before else None

    @property
    def style(self) -> str:
        """How its ends are written."""
        return "time" if self.seconds is not None and self.seconds < FINE else "clock"

    def has(self, moment: datetime | None) -> bool:
        """Whether something of that moment shows. What has no time shows only where nothing is chosen."""
        if not self:
            return True
        if moment is None:
            return False
        return not ((self.after and moment < self.after) or (self.before and moment > self.before))


def is_reversed(after: datetime | None, before: datetime | None) -> bool:
    """Whether it ends before it begins: it is meant the other way round, and taken so."""
    return bool(after and before and after > before)


def of(chosen: dict[str, str | None]) -> TimeRange:
    """Of `after` and `before` as the address has them."""
    after, before = (text.parse_iso(chosen.get(name) or "") for name in ("after", "before"))
    return TimeRange(before, after) if is_reversed(after, before) else TimeRange(after, before)
