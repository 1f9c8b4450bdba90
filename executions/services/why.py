"""Why an execution is not moving: one sentence, from facts that the API gives.

The history says what is open, the event stream what became of attempts, the registration which signals are taken.
Where they do not tell, the sentence says so, and what was looked at.
"""

from dataclasses import dataclass, replace

from executions.services import causes, runs, temporal, text
from executions.services.causes import Cause, Place
from executions.services.history import EventRow, cancel_requested
from executions.services.pending import found_id, idle, pending, unseen
from executions.services.sentences import Part, Parts, as_text, at, begun, event, name, said, say
from executions.services.steps import Step
from executions.services.waits import ABOUT_TO, OUTSIDE, Facts, Pending

_CLOSERS = ("Completed", "Failed", "Canceled", "Terminated", "TimedOut", "ContinuedAsNew")


@dataclass(frozen=True, slots=True)
class Why:
    """A sentence or two, and what stands behind them."""

    tone: str
    """waiting, working, trouble, failed, over or unknown: how it looks."""
    parts: Parts
    others: int = 0
    """How many more things are pending."""
    cause: Cause | None = None
    child: str = ""
    """The id of the child that is waited for, where it is one."""

    @property
    def text(self) -> str:
        """As one reads it, times in UTC."""
        return as_text(self.parts)


@dataclass(frozen=True, slots=True)
class Ended:
    """Who of us ended a run, and why."""

    username: str
    reason: str


def needs_attempts(found: list[Step]) -> bool:
    return any(step.kind == "activity" and step.closed is None for step in found)


def needs_signals(found: list[Step]) -> bool:
    """Whether it can be a signal that is waited for: nothing else is, but a timer."""
    return all(step.closed or step.kind in {"timer", "signal", "cancel"} for step in found)


def run_ids(run: runs.Run, events: list[EventRow]) -> frozenset[str]:
    """The run's ids: the API's, and the engine's as far as the history tells it."""
    started = temporal.attributes(events[0].body) if events else {}
    found = {run.run_id, text.label(started.get("originalExecutionRunId"), 100)}
    for one in events:
        if one.kind == "WorkflowTaskFailed" and (after := temporal.attributes(one.body).get("newRunId")):
            # A reset: the new run begins with the old one's events.
            found = {run.run_id, text.label(after, 100)}
    return frozenset(found - {""})


def running(events: list[EventRow], steps: list[Step], facts: Facts, *, asked: bool = False) -> Why:
    """Of a run that has not ended. `asked`: the page says already who asked it to cancel."""
    if not events:
        return Why("unknown", say("Not known: its history has no events yet."))
    if _is_closed(events[-1]):
        words = say("It has just ended, at ", at(events[-1].time), event(events[-1].id), ".")
        return Why("over", words)
    found, cancel = pending(events, steps, facts), cancel_requested(events)
    why = _canceling(found, cancel, asked=asked) if cancel else _waiting(found, events, facts)
    return replace(why, others=why.others + unseen(steps))


def _is_closed(last: EventRow) -> bool:
    return last.kind.startswith("WorkflowExecution") and last.kind.removeprefix("WorkflowExecution") in _CLOSERS


def _waiting(found: list[Pending], events: list[EventRow], facts: Facts) -> Why:
    if words := idle(found, facts):
        return Why("waiting", say(begun(words), "."), max(len(found) - 1, 0))
    if not found:
        return Why("unknown", _nothing(events, facts))
    first = found[0]
    words = say(begun(first.words), ".", first.more, _unread(found, facts))
    return Why(first.tone, words, len(found) - 1, child=first.child)


def _unread(found: list[Pending], facts: Facts) -> Parts:
    if facts.signals is None and all(one.rank == OUTSIDE for one in found):
        return say(" Which signals it accepts could not be read.")
    return ()


def _nothing(events: list[EventRow], facts: Facts) -> Parts:
    """Nothing is pending, and nothing says what would move it."""
    seen = f"the {len(events):,} events of its history"
    if facts.signals is None:
        return say(f"Not known: nothing is pending in {seen}, and which signals it accepts could not be read.")
    return say(f"Not known: nothing is pending in {seen}, and the workflow declares no signal or update.")


def _canceling(found: list[Pending], cancel: EventRow, *, asked: bool) -> Why:
    whose = () if asked else _from_elsewhere(cancel, "cause")
    head = say("Cancel was requested at ", at(cancel.time), event(cancel.id), whose, ". ")
    if not found:
        return Why("unknown", say(head, "The workflow has not ended: nothing is pending in its history."))
    # What began after the request is the workflow's answer to it.
    answer = [one for one in found if found_id(one) > cancel.id and one.rank != ABOUT_TO]
    first = (answer or found)[0]
    if answer:
        head = say("Its clean-up is running: ") if asked else say(head, "Clean-up is running: ")
    else:
        head = say(head, "The workflow has not ended: ")
    return Why(first.tone, say(head, first.words, ".", first.more), len(found) - 1, child=first.child)


def with_child(found: Why, told: Parts) -> Why:
    """The same, with what one look into the child told."""
    return replace(found, parts=say(found.parts, told))


