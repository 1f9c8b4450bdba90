"""What operators did, read back: each action with its outcome, of an execution, a run or everywhere."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.paginator import Page, Paginator
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from executions.models import ActionOutcome, ActionRepeated, ActionRequested
from executions.operations import BY_SLUG, OPERATIONS
from executions.services import runs
from executions.services.time_range import TimeRange

PAGE_SIZE = 100
RUN_LIMIT = 1_000
"""Actions on a run that its history shows, the newest."""
IN_PROGRESS = "in progress"
RECORDED = tuple((one.slug, one.label) for one in OPERATIONS if one.kind in {"ask", "write"})
"""The operations that are in the audit."""
RESULTS = (*ActionOutcome.Result.values, IN_PROGRESS)
RESULT_WORDS = tuple((one, "done or accepted" if one == "done" else one) for one in RESULTS)
"""The outcomes, and what a filter calls each."""
ACCEPTED = {"signal", "cancel", "batch-cancel"}
"""Operations that are not over when the API has accepted them: what comes of them is the workflow's."""
CANCELS = ("cancel", "batch-cancel")
ENDINGS = {
    "CANCELED": CANCELS,
    # A reset ends the run that it starts from.
    "TERMINATED": ("terminate", "batch-terminate", "reset"),
}
"""By a run's status: the operations that can have led to it."""
NEWEST_FIRST = ("-at", "-id")
STARTED = timezone.now()
"""When this process started."""


def word(operation: str, result: str) -> str:
    """What a page calls an outcome."""
    return "accepted" if result == ActionOutcome.Result.DONE and operation in ACCEPTED else result


@dataclass(frozen=True, slots=True)
class Entry:
    """One action. `result` is an outcome's, `in progress`, or `unknown` for one whose outcome was never recorded."""

    action: ActionRequested
    outcome: ActionOutcome | None
    result: str
    repeats: int = 0
    """How often a query was asked again from the same form."""

    @property
    def unclear(self) -> bool:
        """Whether something may have changed, and nobody knows."""
        operation = BY_SLUG.get(self.action.operation)
        return self.result == ActionOutcome.Result.UNKNOWN and (operation is None or operation.kind == "write")

    @property
    def label(self) -> str:
        operation = BY_SLUG.get(self.action.operation)
        return operation.label if operation else self.action.operation

    @property
    def tone(self) -> str:
        return {"done": "completed", IN_PROGRESS: "running", "refused": "failed"}.get(self.result, "unknown")

    @property
    def word(self) -> str:
        return word(self.action.operation, self.result)

    @property
    def answer(self) -> str:
        return self.outcome.answer if self.outcome else ""

    @property
    def may_have_happened(self) -> bool:
        return self.result in {ActionOutcome.Result.DONE, ActionOutcome.Result.UNKNOWN}


def _given_up() -> datetime:
    """An action from before this moment that has no outcome will get none.

    Every call ends within the limit; twice that, and its process is gone. A process that serves alone (without Redis)
    knows that those before it are gone.
    """
    moment = timezone.now() - timedelta(seconds=2 * settings.UPSTREAM_TIMEOUT_SECONDS)
    return moment if settings.REDIS_URL else max(moment, STARTED)


def _result(action: ActionRequested, outcome: ActionOutcome | None) -> str:
    if outcome:
        return outcome.result
    return ActionOutcome.Result.UNKNOWN.value if action.at < _given_up() else IN_PROGRESS


def entries(actions: Iterable[ActionRequested], *, answers: bool = True) -> list[Entry]:
    """The actions with their outcomes, in the order given; three queries however many. Answers may be large."""
    found = list(actions)
    ids = [action.id for action in found]
    known = ActionOutcome.objects.filter(action_id__in=ids)
    outcomes: dict[uuid.UUID, ActionOutcome] = {
        outcome.action_id: outcome for outcome in (known if answers else known.defer("answer"))
    }
    counted = ActionRepeated.objects.filter(action_id__in=ids).order_by().values_list("action_id")
    repeats = dict(counted.annotate(Count("id")))
    return [
        Entry(action, outcomes.get(action.id), _result(action, outcomes.get(action.id)), repeats.get(action.id, 0))
        for action in found
    ]


