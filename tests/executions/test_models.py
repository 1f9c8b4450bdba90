"""The audit is only ever added to: no way of Django's changes or removes a row."""

import json
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core import serializers
from django.db import IntegrityError, models, transaction
from django.db.models.deletion import Collector
from django.utils import timezone

from executions.models import ActionOutcome, ActionRepeated, ActionRequested, AppendOnlyError, AuditPruned

AUDIT = (ActionRequested, ActionOutcome, ActionRepeated, AuditPruned)


def _row(model: type[models.Model]) -> Any:
    action_id = uuid.uuid4()
    if model is ActionRequested:
        return ActionRequested(token=action_id.hex, username="ana", operation="cancel", execution_id="e", reason="was")
    if model is ActionOutcome:
        return ActionOutcome(action_id=action_id, result="unknown", message="was")
    if model is AuditPruned:
        return AuditPruned(username="was", older_than=timezone.now(), count=1)
    return ActionRepeated(action_id=action_id)


def _change(row: Any) -> None:
    row.at = None
    row.save()


@async_to_sync
async def _awaited(call: Awaitable[Any]) -> None:
    await call


def _delete_as_a_cascade_does(row: Any) -> None:
    collector = Collector(using="default")
    collector.collect([row])
    collector.delete()


def _load(model: type[models.Model]) -> None:
    """What `loaddata` does with a file that somebody has changed."""
    rows = json.loads(serializers.serialize("json", model._base_manager.all()))
    rows[0]["fields"]["at"] = "2001-01-01T00:00:00Z"
    for one in serializers.deserialize("json", json.dumps(rows)):
        one.save()


def _forge(model: type[models.Model], row: Any) -> None:
    model(**{field.name: getattr(row, field.name) for field in model._meta.fields}).save()  # type: ignore[attr-defined]


ATTEMPTS: dict[str, Callable[[Any, Any], object]] = {
    "save": lambda model, row: _change(row),
    "save as loaded": lambda model, row: _change(model.objects.get()),
    "save some fields": lambda model, row: row.save(update_fields=["at"]),
    "save by force": lambda model, row: row.save(force_update=True),
    "delete": lambda model, row: row.delete(),
    "delete all": lambda model, row: model.objects.all().delete(),
    "delete some": lambda model, row: model.objects.filter(pk=row.pk).delete(),
    "delete without asking": lambda model, row: model.objects.all()._raw_delete("default"),
    "delete through the base manager": lambda model, row: model._base_manager.all().delete(),
    "update": lambda model, row: model.objects.update(at=None),
    "update some": lambda model, row: model.objects.filter(pk=row.pk).update(at=None),
    "update through the base manager": lambda model, row: model._base_manager.update(at=None),
    "update in bulk": lambda model, row: model.objects.bulk_update([row], ["at"]),
    "update or create": lambda model, row: model.objects.update_or_create(pk=row.pk, defaults={"at": None}),
    "create over it": lambda model, row: model.objects.bulk_create(
        [row], update_conflicts=True, update_fields=["at"], unique_fields=["pk"]
    ),
    "update as save does": lambda model, row: model._base_manager.filter(pk=row.pk)._update([]),
    "update without blocking": lambda model, row: _awaited(model.objects.aupdate(at=None)),
    "delete without blocking": lambda model, row: _awaited(model.objects.all().adelete()),
    "delete as a cascade does": lambda model, row: _delete_as_a_cascade_does(row),
    "load over it": lambda model, row: _load(model),
    "create and ignore": lambda model, row: model.objects.bulk_create([row], ignore_conflicts=True),
}


@pytest.mark.django_db
@pytest.mark.parametrize("model", AUDIT)
@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_a_row_stays_as_it_is(model: Any, attempt: str) -> None:
    row = _row(model)
    row.save()
    before = serializers.serialize("json", model.objects.all())
    with pytest.raises(AppendOnlyError, match=r"Audit rows can only be added\."), transaction.atomic():
        ATTEMPTS[attempt](model, row)
    assert serializers.serialize("json", model.objects.all()) == before


@pytest.mark.django_db
@pytest.mark.parametrize("model", AUDIT)
def test_a_row_is_not_written_over(model: Any) -> None:
    row = _row(model)
    row.save()
    before = serializers.serialize("json", model.objects.all())
    with pytest.raises(IntegrityError), transaction.atomic():
        _forge(model, row)
    assert serializers.serialize("json", model.objects.all()) == before


@pytest.mark.parametrize("model", AUDIT)
def test_the_audit_outlives_what_it_names(model: Any) -> None:
    assert [field for field in model._meta.get_fields() if field.is_relation] == []


@pytest.mark.django_db
def test_one_action_has_one_outcome() -> None:
    first = _row(ActionOutcome)
    first.save()
    with pytest.raises(IntegrityError), transaction.atomic():
        ActionOutcome.objects.create(action_id=first.action_id, result="done")
    assert ActionOutcome.objects.get().result == "unknown"


@pytest.mark.django_db
def test_several_rows_can_be_added_at_once() -> None:
    rows = [_row(ActionRequested) for _ in range(3)]
    assert len(ActionRequested.objects.bulk_create(rows)) == 3
    assert ActionRequested.objects.count() == 3


@pytest.mark.django_db
@pytest.mark.parametrize("model", AUDIT)
def test_a_backup_can_be_loaded_where_there_is_nothing(model: Any) -> None:
    _row(model).save()
    backup = serializers.serialize("json", model.objects.all())
    models.QuerySet(model)._raw_delete("default")
    assert model.objects.count() == 0
    for one in serializers.deserialize("json", backup):
        one.save()
    assert serializers.serialize("json", model.objects.all()) == backup


@pytest.mark.django_db
@pytest.mark.parametrize("model", AUDIT)
def test_getting_or_creating_only_adds(model: Any) -> None:
    row = _row(model)
    row.save()
    assert model.objects.get_or_create(pk=row.pk, defaults={"at": None}) == (row, False)
    assert model.objects.count() == 1