def over(run: runs.Run, events: list[EventRow], steps: list[Step], facts: Facts, *, by: Ended | None = None) -> Why:
    """Of a run that has ended badly. `by`: who of us ended it."""
    match run.status.value:
        case "CANCELED":
            return _canceled(run, events, by)
        case "TERMINATED":
            return _terminated(run, events, _still_open(events, steps, facts), by)
        case "TIMED_OUT":
            return _timed_out(run, events, _still_open(events, steps, facts))
        case "FAILED":
            return _failed(run, events)
    return Why(
        "unknown", say("Not known: the console does not know what the status ", name(run.status.word), " means.")
    )


def completed(run: runs.Run) -> Why:
    return Why("over", say("Completed at ", at(run.ended), "."))


def unreadable() -> Why:
    return Why("unknown", say("Not known: its history came in a shape of its own, which cannot be read as events."))


def continued(run: runs.Run, following: runs.Run | None) -> Why:
    """`following`: the run that goes on, where the API's list has it."""
    head = say("Continued as new at ", at(run.ended), ": ")
    if following is None:
        return Why("over", say(head, "its next run is not among the runs that the API lists."))
    link = Part(f"run {following.run_id[:8]}", run_id=following.run_id)
    return Why("over", say(head, link, " went on from it."))


def _by(by: Ended) -> Parts:
    return say(" by ", name(by.username), ": ", said(by.reason) if by.reason else "no reason was given", ".")


def _canceled(run: runs.Run, events: list[EventRow], by: Ended | None) -> Why:
    head = say("Canceled at ", at(run.ended))
    cancel = cancel_requested(events)
    if cancel is None:
        return Why("over", say(head, _by(by) if by else ". Its history does not say when that was requested."))
    asked = say(head, ", as requested at ", at(cancel.time), event(cancel.id))
    return Why("over", say(asked, _by(by) if by else say(_from_elsewhere(cancel, "cause"), ".")))


def _from_elsewhere(asked: EventRow, reason: str, silent: str = "") -> Parts:
    """Who asked for it and why, as far as the event tells. `silent`: what is said where it tells no reason."""
    attributes = temporal.attributes(asked.body)
    caller = attributes.get("externalWorkflowExecution")
    execution = caller.get("workflowId") if isinstance(caller, dict) else None
    identity, told = text.label(attributes.get("identity"), 80), text.label(attributes.get(reason), 300)
    who: Parts = say(" but by ", name(identity)) if identity else ()
    if isinstance(execution, str) and execution:
        who = say(" but by the execution ", name(text.clean(execution, 200), execution=execution))
    return say(", not from this console", who, say(": ", said(told, 300)) if told else silent)


def _still_open(events: list[EventRow], steps: list[Step], facts: Facts) -> Parts:
    """What a run that was ended from outside was waiting for."""
    found = [one for one in pending(events[:-1], steps, facts) if one.short]
    if words := idle(found, facts):
        return say(" It was then ", words, ".")
    if not found:
        return ()
    first, more = found[0], len(found) - 1 + unseen(steps)
    others = f", and for {more:,} more" if more else ""
    return say(" It was then waiting for ", first.short, event(found_id(first)), others, ".")


def _terminated(run: runs.Run, events: list[EventRow], still_open: Parts, by: Ended | None) -> Why:
    last = next((one for one in reversed(events) if one.kind == "WorkflowExecutionTerminated"), None)
    head = say("Terminated at ", at(run.ended), event(last.id) if last else ())
    if by:
        return Why("failed", say(head, _by(by), still_open))
    if last is None:
        return Why("failed", say(head, ". Its history does not say why."))
    elsewhere = _from_elsewhere(last, "reason", ": no reason was given")
    return Why("failed", say(head, elsewhere, ".", still_open))


def _timed_out(run: runs.Run, events: list[EventRow], still_open: Parts) -> Why:
    cause = causes.cause(events)
    head = say("Timed out at ", at(run.ended), event(cause.event_id) if cause else ())
    if cause is None:
        return Why("failed", say(head, "."))
    return Why("failed", say(head, ": ", cause.message[:1].lower() + cause.message[1:], still_open))


def _failed(run: runs.Run, events: list[EventRow]) -> Why:
    cause, place = causes.cause(events), causes.place(events)
    if cause is None:
        return Why("failed", say("Failed at ", at(run.ended), ". Its history names no cause."))
    words = say("Failed at ", at(run.ended), _where(place), ". First cause: ")
    kind = say(name(cause.type), ": ") if cause.type not in {"", causes.UNNAMED} else ()
    message = say(place.limit) if place.limit else say(kind, said(cause.message, 300))
    return Why("failed", say(words, message, event(cause.event_id), "."), cause=cause)


def _where(place: Place) -> Parts:
    match place.kind:
        case "activity":
            times = "" if place.attempts < 2 else f" {place.attempts:,} times"
            return say(", because activity ", name(place.name), f" {'timed out' if place.limit else 'failed'}{times}")
        case "child":
            child = text.clean(place.execution, 200) or place.name
            return say(", because the child ", name(child, execution=place.execution), " failed")
    return say(", in the workflow’s own code")
