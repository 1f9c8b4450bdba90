"""What a run that has not ended waits for, by its history and by what its worker announces."""

from collections.abc import Sequence
from dataclasses import replace

from executions.services import timers
from executions.services.attempts import Announced
from executions.services.history import EventRow
from executions.services.sentences import Parts, at, event, listed, name, said, say
from executions.services.standings import attempt_of
from executions.services.steps import Step
from executions.services.waits import (
    CHILD,
    FAILING,
    MESSAGE,
    OUTSIDE,
    RUNNING,
    STUMBLED,
    UNCLAIMED,
    UNKNOWN,
    UPDATE,
    Facts,
    Pending,
    is_old,
    queue,
)
from executions.services.workflow_tasks import last_error, workflow_task

LOOKED_AT = 200
"""Pending things that are looked at: the history of each has to be decoded."""
_WAITED_FOR = ("activity", "child", "timer", "update", "message")


def pending(events: Sequence[EventRow], steps: Sequence[Step], facts: Facts) -> list[Pending]:
    """What is waited for, the most telling first; of very many only the first that could tell most."""
    opened = open_steps(steps)
    if len(opened) > LOOKED_AT:
        failing = facts.announced.failing() if facts.announced else set()
        opened.sort(key=lambda step: (step.kind != "activity", step.name not in failing))
    found = [one for step in opened[:LOOKED_AT] if (one := _of_step(step, facts))]
    task = workflow_task(events, facts, alone=not found)
    return sorted([*([task] if task else []), *found], key=lambda one: one.rank)


def unseen(steps: Sequence[Step]) -> int:
    """How many pending things are not looked at."""
    return max(len(open_steps(steps)) - LOOKED_AT, 0)


def open_steps(steps: Sequence[Step]) -> list[Step]:
    """Those that have begun and not ended."""
    return [step for step in steps if step.closed is None and step.kind in _WAITED_FOR]


def _of_step(step: Step, facts: Facts) -> Pending | None:
    match step.kind:
        case "activity":
            return _activity(step, facts)
        case "child":
            return _child(step)
        case "timer":
            return _timer(step)
        case "update":
            words = say("working on the update ", name(step.name), " since ", at(step.opened.time), event(step.id))
            return Pending(UPDATE, "working", words, short=say("the update ", name(step.name)))
        case "message":
            words = say("waiting until ", name(step.shown_target, execution=step.target), " has taken its message")
            return Pending(MESSAGE, "waiting", say(words, event(step.id)), short=say("a message to another execution"))
    return None


def _activity(step: Step, facts: Facts) -> Pending:
    what, where = say("activity ", name(step.name)), event(step.id)
    known = facts.announced
    if known is None:
        words = say("waiting for ", what, ", scheduled at ", at(step.opened.time), where)
        more = " What its worker announces could not be read: whether it was tried, and failed, is not known."
        return Pending(UNKNOWN, "waiting", words, say(more), what)
    attempt = attempt_of(step, facts)
    if attempt and attempt.failures:
        failed = _failed(attempt.failures, step.most_attempts)
        words = say("waiting for ", what, failed, at(attempt.failing_since), where)
        rank = FAILING if attempt.failures > 1 else STUMBLED
        return Pending(rank, "trouble", words, last_error(attempt.error), what)
    if attempt or step.started:
        began = step.started.time if step.started else attempt.began if attempt else None
        return Pending(RUNNING, "working", say(what, " has been running since ", at(began), where), short=what)
    return _unstarted(step, facts, known)


def _unstarted(step: Step, facts: Facts, known: Announced) -> Pending:
    what, where = say("activity ", name(step.name)), event(step.id)
    words = say("waiting for ", what, ", scheduled at ", at(step.opened.time), where)
    if not known.complete:
        more = f" Whether it was tried is not known yet: {known.seen:,} announced events were looked at so far."
        return Pending(UNKNOWN, "waiting", words, say(more), what)
    if not known.seen:
        more = " Whether it was tried is not known: its worker announces nothing."
        return Pending(UNKNOWN, "waiting", words, say(more), what)
    if not is_old(step.opened, facts):
        words = say(what, " was scheduled at ", at(step.opened.time), " and is about to start", where)
        return Pending(RUNNING, "working", words, short=what)
    words = say("no worker has picked up ", what, " since ", at(step.opened.time), where)
    return Pending(UNCLAIMED, "trouble", words, queue(step.opened), what)


def _failed(times: int, most: int) -> str:
    limit = f" of at most {most:,}" if most > times else ""
    return f", which has failed once{limit}, at " if times == 1 else f", which has failed {times:,} times{limit} since "


def _child(step: Step) -> Pending:
    child = name(step.shown_target, execution=step.target)
    what = say("the child ", child)
    since = (step.started or step.opened).time
    if step.started is None:
        words = say("waiting until ", what, " starts, since ", at(since), event(step.id))
        return Pending(CHILD, "waiting", words, short=what)
    words = say("waiting for ", what, " since ", at(since), event(step.id))
    return Pending(CHILD, "waiting", words, short=what, child=step.target)


def _timer(step: Step) -> Pending:
    title = timers.title(step.opened)
    what = say("the timer ", said(title)) if title else say("a timer")
    due = timers.due(step.opened)
    until = say(what, " until ", at(due)) if due else what
    return Pending(OUTSIDE, "waiting", say("waiting for ", until, event(step.id)), short=until)


def idle(found: list[Pending], facts: Facts) -> Parts | None:
    """What is waited for where nothing works: a signal or an update, or else a timer.

    None where something works, or the workflow declares none of them.
    """
    if any(one.rank < OUTSIDE for one in found):
        return None
    signals = list(facts.signals or ())
    action, names = ("signal", signals) if signals else ("update", list(facts.updates))
    if not names:
        return None
    kind = "a signal" if signals else "an update"
    forms = [replace(part, action=action) if part.look == "name" else part for part in listed(names, "or")]
    accepts = say(f"waiting for {kind}, ", forms)
    return say(accepts, ", or for ", found[0].short, event(found_id(found[0]))) if found else accepts


def found_id(one: Pending) -> int:
    """The event that it stands in."""
    return next((part.event for part in one.words if part.event), 0)
