"""The sandbox's workflows, written for reading."""

from console.sandbox.workflows import (
    export,
    invoice,
    reconciliation,
    renewal,
    research,
    review,
    settlement,
    statement,
    webhook,
)
from console.sandbox.workflows.declare import TASK_QUEUE, Activities

_ALL = (
    invoice.DECLARATION,
    review.DECLARATION,
    research.DECLARATION,
    research.READER,
    export.DECLARATION,
    webhook.DECLARATION,
    reconciliation.DECLARATION,
    settlement.DECLARATION,
    renewal.DECLARATION,
    statement.MONTH,
    statement.DECLARATION,
    statement.ARCHIVING,
)
DECLARATIONS = {one.name: one for one in _ALL}
WORKFLOWS = [one.workflow for one in _ALL if one.task_queue == TASK_QUEUE]
ACTIVITIES: Activities = [
    *invoice.ACTIVITIES,
    *review.ACTIVITIES,
    *research.ACTIVITIES,
    *export.ACTIVITIES,
    *webhook.ACTIVITIES,
    *reconciliation.ACTIVITIES,
    *settlement.ACTIVITIES,
    *statement.ACTIVITIES,
]
