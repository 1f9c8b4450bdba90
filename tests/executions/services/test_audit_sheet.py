"""The audit as a sheet."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from executions.models import ActionOutcome, ActionRepeated, ActionRequested
from executions.services import audit_sheet
from tests.executions.services.test_audit import requested

pytestmark = pytest.mark.django_db


def test_a_sheet_has_every_column_and_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_sheet, "LIMIT", 2)
    batch = uuid.uuid4()
    requested("old", age=300)
    first = requested("a", age=200, name="n", run_id="r", reason="why", detail="to event 4", body_digest="d" * 64)
    second = requested("b", "query", age=100, batch_id=batch)
    ActionOutcome.objects.create(action_id=first.id, result="refused", code="WF_1", message="no")
    ActionOutcome.objects.create(action_id=second.id, result="done", answer="x" * 1000)
    ActionRepeated.objects.create(action_id=second.id)
    found = [
        dict(zip(audit_sheet.HEADING, row, strict=True)) for row in audit_sheet.rows(ActionRequested.objects.all())
    ]
    common = {"user": "ana", "execution": "e"}
    assert found == [
        common
        | {"time (UTC)": second.at.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3], "operation": "query", "name": "", "run": ""}
        | {"outcome": "done", "code": "", "message": "", "reason": "", "detail": "", "batch": batch}
        | {"asked again": 1, "SHA-256 of the body": "", "action": second.id},
        common
        | {"time (UTC)": first.at.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3], "operation": "cancel", "name": "n", "run": "r"}
        | {"outcome": "refused", "code": "WF_1", "message": "no", "reason": "why", "detail": "to event 4"}
        | {"batch": None, "asked again": "", "SHA-256 of the body": "d" * 64, "action": first.id},
    ]


def test_a_sheet_takes_few_queries() -> None:
    for number in range(30):
        requested(str(number))
    with CaptureQueriesContext(connection) as queries:
        assert len(list(audit_sheet.rows(ActionRequested.objects.order_by("-at")))) == 30
    assert len(queries) == 3
