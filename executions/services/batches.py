"""Batches: a frozen set of executions, and what operators do with it: start, pause, continue, stop, try again.

The sending itself is `batch_runner`'s. Everything here that lets it begin is a change of the batch from what the
operator's page showed to "running" with a new runner, in one statement: a double click or a second tab changes nothing.
"""

import uuid
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from executions.models import Batch, BatchItem
from executions.permissions import check_allowed
from executions.services import actions, api, batch_threads
from executions.services.batch_choice import AT_MOST, LIMIT, Chosen
from executions.services.batch_threads import settle

__all__ = ["Batch", "settle"]
COUNT_ASKED_ABOVE = 20
"""Executions: to cancel more than so many, the operator types how many they are; to terminate, always."""
OPERATIONS = {"cancel": "batch-cancel", "terminate": "batch-terminate"}
State = BatchItem.State


class Expired(Exception):
    """The set was frozen so long ago that it has to be chosen again: nothing was done."""


class Outdated(Exception):
    """The batch is not what the page showed any more: nothing was done."""


def asks_count(operation: str, count: int) -> bool:
    """Whether the operator has to type how many executions a batch is about."""
    return operation == "batch-terminate" or count > COUNT_ASKED_ABOVE


def operation_of(chosen: str) -> str:
    """The operation that a form's word stands for; ValueError if there is none."""
    operation = OPERATIONS.get(chosen)
    if operation is None:
        raise ValueError("Choose what to do with the selected executions: cancel or terminate.")
    return operation


def frozen_before(user: Any, token: str) -> Batch | None:
    """The batch that this user's form has made already, if it was sent before."""
    return Batch.objects.filter(username=user.get_username(), token=token).first() if token else None


def freeze(user: Any, operation: str, chosen: Chosen, token: str = "") -> Batch:
    """Fix the set; what is listed later changes nothing. ValueError says what is wrong; raises NotAllowed.

    The same form (its `token`), sent again, has its first batch.
    """
    check_allowed(user, operation)
    try:
        return _freeze(user, operation, chosen, token)
    except IntegrityError:
        if batch := frozen_before(user, token):
            return batch
        raise


def _freeze(user: Any, operation: str, chosen: Chosen, token: str) -> Batch:
    wanted = chosen.execution_ids
    if not wanted:
        raise ValueError("Nothing is selected.")
    if len(wanted) > LIMIT:
        raise ValueError(f"{len(wanted):,} executions are selected; {AT_MOST}")
    with transaction.atomic():
        batch: Batch = Batch.objects.create(
            operation=operation,
            username=user.get_username(),
            token=token[:64] or None,
            source=chosen.source,
            left_out=chosen.left_out,
        )
        BatchItem.objects.bulk_create(
            (
                BatchItem(batch=batch, position=place, execution_id=one, workflow=workflow, started=started)
                for place, one in enumerate(wanted)
                for workflow, started in [chosen.known.get(one, ("", None))]
            ),
            batch_size=500,
        )
    return batch


def find(user: Any, batch_id: uuid.UUID) -> Batch | None:
    """The batch as it is now; None if there is none. NotAllowed unless the user may do what it does."""
    batch: Batch | None = Batch.objects.filter(id=batch_id).first()
    if batch is not None:
        check_allowed(user, batch.operation)
        settle(batch)
    return batch


def new_token(user: Any, batch: Batch) -> str:
    """For the page's forms: good for what the batch is now."""
    return actions.new_token(user, batch.operation, str(batch.id), _shown(batch))


def _shown(batch: Batch) -> actions.Shown:
    return actions.Shown(str(batch.runner or ""), batch.state)


def is_expired(batch: Batch) -> bool:
    """Whether a set that was never started is too old: what its executions are now is not what somebody looked at."""
    age = timezone.now() - batch.created_at
    return bool(batch.state == Batch.State.FROZEN and age > timedelta(seconds=actions.TOKEN_SECONDS))


def start(user: Any, batch: Batch, token: str, reason: str) -> None:
    """Begin. Raises NotAllowed, StaleForm, Expired, Outdated and NotConfigured: nothing was recorded or sent then."""
    if is_expired(batch):
        raise Expired
    _set_going(user, batch, token, {Batch.State.FROZEN}, started_at=timezone.now(), reason=reason)


def go_on(user: Any, batch: Batch, token: str) -> None:
    """Continue where it paused; what was refused or is unknown stays so. Raises what `start` does."""
    _set_going(user, batch, token, {Batch.State.PAUSED}, reason=_reason_for(user, batch))


def retry(user: Any, batch: Batch, token: str) -> None:
    """Send the refused ones once more, and go on; never what is unknown. Raises what `start` does."""

    def put_back() -> None:
        BatchItem.objects.filter(batch=batch, state=State.REFUSED).update(state=State.WAITING)

    change = {
        "retried_at": timezone.now(),
        "retried_by": user.get_username(),
        "reason": _reason_for(user, batch),
    }
    _set_going(user, batch, token, {Batch.State.PAUSED, Batch.State.DONE}, put_back, **change)


def _reason_for(user: Any, batch: Batch) -> str:
    """The batch's reason; where somebody else gave it, that is said: the audit has it under the new sender's name."""
    if batch.sender == user.get_username() or batch.reason.endswith(_GIVEN_BY_ANOTHER):
        return batch.reason
    return f"{batch.reason} (the reason of {batch.sender}{_GIVEN_BY_ANOTHER}"


_GIVEN_BY_ANOTHER = ", who started this batch)"


def _set_going(
    user: Any,
    batch: Batch,
    token: str,
    from_states: set[str],
    prepare: Callable[[], None] = lambda: None,
    **change: Any,
) -> None:
    check_allowed(user, batch.operation)
    shown = actions.read_token(token, user, batch.operation, str(batch.id)).shown
    if shown != _shown(batch) or batch.state not in from_states:
        raise Outdated
    api.client()
    runner = uuid.uuid4()
    batch_threads.expect(runner)
    now = timezone.now()
    try:
        with transaction.atomic(durable=True):
            as_seen = Batch.objects.filter(id=batch.id, state=batch.state, runner=batch.runner)
            change |= {"state": Batch.State.RUNNING, "runner": runner, "beat": now, "note": "", "resumed_at": now}
            if not as_seen.update(sender=user.get_username(), **change):
                raise Outdated
            items = BatchItem.objects.filter(batch=batch)
            # Its last answer is still on its way: one after another.
            if items.filter(state=State.SENT).exists():
                raise Outdated
            prepare()
            Batch.objects.filter(id=batch.id).update(resumed_with=items.filter(state=State.WAITING).count())
        batch_threads.begin(batch.id, runner, user.pk)
    except BaseException:
        batch_threads.forget(runner)
        raise


def pause(user: Any, batch: Batch) -> None:
    """Send nothing more until somebody continues; the chunk that is under way still has its answer."""
    check_allowed(user, batch.operation)
    _halt(batch, [Batch.State.RUNNING], Batch.State.PAUSED, f"Paused by {user.get_username()}.")


def stop(user: Any, batch: Batch) -> None:
    """Send nothing more, for good."""
    check_allowed(user, batch.operation)
    _halt(
        batch,
        [Batch.State.FROZEN, Batch.State.RUNNING, Batch.State.PAUSED],
        Batch.State.STOPPED,
        f"Stopped by {user.get_username()}.",
    )


def _halt(batch: Batch, from_states: Sequence[str], state: str, words: str) -> None:
    Batch.objects.filter(id=batch.id, state__in=from_states).update(state=state, note=words, waits_until=None)
