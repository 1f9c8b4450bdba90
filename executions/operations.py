"""The operations of the Workflows API that the console offers, one row each.

A row describes: how an operation is called on a page, what shape it has, who may use it and how much harm it can do.
It never dispatches: each operation has its own method in the client and its own view.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["read", "ask", "write", "stream"]
Permission = Literal["read", "operate", "administer"]
Danger = Literal["none", "changes", "ends", "destroys"]


@dataclass(frozen=True, slots=True)
class Operation:
    slug: str
    label: str
    kind: Kind
    permission: Permission
    danger: Danger = "none"
    effect: str = ""
    """What it does to an execution, in one sentence for its form."""


OPERATIONS: tuple[Operation, ...] = (
    Operation("get", "Overview", "read", "read"),
    Operation("history", "History", "read", "read"),
    Operation(
        "signal", "Signal", "write", "operate", "changes", "The workflow receives the signal; there is no answer."
    ),
    Operation("query", "Query", "ask", "operate", effect="Asks the workflow for its state; changes nothing."),
    Operation("update", "Update", "write", "operate", "changes", "The workflow checks and applies it, and answers."),
    Operation(
        "terminate",
        "Terminate",
        "write",
        "administer",
        "destroys",
        "Ends the execution at once. The workflow gets no chance to clean up.",
    ),
    Operation(
        "batch-terminate",
        "Terminate selected",
        "write",
        "administer",
        "destroys",
        "Ends each at once. No workflow gets a chance to clean up.",
    ),
    Operation(
        "cancel",
        "Cancel",
        "write",
        "operate",
        "ends",
        "Asks the workflow to stop. Its clean-up code runs first, so it may take a while.",
    ),
    Operation(
        "batch-cancel",
        "Cancel selected",
        "write",
        "administer",
        "ends",
        "Asks each workflow to stop. Its clean-up code runs first, so it may take a while.",
    ),
    Operation(
        "reset",
        "Reset",
        "write",
        "operate",
        "ends",
        "Starts a new run that replays the history up to the chosen point, with today’s code. "
        "A run that still runs is ended.",
    ),
    Operation("trace-info", "Trace", "read", "read"),
    Operation("trace-otel", "Trace as OpenTelemetry", "read", "read"),
    Operation("trace-summary", "Trace waterfall", "read", "read"),
    Operation("trace-events", "Trace events", "read", "read"),
    Operation("event-stream", "Events", "stream", "read"),
    Operation("logs", "Logs", "read", "read"),
    Operation("log-stream", "Live logs", "stream", "read"),
)
BY_SLUG = {operation.slug: operation for operation in OPERATIONS}
