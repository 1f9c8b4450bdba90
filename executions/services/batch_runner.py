"""What works through a batch: it sends one chunk after another, as long as the batch is its own.

    look: still running, and mine? may its sender still? -> commit "requested" and "being sent" -> one call -> commit
    what came of each

An execution is taken once in a runner's life, and only while it waits: nothing is sent twice by itself. It runs in a
thread of its own (`batch_threads`), and when the process is told to stop it finishes its chunk and pauses.
"""

import logging
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import Error as AnyDatabaseError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from executions.models import ActionOutcome, ActionRequested, Batch, BatchItem
from executions.permissions import is_allowed
from executions.services import actions, api, text
from executions.services.outcomes import outcome, saved
from executions.upstream import errors
from executions.upstream.types import BatchAnswer

CHUNK = 100
"""Executions in one call: what the API takes."""
MOST_SLOWED = 3
"""Chunks in a row that the API may refuse for their speed, before the batch pauses."""
USUAL_WAIT = 10.0
"""Seconds to wait where the API asks to slow down, and does not say for how long."""
SLICE = 0.5
"""Seconds between two looks at whether somebody paused the batch, while it waits."""
MESSAGE_LIMIT = 500
Result = ActionOutcome.Result
State = BatchItem.State
ITEM_STATES = {
    Result.DONE: State.DONE,
    Result.REFUSED: State.REFUSED,
    Result.UNKNOWN: State.UNKNOWN,
    Result.NOT_SENT: State.WAITING,
}
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Came:
    """What came of one execution."""

    result: Result
    message: str = ""
    code: str = ""


class Runner:
    """One start of a batch, until it is done, paused or stopped."""

    def __init__(self, batch_id: uuid.UUID, runner: uuid.UUID, user_id: Any) -> None:
        self.batch_id = batch_id
        self.runner = runner
        self.user_id = user_id
        self.slowed = 0

    @property
    def mine(self) -> QuerySet[Batch]:
        """The batch, as long as it runs and nobody took it over."""
        return Batch.objects.filter(id=self.batch_id, runner=self.runner, state=Batch.State.RUNNING)

    @property
    def waiting(self) -> QuerySet[BatchItem]:
        return BatchItem.objects.filter(batch_id=self.batch_id, state=State.WAITING).order_by("position")

    def run(self) -> None:
        going = True
        while going:
            try:
                going = self._go_on() or self._close()
            except AnyDatabaseError:
                logger.exception("Batch %s cannot save how far it is.", self.batch_id)
                self._pause("The console’s database failed.")
                return

    def _go_on(self) -> bool:
        """One chunk; whether there may be another."""
        user = get_user_model().objects.filter(pk=self.user_id).first()
        batch = self.mine.first()
        if batch is None:
            return False
        if user is None or not is_allowed(user, batch.operation):
            return self._pause(f"{batch.sender} may not do this any more.")
        if not threading.main_thread().is_alive():
            return self._pause("The console was stopped, and finished the chunk that was under way.")
        try:
            call = _call(batch.operation)
        except api.NotConfigured as error:
            return self._pause(str(error))
        rows = self._take(user, batch)
        return self._send(rows, call) if rows else False

    def _take(self, user: Any, batch: Batch) -> list[ActionRequested]:
        """The next executions, marked and recorded; none if it is over, or not ours any more."""
        with transaction.atomic(durable=True):
            if not self.mine.update(beat=timezone.now(), waits_until=None, note=""):
                return []
            items = list(self.waiting[:CHUNK])
            if not items:
                self.mine.update(state=Batch.State.DONE)
                return []
            rows = self._rows(user, batch, items)
            for item, row in zip(items, rows, strict=True):
                item.state, item.action_id, item.message = State.SENT, row.id, ""
                item.tries += 1
            _save(items)
            return ActionRequested.objects.bulk_create(rows)

    def _rows(self, user: Any, batch: Batch, items: list[BatchItem]) -> list[ActionRequested]:
        def row(item: BatchItem, body: Any = None) -> ActionRequested:
            detail = "tried again" if item.action_id else ""
            intent = actions.Intent(
                batch.operation, item.execution_id, batch.reason, body=body, detail=detail, batch_id=batch.id
            )
            return actions.requested(user, intent, f"{self.runner.hex}-{item.position}")

        first = row(items[0], {"execution_ids": [item.execution_id for item in items]})
        rows = [first, *map(row, items[1:])]
        for one in rows:
            one.body_digest = first.body_digest
        return rows

    def _send(self, rows: list[ActionRequested], call: Callable[[list[str]], BatchAnswer]) -> bool:
        try:
            answer = call([row.execution_id for row in rows])
        except Exception as error:
            if not isinstance(error, errors.UpstreamError):
                logger.exception("Batch %s failed in the middle of a chunk.", self.batch_id)
            came = _came_of(error)
            self._record(rows, [came] * len(rows))
            return self._after(error, came, len(rows))
        self.slowed = 0
        self._record(rows, [_came(row.execution_id, answer) for row in rows])
        return True

    def _record(self, rows: list[ActionRequested], came: list[Came]) -> None:
        """Save what came of each, in the audit and here, both or neither."""
        outcomes = [
            ActionOutcome(action_id=row.id, result=one.result, code=one.code, message=one.message)
            for row, one in zip(rows, came, strict=True)
        ]
        found: dict[uuid.UUID | None, Came] = {row.id: one for row, one in zip(rows, came, strict=True)}

        @transaction.atomic(durable=True)
        def save() -> None:
            ActionOutcome.objects.bulk_create(outcomes)
            # Whoever gave up on us marked them as unknown: now it is known.
            mine = list(BatchItem.objects.filter(batch_id=self.batch_id, action_id__in=found))
            for item in mine:
                item.state = ITEM_STATES[found[item.action_id].result]
                item.message = found[item.action_id].message if item.state != State.WAITING else ""
            _save(mine)
            self._close()

        try:
            saved(save)
        except AnyDatabaseError:
            for one in outcomes:
                logger.error("The outcome of action %s could not be saved: %s", one.action_id, one.result)
            raise

    def _close(self) -> bool:
        """One that was paused or stopped when nothing was left to send is done."""
        left = BatchItem.objects.filter(batch_id=self.batch_id, state__in=[State.WAITING, State.SENT])
        if not left.exists():
            halted = [Batch.State.PAUSED, Batch.State.STOPPED]
            ours = Batch.objects.filter(id=self.batch_id, runner=self.runner, state__in=halted)
            ours.update(state=Batch.State.DONE, note="")
        return False

    def _after(self, error: Exception, came: Came, count: int) -> bool:
        """After a call that failed as a whole: wait and go on, or pause."""
        code = f" ({came.code})" if came.code else ""
        words = f"{(came.message + code).rstrip('.')}. {_WHAT_NOW[came.result].format(count=count)}"
        if isinstance(error, errors.RateLimited) and self.waiting.exists():
            self.slowed += 1
            if self.slowed < MOST_SLOWED:
                return self._wait(USUAL_WAIT if error.retry_after is None else error.retry_after)
        return self._pause(words)

    def _wait(self, seconds: float) -> bool:
        """Rest as long as the API asks, unless somebody pauses the batch; whether it goes on."""
        until = timezone.now() + timedelta(seconds=seconds)
        self.mine.update(waits_until=until, note="The Workflows API asks to slow down.")
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and threading.main_thread().is_alive():
            time.sleep(min(left, SLICE))
            if not self.mine.update(beat=timezone.now()):
                return False
        return True

    def _pause(self, words: str) -> bool:
        """Stop sending and say why, unless somebody else did; with nothing left to send it is done."""
        state = Batch.State.PAUSED if self.waiting.exists() else Batch.State.DONE
        self.mine.update(state=state, note=words, waits_until=None)
        return False


