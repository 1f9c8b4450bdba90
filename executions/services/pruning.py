"""Removing old audit rows: the one way there is, for the command `prune_audit` alone; and what it has removed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max, Model, QuerySet, Sum

from executions.models import ActionOutcome, ActionRepeated, ActionRequested, AuditPruned

CHUNK = 1_000
"""Actions removed in one transaction, so that operators' writes do not wait for long."""
PRUNINGS_SHOWN = 20


def count(older_than: datetime) -> int:
    """How many actions were asked for before this moment."""
    return ActionRequested.objects.filter(at__lt=older_than).count()


def prune(older_than: datetime, username: str) -> Iterator[int]:
    """Remove them, with their outcomes and repeats, oldest first; how many are gone so far, after each transaction.

    Each transaction records what it removed: after a crash the record is as complete as the removal.
    """
    gone = 0
    while removed := _prune_some(older_than, username):
        gone += removed
        yield gone


@transaction.atomic
def _prune_some(older_than: datetime, username: str) -> int:
    old = ActionRequested.objects.filter(at__lt=older_than).order_by("at", "id")
    ids = list(old.values_list("id", flat=True)[:CHUNK])
    _remove(ActionOutcome, action_id__in=ids)
    _remove(ActionRepeated, action_id__in=ids)
    removed = _remove(ActionRequested, id__in=ids)
    if removed:
        AuditPruned.objects.create(username=username, older_than=older_than, count=removed)
    return removed


def _remove(model: type[Model], **condition: list[UUID]) -> int:
    # Not the model's own query set: that one refuses.
    found: Any = QuerySet(model).filter(**condition)
    removed: int = found._raw_delete(found.db)
    return removed


@dataclass(frozen=True, slots=True)
class Pruning:
    """Old rows that were removed: once, however many pieces it was done in."""

    at: datetime
    username: str
    older_than: datetime
    count: int


def prunings() -> list[Pruning]:
    """The latest removals of old audit rows."""
    found = AuditPruned.objects.order_by().values("username", "older_than").annotate(ended=Max("at"), sum=Sum("count"))
    return [
        Pruning(one["ended"], one["username"], one["older_than"], one["sum"])
        for one in found.order_by("-ended")[:PRUNINGS_SHOWN]
    ]
