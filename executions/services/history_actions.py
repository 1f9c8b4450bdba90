"""What operators did, as rows among those of a history."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from executions.services.audit import Entry

OPERATOR = "operator"


class Timed(Protocol):
    @property
    def time(self) -> datetime | None: ...


R = TypeVar("R", bound=Timed)


@dataclass(frozen=True, slots=True)
class ActionRow:
    """What an operator did, where it stands among the events."""

    entry: Entry
    category: str = OPERATOR
    kind: str = OPERATOR

    @property
    def id(self) -> str:
        return str(self.entry.action.id)

    @property
    def time(self) -> datetime:
        return self.entry.action.at

    @property
    def words(self) -> str:
        """What a search looks at."""
        action, outcome = self.entry.action, self.entry.outcome
        said = f"{outcome.code} {outcome.message}" if outcome else ""
        words = (self.id, action.username, self.entry.label, action.name, action.reason, action.detail)
        return " ".join((*words, self.entry.result, said))


def with_actions(rows: Sequence[R], did: Iterable[ActionRow]) -> list[R | ActionRow]:
    """The rows, in the engine's order, with what operators did meanwhile, oldest first."""
    waiting = [*did][::-1]
    found: list[R | ActionRow] = []
    for place, row in enumerate(rows):
        if not waiting:
            found.extend(rows[place:])
            break
        while waiting and row.time and waiting[-1].time < row.time:
            found.append(waiting.pop())
        found.append(row)
    return [*found, *reversed(waiting)]
