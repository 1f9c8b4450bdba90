"""Batches: a frozen set of executions, and what operators do with it: start, pause, continue, stop, try again.

The sending itself is `batch_runner`'s. Everything here that lets it begin is a change of the batch from what the
operator's page showed to "running" with a new runner, in one statement: a double click or a second tab changes nothing.
"""

import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from executions import ids
from executions.models import Batch, BatchItem
from executions.permissions import check_allowed
from executions.services import actions, api, batch_threads, runs
from executions.services.batch_threads import settle

__all__ = ["Batch", "settle"]
LIMIT = 10_000
"""Executions in a batch."""
PAGE_SIZE = 1_000
"""Rows of the list in one call, while a filter is read to its end."""
MOST_PAGES = 50
"""Pages of the list that a filter may have."""
OPERATIONS = {"cancel": "batch-cancel", "terminate": "batch-terminate"}
State = BatchItem.State


class Outdated(Exception):
    """The batch is not what the page showed any more: nothing was done."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a batch is made of: ids in their order, the filter that gave them, and how many of its rows were over."""

    execution_ids: list[str]
    source: str = ""
    left_out: int = 0


def operation_of(chosen: str) -> str:
    """The operation that a form's word stands for; ValueError if there is none."""
    operation = OPERATIONS.get(chosen)
    if operation is None:
        raise ValueError("Choose what to do with the selected executions: cancel or terminate.")
    return operation


def ticked(execution_ids: list[str]) -> Chosen:
    """The executions that somebody ticked; ValueError says what is wrong with one."""
    # Browsers write a line feed in a form's value as two characters.
    return Chosen(list(dict.fromkeys(ids.check(one.replace("\r\n", "\n")) for one in execution_ids)))


def matching(filters: dict[str, Any], source: str) -> Chosen:
    """The executions that match the list's filters and still run; ValueError where they cannot be a batch.

    Raises UpstreamError.
    """
    parameters = runs.parameters(filters)
    found: dict[str, None] = {}
    token, over = None, 0
    deadline = time.monotonic() + 2 * settings.UPSTREAM_TIMEOUT_SECONDS
    for _ in range(MOST_PAGES):
        answer = api.client().list_runs(**parameters | {"page_size": PAGE_SIZE, "next_page_token": token})
        rows = [runs.run(one) for one in answer.executions]
        over += sum(not row.is_running for row in rows)
        found |= dict.fromkeys(ids.check(row.execution_id) for row in rows if row.is_running)
        token = answer.next_page_token
        if len(found) > LIMIT:
            raise ValueError(f"More than {LIMIT:,} executions match and still run. Narrow the filter: {_AT_MOST}")
        if not token or time.monotonic() > deadline:
            break
    if token:
        raise ValueError(
            f"So many executions match that the list could not be read to its end (at most {MOST_PAGES * PAGE_SIZE:,} "
            "are looked through). Narrow the filter, for example to those that are running."
        )
    if not found:
        raise ValueError("None of the executions that match this filter is still running.")
    return Chosen(list(found), source, over)


_AT_MOST = f"a batch takes at most {LIMIT:,}."


def freeze(user: Any, operation: str, chosen: Chosen) -> Batch:
    """Fix the set; what is listed later changes nothing. ValueError says what is wrong; raises NotAllowed."""
    check_allowed(user, operation)
    wanted = chosen.execution_ids
    if not wanted:
        raise ValueError("Nothing is selected.")
    if len(wanted) > LIMIT:
        raise ValueError(f"{len(wanted):,} executions are selected; {_AT_MOST}")
    with transaction.atomic():
        batch: Batch = Batch.objects.create(
            operation=operation, username=user.get_username(), source=chosen.source, left_out=chosen.left_out
        )
        BatchItem.objects.bulk_create(
            (BatchItem(batch=batch, position=place, execution_id=one) for place, one in enumerate(wanted)),
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


def start(user: Any, batch: Batch, token: str, reason: str) -> None:
    """Begin. Raises NotAllowed, StaleForm, Outdated and NotConfigured, each before anything is recorded or sent."""
    _set_going(user, batch, token, {Batch.State.FROZEN}, started_at=timezone.now(), reason=reason)


def go_on(user: Any, batch: Batch, token: str) -> None:
    """Continue where it paused; what was refused or is unknown stays so. Raises what `start` does."""
    _set_going(user, batch, token, {Batch.State.PAUSED})


def retry(user: Any, batch: Batch, token: str) -> None:
    """Send the refused ones once more, and go on; never what is unknown. Raises what `start` does."""

    def put_back() -> None:
        BatchItem.objects.filter(batch=batch, state=State.REFUSED).update(state=State.WAITING)

    _set_going(user, batch, token, {Batch.State.PAUSED, Batch.State.DONE}, put_back)


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
