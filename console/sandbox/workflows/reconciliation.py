"""The nightly reconciliation: many accounts at a time, a batch in each run, which goes on as new for the next batch."""

import asyncio
from datetime import timedelta
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from temporalio import activity, workflow

from console.sandbox.workflows.declare import Activities, Declaration


class Reconciliation(msgspec.Struct, forbid_unknown_fields=True):
    night: str
    batches: Annotated[int, Meta(ge=1, le=100)] = 3
    accounts: Annotated[int, Meta(ge=1, le=500)] = 6
    """In a batch, all at the same time."""
    batch: Annotated[int, Meta(ge=1)] = 1


@activity.defn
async def reconcile_account(night: str, account: int) -> int:
    activity.logger.info("account %d: the bookings of %s add up", account, night)
    await asyncio.sleep(0.2 + account % 5 * 0.1)
    return account * 37 % 11


ACTIVITIES: Activities = [reconcile_account]


@workflow.defn(name="nightly-reconciliation")
class NightlyReconciliation:
    @workflow.run
    async def run(self, given: dict[str, Any]) -> dict[str, Any]:
        wanted = msgspec.convert(given, Reconciliation)
        first = (wanted.batch - 1) * wanted.accounts + 1
        found = await asyncio.gather(
            *[
                workflow.execute_activity(
                    reconcile_account, args=[wanted.night, account], start_to_close_timeout=timedelta(seconds=30)
                )
                for account in range(first, first + wanted.accounts)
            ]
        )
        workflow.logger.info("batch %d of %d: %d bookings differ", wanted.batch, wanted.batches, sum(found))
        if wanted.batch < wanted.batches:
            workflow.continue_as_new({**given, "batch": wanted.batch + 1})
        return {"night": wanted.night, "accounts": wanted.batches * wanted.accounts}


DECLARATION = Declaration(
    "nightly-reconciliation",
    NightlyReconciliation,
    "Nightly reconciliation",
    "Compares all accounts with the bank's, in batches.",
    Reconciliation,
    ["finance"],
)
