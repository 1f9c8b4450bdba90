"""The audit is only ever added to: no way of Django's changes or removes a row."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.core import serializers
from django.db import IntegrityError, models, transaction

from executions.models import ActionOutcome, ActionRepeated, ActionRequested, AppendOnlyError

AUDIT = (ActionRequested, ActionOutcome, ActionRepeated)


def _row(model: type[models.Model]) -> Any:
    action_id = uuid.uuid4()
    if model is ActionRequested:
        return ActionRequested(token=action_id.hex, username="ana", operation="cancel", execution_id="e", reason="was")
    if model is ActionOutcome:
        return ActionOutcome(action_id=action_id, result="unknown", message="was")
    return ActionRepeated(action_id=action_id)


def _change(row: Any) -> None:
    row.at = None
    row.save()


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
    "create and ignore": lambda model, row: model.objects.bulk_create([row], ignore_conflicts=True),
}


@pytest.mark.django_db
@pytest.mark.parametrize("model", AUDIT)
@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_a_row_stays_as_it_is(model: Any, attempt: str) -> None:
    row = _row(model)
    row.save()
    before = serializers.serialize("json", model.objects.all())
    with pytest.raises(AppendOnlyError, match=r"Audit rows can only be added\."):
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
