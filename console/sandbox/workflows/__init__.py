"""The sandbox's workflows, written for reading."""

from console.sandbox.workflows import export, invoice, research, review
from console.sandbox.workflows.declare import Activities

_ALL = (invoice.DECLARATION, review.DECLARATION, research.DECLARATION, research.READER, export.DECLARATION)
DECLARATIONS = {one.name: one for one in _ALL}
WORKFLOWS = [one.workflow for one in _ALL]
ACTIVITIES: Activities = [
    *invoice.ACTIVITIES,
    *review.ACTIVITIES,
    *research.ACTIVITIES,
    *export.ACTIVITIES,
]
