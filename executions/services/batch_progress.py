"""How far a batch is, and what came of each of its executions: for its page, the list of batches, and the CSV."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, Max, Min, Q
from django.utils import timezone

from executions.models import ActionRequested, Batch, BatchItem
from executions.operations import BY_SLUG
from executions.services import audit, sheets

PAGE_SIZE = 100
"""Executions on a page of a batch."""
BATCHES_A_PAGE = 25
WORKFLOWS_NAMED = 8
"""Workflows that a batch's page names; of the others it says how many executions they have."""
STATES = tuple(BatchItem.State.values)
TONES = {
    Batch.State.FROZEN: "frozen",
    Batch.State.RUNNING: "running",
    Batch.State.PAUSED: "paused",
    Batch.State.STOPPED: "terminated",
    Batch.State.DONE: "completed",
}
State = BatchItem.State
_HALTING = {Batch.State.PAUSED: "pausing", Batch.State.STOPPED: "stopping"}
_OVER = r"WF_110[02]|not running|not found|already (completed|closed)"
"""What the API's words say of an execution that is over, or that there is not: it stays so."""


@dataclass(frozen=True, slots=True)
class Part:
    """The executions of a batch in one state, as a piece of its bar."""

    state: str
    word: str
    count: int
    start: float
    """Where the piece begins, and how long it is, in hundredths of the bar."""
    width: float


@dataclass(frozen=True, slots=True)
class Progress:
    batch: Batch
    counts: dict[str, int]
    """How many executions there are in each state."""
    first: int | None = None
    """The places, from 1, of those that are being sent."""
    last: int | None = None

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def tone(self) -> str:
        return TONES[Batch.State(self.batch.state)]

    @property
    def word(self) -> str:
        """The batch's state; one that was halted still waits for the answer of its last call."""
        if self.counts[State.SENT] and self.batch.state in _HALTING:
            return _HALTING[Batch.State(self.batch.state)]
        return str(self.batch.get_state_display())

    @property
    def words(self) -> dict[str, str]:
        """What the page calls each state of an execution: to have a cancel accepted is not to be over."""
        return {
            str(state): label if state != "done" else audit.word(self.batch.operation, state)
            for state, label in State.choices
        }

    @property
    def halting(self) -> bool:
        return self.batch.state in _HALTING and self.counts[State.SENT] > 0

    @property
    def running(self) -> bool:
        return self.batch.state == Batch.State.RUNNING

    @property
    def active(self) -> bool:
        """Whether something may still change by itself: also a paused batch can wait for its last answer."""
        return self.running or self.counts[State.SENT] > 0

    @property
    def parts(self) -> list[Part]:
        """The bar from left to right: what is known first, what has not been sent last."""
        found, start = [], 0.0
        for state in (State.DONE, State.REFUSED, State.UNKNOWN, State.SENT, State.WAITING):
            width = 100 * self.counts[state] / max(self.total, 1)
            found.append(Part(state.value, self.words[state], self.counts[state], round(start, 3), round(width, 3)))
            start += width
        return found

    @property
    def answered(self) -> int:
        return self.total - self.counts[State.WAITING] - self.counts[State.SENT]

    @property
    def left(self) -> int:
        return self.counts[State.WAITING] + self.counts[State.SENT]

    @property
    def speed(self) -> float | None:
        """Executions a second since it was started or continued; None until that can be told."""
        if not self.running or self.batch.resumed_at is None or self.batch.waits_until:
            return None
        seconds = (timezone.now() - self.batch.resumed_at).total_seconds()
        handled = self.batch.resumed_with - self.left
        return handled / seconds if handled > 0 and seconds > 0 else None

    @property
    def seconds_left(self) -> float | None:
        return self.left / self.speed if self.speed else None


def of(batch: Batch) -> Progress:
    """One count by the index, however many executions there are."""
    counted = BatchItem.objects.filter(batch=batch).order_by().values("state")
    rows = counted.annotate(count=Count("id"), first=Min("position"), last=Max("position"))
    found = {row["state"]: row for row in rows}
    counts = {state: found[state]["count"] if state in found else 0 for state in STATES}
    if State.SENT not in found:
        return Progress(batch, counts)
    return Progress(batch, counts, found[State.SENT]["first"] + 1, found[State.SENT]["last"] + 1)


def of_several(batches: Iterable[Batch]) -> list[Progress]:
    """The same for each of several, without what is being sent."""
    wanted = list(batches)
    counted = BatchItem.objects.filter(batch__in=wanted).order_by().values_list("batch_id", "state")
    found = {(batch_id, state): count for batch_id, state, count in counted.annotate(Count("id"))}
    return [Progress(batch, {state: found.get((batch.id, state), 0) for state in STATES}) for batch in wanted]


def batches(operations: Iterable[str], number: str | None) -> Page[Batch]:
    """A page of the batches of these operations, newest first: the one of that number, or the nearest there is."""
    found = Batch.objects.filter(operation__in=operations).order_by("-created_at")
    return Paginator(found, BATCHES_A_PAGE).get_page(number)


def items(progress: Progress, state: str, number: str | None) -> Page[BatchItem]:
    """A page of the batch's executions in their order, all or those in one state."""
    found = BatchItem.objects.filter(batch=progress.batch).order_by("position")
    paginator = Paginator(found.filter(state=state) if state else found, PAGE_SIZE)
    # It is known already.
    paginator.count = progress.counts[state] if state else progress.total
    return paginator.get_page(number)


def workflows(batch: Batch) -> tuple[list[tuple[str, int]], int]:
    """How many of its executions are of which workflow, the most first; and how many are of the others, or not known.

    A workflow's name is empty where the list did not say it.
    """
    counted = BatchItem.objects.filter(batch=batch).order_by().values_list("workflow").annotate(count=Count("id"))
    known = [(name, count) for name, count in counted.order_by("-count", "workflow") if name]
    named = known[:WORKFLOWS_NAMED]
    return named, BatchItem.objects.filter(batch=batch).count() - sum(count for _, count in named)


def refused_for_good(progress: Progress) -> int:
    """How many of the refused are over, or not there, as the API's words say: it will refuse them again."""
    if not progress.counts[State.REFUSED]:
        return 0
    refused = Q(batch=progress.batch, state=State.REFUSED)
    return BatchItem.objects.filter(refused, message__iregex=_OVER).count()


def csv_file(batch: Batch) -> bytes:
    """Every execution of the batch with what came of it, as a file for a spreadsheet."""
    sent: dict[Any, tuple[datetime, str]] = {
        action_id: (at, username)
        for action_id, at, username in ActionRequested.objects.filter(batch_id=batch.id).values_list(
            "id", "at", "username"
        )
    }
    words = dict(State.choices)
    heading = (
        "Execution",
        "Workflow",
        "Started (UTC)",
        "Operation",
        "Result",
        "Why",
        "Sent at (UTC)",
        "Sent by",
        "Reason",
        "Action",
    )
    operation = BY_SLUG[batch.operation].label

    def moment(at: datetime | None) -> str:
        return at.strftime("%Y-%m-%d %H:%M:%S") if at else ""

    def row(item: BatchItem) -> tuple[object, ...]:
        at, username = sent.get(item.action_id, (None, ""))
        what = (item.execution_id, item.workflow, moment(item.started), operation)
        return (
            *what,
            words[item.state],
            item.message,
            moment(at),
            username,
            batch.reason if at else "",
            item.action_id,
        )

    return sheets.csv_file(heading, map(row, BatchItem.objects.filter(batch=batch).order_by("position")))