_WHAT_NOW = {
    Result.REFUSED: "Nothing happened to the {count} executions of this chunk.",
    Result.NOT_SENT: "Nothing was sent: the {count} executions of this chunk wait again.",
    Result.UNKNOWN: "What came of the {count} executions of this chunk is unknown.",
}


def _save(items: list[BatchItem]) -> None:
    """Save how far these are, all in one statement: Django's own way of that takes five times as long to write it."""
    fields = ["state", "action_id", "tries", "message"]
    BatchItem.objects.bulk_create(items, update_conflicts=True, unique_fields=["id"], update_fields=fields)


def _call(operation: str) -> Callable[[list[str]], BatchAnswer]:
    """The call that a batch makes; NotConfigured if none can be made."""
    client = api.client()
    match operation:
        case "batch-cancel":
            return client.batch_cancel_workflow_executions
        case "batch-terminate":
            return client.batch_terminate_workflow_executions
    raise ValueError(f"There is no batch of {operation}.")


def _came_of(error: Exception) -> Came:
    row = outcome(uuid.uuid4(), error)
    return Came(Result(row.result), row.message[:MESSAGE_LIMIT], row.code)


def _came(execution_id: str, answer: BatchAnswer) -> Came:
    """What the API's answer says about one execution."""
    result = answer.results.get(execution_id)
    if result is None:
        return Came(Result.UNKNOWN, "The API did not say what came of this one.")
    if result.status == "success":
        return Came(Result.DONE)
    words = text.clean(result.error or result.status or "", MESSAGE_LIMIT)
    return Came(Result.REFUSED if result.status == "failure" else Result.UNKNOWN, words)
