"""Batches that were started before they had a state: all was sent in one call, and the audit has what came of it."""

from typing import Any

from django.db import migrations

RESULTS = {"done": "done", "refused": "refused", "not sent": "waiting"}


def settle(apps: Any, schema_editor: Any) -> None:
    model = {name: apps.get_model("executions", name) for name in ("Batch", "ActionRequested", "ActionOutcome")}
    for batch in model["Batch"].objects.exclude(started_at=None).filter(state="frozen"):
        actions = dict(model["ActionRequested"].objects.filter(batch_id=batch.id).values_list("execution_id", "id"))
        for item in batch.items.filter(execution_id__in=actions):
            outcome = model["ActionOutcome"].objects.filter(action_id=actions[item.execution_id]).first()
            item.action_id = actions[item.execution_id]
            item.state = RESULTS.get(outcome.result, "unknown") if outcome else "unknown"
            item.message = outcome.message if outcome else ""
            item.save()
        batch.state = "stopped" if batch.items.filter(state="waiting").exists() else "done"
        batch.save()


class Migration(migrations.Migration):
    dependencies = [("executions", "0003_acting")]
    operations = [migrations.RunPython(settle, migrations.RunPython.noop)]
