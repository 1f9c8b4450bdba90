"""How activities that have not ended are doing: for their rows, of which the history says nothing before their end."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from executions.services import temporal
from executions.services.attempts import Attempt
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
    activity_id = temporal.activity_id(temporal.attributes(step.opened.body).get("activityId"))
    return facts.announced.attempt(activity_id, step.name, step.opened.time, facts.run_ids)


def of(step: Step, facts: Facts) -> Standing | None:
    """None where nothing is known but that it has not ended, or it is no activity."""
    if step.kind != "activity" or step.closed is not None:
        return None
    attempt = attempt_of(step, facts)
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


def by_step(activities: Iterable[Step], facts: Facts, *, failing: bool) -> dict[int, Standing]:
    """Of these activities, which have not ended, by the ids of their steps. `failing`: only those retrying."""
    names = facts.announced.failing() if facts.announced else set()
    found = (of(step, facts) for step in activities if not failing or step.name in names)
    return {one.step_id: one for one in found if one and (one.is_failing or not failing)}
