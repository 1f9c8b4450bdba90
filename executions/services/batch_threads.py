"""The threads that work through batches: no request's, so that a browser that leaves cuts nothing.

They end with the process: told to stop, it waits for the chunk that is under way. A process that is killed leaves a
batch that says it runs; whoever looks at it next pauses it, and what was being sent then is unknown.
"""

import logging
import threading
import uuid
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connections, transaction
from django.utils import timezone

from executions.models import Batch, BatchItem
from executions.services.batch_runner import Runner

_alive: set[uuid.UUID] = set()
"""The runners of this process."""
logger = logging.getLogger(__name__)


def expect(runner: uuid.UUID) -> None:
    """From now on it counts as alive: to be said before the batch names it, or a look between takes it for dead."""
    _alive.add(runner)


def forget(runner: uuid.UUID) -> None:
    _alive.discard(runner)


def begin(batch_id: uuid.UUID, runner: uuid.UUID, user_id: Any) -> None:
    """Work through the batch in a thread."""
    # Not a daemon: the process waits for it.
    threading.Thread(target=_run, args=(batch_id, runner, user_id), name=f"batch-{batch_id}", daemon=False).start()


def _run(batch_id: uuid.UUID, runner: uuid.UUID, user_id: Any) -> None:
    try:
        Runner(batch_id, runner, user_id).run()
    except Exception:
        # The next look finds nobody at work, and says so.
        logger.exception("Batch %s was left where it was.", batch_id)
    finally:
        forget(runner)
        connections.close_all()


def is_alive(batch: Batch) -> bool:
    """Whether something still works on the batch.

    A process that serves alone (without Redis) knows its own; several tell by the last sign of life.
    """
    if batch.runner in _alive:
        return True
    limit = timedelta(seconds=2 * settings.UPSTREAM_TIMEOUT_SECONDS)
    return bool(settings.REDIS_URL and batch.beat and timezone.now() - batch.beat < limit)


def settle(batch: Batch) -> None:
    """Pause a batch that nothing works on any more; what it was sending then is unknown. It is done if that was all."""
    # A batch that was paused or stopped may still wait for its last answer.
    sending = BatchItem.objects.filter(batch=batch, state=BatchItem.State.SENT)
    if (batch.state != Batch.State.RUNNING and not sending.exists()) or is_alive(batch):
        return
    change: dict[str, Any] = {"beat": None, "waits_until": None}
    if batch.state == Batch.State.RUNNING:
        change |= {"state": Batch.State.PAUSED, "note": "The console stopped while this batch was running."}
    if not BatchItem.objects.filter(batch=batch, state=BatchItem.State.WAITING).exists():
        change |= {"state": Batch.State.DONE, "note": "The console stopped before the last answer came."}
    as_seen = {"id": batch.id, "state": batch.state, "runner": batch.runner, "beat": batch.beat}
    with transaction.atomic(durable=True):
        if Batch.objects.filter(**as_seen).update(**change):
            words = "The answer was not recorded: the console stopped, or its database failed."
            sending.update(state=BatchItem.State.UNKNOWN, message=words)
    batch.refresh_from_db()
