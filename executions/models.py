"""The console's own rows: what operators asked for, what came of it, and batches.

Audit rows are only ever added. They hold names and ids as text and no foreign keys, so that they outlive users and
batches.
"""

import uuid
from typing import Any, NoReturn

from django.db import models
from django.db.models.signals import pre_delete


class AppendOnlyError(TypeError):
    """An audit row was about to be changed or deleted."""


def _refuse(**_: Any) -> NoReturn:
    raise AppendOnlyError("Audit rows can only be added.")


class AppendOnlyQuerySet(models.QuerySet[Any]):
    def _refuse(self) -> NoReturn:
        raise AppendOnlyError("Audit rows can only be added.")

    def update(self, **_: Any) -> NoReturn:
        self._refuse()

    def _update(self, values: Any) -> int:
        # How Django saves a row whose key is given, such as one that `loaddata` brings: changed if it is there.
        return self._refuse() if self.exists() else 0

    def delete(self) -> NoReturn:
        self._refuse()

    def bulk_create(self, objs: Any, *args: Any, **kwargs: Any) -> list[Any]:
        # On a conflict the database would change the row that is there.
        if args or set(kwargs) - {"batch_size"}:
            self._refuse()
        return super().bulk_create(objs, **kwargs)

    def _raw_delete(self, using: str | None) -> NoReturn:
        self._refuse()


class AppendOnly(models.Model):
    at = models.DateTimeField(auto_now_add=True, db_index=True)

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        abstract = True
        base_manager_name = "objects"

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        # For what deletes without asking the row or its query set, as cascades do.
        pre_delete.connect(_refuse, sender=cls)

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnlyError("Audit rows can only be added.")
        super().save(*args, **{**kwargs, "force_insert": True})

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnlyError("Audit rows can only be added.")


class ActionRequested(AppendOnly):
    """Somebody is about to send an action to the API; committed before the first byte is sent."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    token = models.CharField(max_length=64, unique=True)
    """The form's one-use token: a second row with the same one cannot exist. A batch's rows add the execution's place,
    a query's row what was asked: the same form may ask something else."""
    username = models.CharField(max_length=150, db_index=True)
    operation = models.CharField(max_length=32)
    execution_id = models.TextField(db_index=True)
    run_id = models.TextField(blank=True)
    """The run that the form showed."""
    name = models.TextField(blank=True)
    """Of the signal, query or update."""
    reason = models.TextField(blank=True)
    input = models.TextField(blank=True)
    """Of the signal, query or update, as JSON, up to the limit stated in `services.actions`."""
    body_digest = models.CharField(max_length=64, blank=True)
    """SHA-256 of the body that was sent, hexadecimal; empty where there was none."""
    detail = models.TextField(blank=True)
    """What else a reader wants to know, such as the reset point."""
    batch_id = models.UUIDField(null=True, db_index=True)

    class Meta(AppendOnly.Meta):
        verbose_name, verbose_name_plural = "action requested", "actions requested"
        ordering = ("-at",)
        default_permissions = ("view",)
        permissions = [
            ("read", "Can read executions"),
            ("operate", "Can signal, query, update, cancel and reset"),
            ("administer", "Can terminate, run batches and read the whole audit"),
        ]

    def __str__(self) -> str:
        return f"{self.username}: {self.operation} {self.execution_id}"


class ActionOutcome(AppendOnly):
    """What came of an action. An action without this row did not see its answer."""

    class Result(models.TextChoices):
        DONE = "done", "done"
        REFUSED = "refused", "refused"
        NOT_SENT = "not sent", "not sent"
        UNKNOWN = "unknown", "unknown"

    action_id = models.UUIDField(primary_key=True)
    result = models.CharField(max_length=16, choices=Result.choices)
    code = models.CharField(max_length=64, blank=True)
    message = models.TextField(blank=True)
    answer = models.TextField(blank=True)
    """An update's answer, as JSON, up to the limit stated in `services.actions`."""

    class Meta(AppendOnly.Meta):
        verbose_name, verbose_name_plural = "outcome of an action", "outcomes of actions"
        ordering = ("-at",)
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.action_id}: {self.result}"


