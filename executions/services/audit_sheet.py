"""The audit as a sheet: a row for each action, to be kept or counted elsewhere."""

from collections.abc import Iterator

from django.db.models import QuerySet

from executions.models import ActionRequested
from executions.services import audit

LIMIT = 10_000
"""Rows of a CSV file."""
HEADING = (
    *("time (UTC)", "user", "operation", "name", "execution", "run", "outcome", "code", "message", "reason", "detail"),
    *("batch", "asked again", "SHA-256 of the body", "action"),
)


def rows(actions: QuerySet[ActionRequested]) -> Iterator[tuple[object, ...]]:
    """The newest actions as rows of a sheet, without inputs and answers."""
    found = list(actions.defer("input")[:LIMIT])
    for start in range(0, len(found), 1_000):
        for entry in audit.entries(found[start : start + 1_000], answers=False):
            yield _cells(entry)


def _cells(entry: audit.Entry) -> tuple[object, ...]:
    action, outcome = entry.action, entry.outcome
    said = (outcome.code, outcome.message) if outcome else ("", "")
    return (
        *(action.at.isoformat(sep=" ", timespec="milliseconds").removesuffix("+00:00"), action.username),
        *(action.operation, action.name, action.execution_id, action.run_id, entry.result, *said),
        *(action.reason, action.detail, action.batch_id, entry.repeats or "", action.body_digest, action.id),
    )