def page(actions: QuerySet[ActionRequested], number: str | None) -> Page[ActionRequested]:
    """A page of actions: the one of that number, or the nearest there is."""
    return Paginator(actions, PAGE_SIZE).get_page(number)


def page_of(actions: QuerySet[ActionRequested], action_id: uuid.UUID | None) -> str:
    """The number of the page that an action is on; the first, if it is on none."""
    chosen = actions.filter(id=action_id).first() if action_id else None
    newer = actions.filter(at__gt=chosen.at).count() if chosen else 0
    return str(newer // PAGE_SIZE + 1)


def count(execution_id: str) -> int:
    """How many actions there were on an execution."""
    return ActionRequested.objects.filter(execution_id=execution_id).count()


def outcomes(execution_id: str) -> int:
    """How many of them have come to an end."""
    its = ActionRequested.objects.filter(execution_id=execution_id)
    return ActionOutcome.objects.filter(action_id__in=its.values("id")).count()


def of_execution(execution_id: str) -> QuerySet[ActionRequested]:
    """What was done to an execution, newest first."""
    return ActionRequested.objects.filter(execution_id=execution_id).order_by(*NEWEST_FIRST)


def during(actions: QuerySet[ActionRequested], chosen: TimeRange) -> QuerySet[ActionRequested]:
    """Those of the chosen time."""
    ends = {"at__gte": chosen.after, "at__lte": chosen.before}
    return actions.filter(**{field: moment for field, moment in ends.items() if moment})


def of_run(run: runs.Run) -> QuerySet[ActionRequested]:
    """What was done to a run, newest first: by its id; rows without one, such as a batch's, by when it ran."""
    its = Q()
    if run.started:
        its &= Q(at__gte=run.started)
    if run.ended:
        its &= Q(at__lte=run.ended)
    if run.run_id:
        its = Q(run_id=run.run_id) | Q(its, run_id="")
    return of_execution(run.execution_id).filter(its)


def cancel_requested(run: runs.Run) -> Entry | None:
    """The latest of our cancels that a run which still runs has, or may have, received."""
    known = run.status.value != ""
    return _latest(run, CANCELS) if known and run.is_running else None


def ended_by(run: runs.Run) -> Entry | None:
    """The action that ended a run, or may have."""
    operations = ENDINGS.get(run.status.value)
    return _latest(run, operations) if operations else None


def _latest(run: runs.Run, operations: tuple[str, ...]) -> Entry | None:
    found = entries(of_run(run).filter(operation__in=operations).defer("input")[:PAGE_SIZE], answers=False)
    return next((entry for entry in found if entry.may_have_happened), None)


def visible_to(user: Any) -> QuerySet[ActionRequested]:
    """What a user may read in the audit: admins everything, others their own actions. Newest first."""
    actions = ActionRequested.objects.order_by(*NEWEST_FIRST)
    return actions if user.has_perm("executions.administer") else actions.filter(username=user.get_username())


def matching(
    actions: QuerySet[ActionRequested],
    *,
    user: str = "",
    operation: str = "",
    execution: str = "",
    outcome: str = "",
    batch: uuid.UUID | None = None,
    after: datetime | None = None,
    before: datetime | None = None,
) -> QuerySet[ActionRequested]:
    """The actions that all the filters let through; an empty one lets everything through.

    Of a user's name and an execution's id a part is enough, in any case.
    """
    given = {
        "username__icontains": user,
        "operation": operation,
        "execution_id__icontains": execution,
        "batch_id": batch,
        "at__gte": after,
        "at__lt": before,
    }
    actions = actions.filter(**{field: value for field, value in given.items() if value})
    return actions.filter(_with_result(outcome)) if outcome else actions


def _with_result(result: str) -> Q:
    """The same that `_result` says of one action, as a condition on many."""
    outcomes = ActionOutcome.objects.filter(action_id=OuterRef("id")).order_by()
    recorded, open_ = Q(Exists(outcomes.filter(result=result))), ~Exists(outcomes)
    if result == IN_PROGRESS:
        return Q(open_, at__gte=_given_up())
    if result == ActionOutcome.Result.UNKNOWN:
        return recorded | Q(open_, at__lt=_given_up())
    return recorded
