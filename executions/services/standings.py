"""How activities that have not ended are doing: for their rows, of which the history says nothing before their end."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from executions.services import joined
from executions.services.attempts import Attempt
from executions.services.history_index import Index
from executions.services.slices import in_slices
from executions.services.steps import Step
from executions.services.waits import Facts, is_old

MOST = 60
"""Rows that a page is told of: those that fail come first."""


@dataclass(frozen=True, slots=True)
class Standing:
    step_id: int
    word: str
    """retrying, running or not picked up."""
    since: datetime | None
    """Of the first failure, of the attempt's beginning, of its schedule."""
    failures: int = 0
    error: str = ""
    """Of the last attempt that failed."""
    most: int = 0
    """Attempts that it may have; 0 for any number."""

    @property
    def is_failing(self) -> bool:
        return self.failures > 0

    @property
    def words(self) -> str:
        """What a row says of it, for a search."""
        return f"{self.word} {self.error}"


def attempt_of(step: Step, facts: Facts) -> Attempt | None:
    """What is announced of an activity that has not ended."""
    if facts.announced is None:
        return None
    return facts.announced.attempt(joined.activity_id(step), step.name, step.opened.time, facts.run_ids)


def of(step: Step, facts: Facts) -> Standing | None:
    """None where nothing is known but that it has not ended, or it is no activity."""
    if step.kind != "activity" or step.closed is not None:
        return None
    return _told(step, attempt_of(step, facts), facts)


def _told(step: Step, attempt: Attempt | None, facts: Facts) -> Standing | None:
    if attempt and attempt.failures:
        most = step.most_attempts
        return Standing(step.id, "retrying", attempt.failing_since, attempt.failures, attempt.error, most)
    if attempt or step.started:
        return Standing(step.id, "running", step.started.time if step.started else attempt.began if attempt else None)
    known = facts.announced
    if known and known.complete and known.seen and is_old(step.opened, facts):
        return Standing(step.id, "not picked up", step.opened.time)
    return None


def standings(steps: Sequence[Step], facts: Facts) -> list[Standing]:
    """Of the activities that have not ended, as many as a page is told of."""
    failing = facts.announced.failing() if facts.announced else set()
    opened = [step for step in steps if step.kind == "activity" and step.closed is None]
    if len(opened) > MOST:
        opened.sort(key=lambda step: step.name not in failing)
    return [found for step in opened[:MOST] if (found := of(step, facts))]


def by_step(index: Index, facts: Facts, *, failing: bool) -> dict[int, Standing]:
    """Of the activities that have not ended, by the ids of their steps. `failing`: only those retrying.

    It goes from what is announced to the steps: a history may have far more of them, and every page of it asks.
    """
    told = list(facts.announced.tasks.items()) if facts.announced else []
    numbers = {number for (_, number), one in told if one.failures or not failing}
    steps = (step for number in numbers for step in joined.steps_of(index, number) if step.closed is None)
    found = {step.id: of(step, facts) for step in in_slices(steps)}
    if failing:
        return {step_id: one for step_id in sorted(found) if (one := found[step_id]) and one.is_failing}
    every = (
        (step.id, found[step.id] if step.id in found else _told(step, None, facts)) for step in index.open_activities
    )
    return {step_id: one for step_id, one in in_slices(every) if one}
