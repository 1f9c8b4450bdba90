"""The month's statements on paper, and their archive: the workers that print and that archive are away."""

import asyncio
from datetime import timedelta
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from temporalio import activity, workflow

from console.sandbox.workflows.declare import Activities, Declaration

PRINT_ROOM, ARCHIVE = "print-room", "archive"
"""Task queues that no worker of the sandbox polls."""


class Statement(msgspec.Struct, forbid_unknown_fields=True):
    account: str
    month: str


class Month(msgspec.Struct, forbid_unknown_fields=True):
    month: str
    accounts: Annotated[list[str], Meta(min_length=1, max_length=20)]


@activity.defn
async def lay_out_statement(account: str, month: str) -> int:
    activity.logger.info("statement of %s for %s: 3 pages", account, month)
    return 3


ACTIVITIES: Activities = [lay_out_statement]


@workflow.defn(name="statement-print")
class StatementPrint:
    @workflow.run
    async def run(self, given: dict[str, Any]) -> int:
        statement = msgspec.convert(given, Statement)
        limit = timedelta(minutes=5)
        pages = await workflow.execute_activity(
            lay_out_statement, args=[statement.account, statement.month], start_to_close_timeout=limit
        )
        printed: int = await workflow.execute_activity(
            "print_statement",
            args=[statement.account, pages],
            task_queue=PRINT_ROOM,
            start_to_close_timeout=limit,
            result_type=int,
        )
        return printed


@workflow.defn(name="monthly-statements")
class MonthlyStatements:
    @workflow.run
    async def run(self, given: dict[str, Any]) -> int:
        month = msgspec.convert(given, Month)
        return sum(await asyncio.gather(*[self._print(account, month.month) for account in month.accounts]))

    async def _print(self, account: str, month: str) -> int:
        child = f"{workflow.info().workflow_id}-{account}-{workflow.uuid4().hex[:6]}"
        return await workflow.execute_child_workflow(
            StatementPrint.run, {"account": account, "month": month}, id=child, memo=workflow.memo()
        )


@workflow.defn(name="statement-archive")
class StatementArchive:
    @workflow.run
    async def run(self, given: dict[str, Any]) -> str:
        # Nobody polls its queue: it waits for a worker, which is what it is there to show.
        return str(given.get("month", ""))


MONTH = Declaration(
    "monthly-statements",
    MonthlyStatements,
    "Monthly statements",
    "Has a month's statements printed, one child for each account.",
    Month,
    ["documents"],
)
DECLARATION = Declaration(
    "statement-print",
    StatementPrint,
    "Statement print",
    "Lays out an account's statement, and has it printed.",
    Statement,
    ["documents"],
)
ARCHIVING = Declaration(
    "statement-archive",
    StatementArchive,
    "Statement archive",
    "Puts an account's statement into the archive.",
    Statement,
    ["documents"],
    task_queue=ARCHIVE,
)
