"""The range of time that a reader chose: what every tab of an execution shows then, and nothing else."""

from dataclasses import dataclass
from datetime import datetime

from executions.services import text


@dataclass(frozen=True, slots=True)
class TimeRange:
    """Both ends belong to it; without one it is open there. True where anything is chosen."""

    after: datetime | None = None
    before: datetime | None = None

    def __bool__(self) -> bool:
        return bool(self.after or self.before)

    def has(self, moment: datetime | None) -> bool:
        """Whether something of that moment shows. What has no time shows only where nothing is chosen."""
        if not self:
            return True
        if moment is None:
            return False
        return not ((self.after and moment < self.after) or (self.before and moment > self.before))


def of(chosen: dict[str, str | None]) -> TimeRange:
    """Of `after` and `before` as the address has them."""
    after, before = (text.parse_iso(chosen.get(name) or "") for name in ("after", "before"))
    return TimeRange(after, before)
