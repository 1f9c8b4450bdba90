"""What a reset to a point would do, read from the history: what is kept, thrown away, and run again.

Found by resetting on a real engine, at every point of many histories (a test does so with the sandbox's workflows):

- The events before the point are copied. The point itself, a completed workflow task, becomes a failed one, and that
  task is done once more: what it had ordered at the point is ordered again.
- Signals and updates after the point are handed over at once, before the task, in their order; unless they are left
  out. A request to cancel after the point is not repeated; one before it stays.
- An activity that was scheduled before the point and had not ended runs again, from its first attempt.
- A timer that was running keeps its deadline. One that is past fires within a second.
- A child that was started before the point and had not ended stays the new run's: its result arrives there, also if
  it has long ended. A child from after the point goes on by itself, and the new run starts another; if that one has
  the same id while the first still runs, it cannot start.
- Limits of time start from their beginning.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from executions.services import steps, temporal, text
from executions.services.causes import Cause
from executions.services.history import EventRow
from executions.services.reset_points import ResetPoint
from executions.services.runs import Run
from executions.services.steps import Step

NAMES_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a reset to a point does."""

    point: ResetPoint
    total: int
    thrown_from: datetime | None
    thrown_until: datetime | None
    again: tuple[Step, ...]
    """Activities that ended after the point, and that the new run comes to again."""
    pending: tuple[Step, ...]
    """Activities under way at the point: they begin again at once."""
    perhaps: tuple[Step, ...]
    """Activities from after something that the new run does not get."""
    unlike: str
    """What that is."""
    applied: tuple[Step, ...]
    """Signals and updates that the new run gets."""
    left_out: tuple[Step, ...]
    lost_cancel: Step | None
    kept_cancel: Step | None
    orphans: tuple[Step, ...]
    """Children from after the point: they go on by themselves."""
    children: tuple[Step, ...]
    """Children from before it that had not ended."""
    timers: tuple[Step, ...]
    """Running at the point."""
    messages: tuple[Step, ...]
    """Signals and cancels to other executions, sent again."""
    work_seconds: float
    """How long activities were at work after the point, as far as the history tells; at the same time counts once."""
    work_is_partial: bool
    """Whether there was more: earlier attempts and local activities leave no times, nor does what has not ended."""
    has_time_limit: bool

    @property
    def kept(self) -> int:
        return self.point.event_id - 1

    @property
    def thrown_away(self) -> int:
        return self.total - self.kept

    @property
    def seconds(self) -> float | None:
        if self.thrown_from is None or self.thrown_until is None:
            return None
        return max((self.thrown_until - self.thrown_from).total_seconds(), 0)

    @property
    def runs_again(self) -> tuple[Step, ...]:
        """In the order in which they begin."""
        return (*self.pending, *self.again)

    @property
    def once_more(self) -> list[tuple[str, int]]:
        """The names of what runs again, each with how often, most often first."""
        return self._names.most_common(NAMES_SHOWN)

    @property
    def other_names(self) -> int:
        """How many more there are."""
        return max(len(self._names) - NAMES_SHOWN, 0)

    @property
    def _names(self) -> Counter[str]:
        return Counter(step.name or "—" for step in self.runs_again)

    @property
    def has_worked(self) -> bool:
        return bool(self.pending or self.again or self.perhaps)

    @property
    def repeats_effects(self) -> bool:
        """Whether something happens again that may have done its work; an activity that failed has not."""
        done = any(step.outcome != "failed" for step in (*self.runs_again, *self.perhaps))
        return done or bool(self.orphans or self.messages)

    @property
    def goes_alike(self) -> bool:
        """Whether nothing happens again, or is left out, that could come out in another way."""
        other = (self.runs_again, self.perhaps, self.applied, self.left_out, self.orphans, self.messages)
        return not any(other) and self.lost_cancel is None

    @property
    def open_orphans(self) -> bool:
        return any(one.closed is None for one in self.orphans)


def rehearse(
    events: Sequence[EventRow], point: ResetPoint, *, exclude_signals: bool = False, exclude_updates: bool = False
) -> Rehearsal:
    """What a reset of this run to this point does."""
    here = point.event_id
    done = steps.steps(events)
    later = [one for one in done if one.id > here]
    excluded = {kind for kind, is_excluded in (("signal", exclude_signals), ("update", exclude_updates)) if is_excluded}
    left_out = [one for one in later if one.kind in excluded]
    cancels = [one for one in done if one.kind == "cancel"]
    missing = [*left_out, *(one for one in cancels if one.id > here)]
    # Up to the first thing that the new run does not get, it goes as it went.
    parting = min(missing, key=lambda one: one.id, default=None)
    until = parting.id if parting else events[-1].id + 1
    worked = [one for one in later if one.kind in {"activity", "local activity"}]
    pending = _open(done, "activity", here)
    gone = events[bisect_left([one.id for one in events], here) :]
    return Rehearsal(
        point=point,
        total=len(events),
        thrown_from=point.time,
        thrown_until=max((one.time for one in gone if one.time), default=None),
        again=tuple(one for one in worked if one.id < until),
        pending=pending,
        perhaps=tuple(one for one in worked if one.id > until),
        unlike=_named(parting) if parting else "",
        applied=tuple(one for one in later if one.kind in {"signal", "update"} - excluded),
        left_out=tuple(left_out),
        lost_cancel=next((one for one in cancels if one.id > here), None),
        kept_cancel=next((one for one in cancels if one.id < here), None),
        orphans=tuple(one for one in later if one.kind == "child"),
        children=_open(done, "child", here),
        timers=_open(done, "timer", here),
        messages=tuple(one for one in later if one.kind == "message" and one.id < until),
        has_time_limit=_has_time_limit(events),
        work_seconds=_at_work([*pending, *worked], point.time),
        work_is_partial=any(_has_untold(one) for one in (*pending, *worked)),
    )


def fails_alike(run: Run, cause: Cause | None, said: Rehearsal) -> bool:
    """Whether a run that failed will most likely fail once more: what failed is kept, or nothing can come out anew."""
    if run.status.value != "FAILED" or cause is None:
        return False
    return cause.event_id < said.point.event_id or said.goes_alike


def _at_work(worked: Iterable[Step], since: datetime | None) -> float:
    """Seconds in which at least one of them ran. What did not start only waited."""
    spans = []
    for one in worked:
        if one.started and one.started.time and one.closed and one.closed.time:
            spans.append((max(one.started.time, since or one.started.time), one.closed.time))
    total, until = timedelta(), None
    for begin, end in sorted(spans):
        total += max(end - (max(begin, until) if until else begin), timedelta())
        until = max(end, until) if until else end
    return total.total_seconds()


def _has_untold(step: Step) -> bool:
    return step.closed is None or step.kind == "local activity" or step.attempt > 1


def _open(done: Iterable[Step], kind: str, here: int) -> tuple[Step, ...]:
    return tuple(one for one in done if one.kind == kind and one.is_open_at(here))


def _named(step: Step) -> str:
    return "the request to cancel" if step.kind == "cancel" else f"the {step.kind} {step.name or '—'}"


def _has_time_limit(events: Sequence[EventRow]) -> bool:
    started = temporal.attributes(events[0].body)
    limits = (text.label(started.get(key), 40) for key in ("workflowRunTimeout", "workflowExecutionTimeout"))
    return any(limit.strip("0.s") for limit in limits)