class ActionRepeated(AppendOnly):
    """A query asked once more from the same form, in the same words; the action is its first use."""

    action_id = models.UUIDField(db_index=True)

    class Meta(AppendOnly.Meta):
        verbose_name, verbose_name_plural = "query asked again", "queries asked again"
        ordering = ("-at",)
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.action_id}: again"


class AuditPruned(AppendOnly):
    """Old audit rows were removed, by the command that alone can."""

    username = models.CharField(max_length=150)
    """Of the account that ran the command, as the system names it."""
    older_than = models.DateTimeField()
    count = models.PositiveIntegerField()
    """Actions that were removed, each with its outcome and repeats."""

    class Meta(AppendOnly.Meta):
        verbose_name, verbose_name_plural = "removal of old rows", "removals of old rows"
        ordering = ("-at",)
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.count} older than {self.older_than}"


class Batch(models.Model):
    """A frozen set of executions, what is to be done to each, and how far that is."""

    class State(models.TextChoices):
        FROZEN = "frozen", "not started"
        RUNNING = "running", "running"
        PAUSED = "paused", "paused"
        STOPPED = "stopped", "stopped"
        DONE = "done", "done"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    operation = models.CharField(max_length=32)
    username = models.CharField(max_length=150)
    """Who chose the executions; the audit has who sent what, and why."""
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=16, choices=State.choices, default=State.FROZEN)
    token = models.CharField(max_length=64, null=True, unique=True)
    """Of the list's form that chose the executions: sent twice, it makes one batch."""
    source = models.TextField(blank=True)
    """The filter that chose the executions, as a query string; empty where somebody ticked them."""
    left_out = models.PositiveIntegerField(default=0)
    """How many more matched the filter, but were over."""
    reason = models.TextField(blank=True)
    sender = models.CharField(max_length=150, blank=True)
    """Who started it, or continued it last: in whose name it sends."""
    resumed_at = models.DateTimeField(null=True)
    """When that was."""
    retried_at = models.DateTimeField(null=True)
    retried_by = models.CharField(max_length=150, blank=True)
    """When the refused were last tried again, and who asked for it."""
    resumed_with = models.PositiveIntegerField(default=0)
    """How many were waiting then."""
    note = models.TextField(blank=True)
    """Why it paused or waits, in words for a page."""
    waits_until = models.DateTimeField(null=True)
    """When it goes on by itself, where the API asked for a pause."""
    runner = models.UUIDField(null=True)
    """What works on it: a number that is new each time somebody starts or continues it."""
    beat = models.DateTimeField(null=True)
    """When its runner last showed that it is alive."""

    class Meta:
        ordering = ("-created_at",)
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.operation} {self.id}"


class BatchItem(models.Model):
    """One execution of a batch and how far it is; each attempt stands in the audit."""

    class State(models.TextChoices):
        WAITING = "waiting", "not sent"
        SENT = "sent", "being sent"
        DONE = "done", "done"
        REFUSED = "refused", "refused"
        UNKNOWN = "unknown", "unknown"

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="items")
    position = models.PositiveIntegerField()
    execution_id = models.TextField()
    workflow = models.TextField(blank=True)
    started = models.DateTimeField(null=True)
    """Its workflow, and when it started, as the list said when the set was frozen; empty where it did not say."""
    state = models.CharField(max_length=16, choices=State.choices, default=State.WAITING)
    action_id = models.UUIDField(null=True)
    """The latest attempt, in the audit."""
    tries = models.PositiveIntegerField(default=0)
    """How many attempts there were."""
    message = models.TextField(blank=True)
    """Why it was refused, or why it is unknown."""

    class Meta:
        ordering = ("position",)
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=("batch", "position"), name="batch_position")]
        indexes = [models.Index(fields=("batch", "state", "position"), name="batch_state")]

    def __str__(self) -> str:
        return self.execution_id
