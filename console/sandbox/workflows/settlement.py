"""A settlement: sends a transfer to the bank, whose confirmation may not come in time."""

import asyncio
from datetime import timedelta
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from temporalio import activity, workflow
from temporalio.common import RetryPolicy

from console.sandbox.workflows.declare import Activities, Declaration


class Settlement(msgspec.Struct, forbid_unknown_fields=True):
    transfer: str
    bank_seconds: Annotated[float, Meta(ge=0, le=60)] = 0.5
    """How long the bank takes to confirm. Nobody waits longer than 2 seconds, twice."""


@activity.defn
async def confirm_transfer(transfer: str, bank_seconds: float) -> str:
    activity.logger.info("transfer %s is with the bank", transfer)
    await asyncio.sleep(bank_seconds)
    return f"confirmed-{transfer}"


ACTIVITIES: Activities = [confirm_transfer]
LIMITS: dict[str, Any] = {
    "start_to_close_timeout": timedelta(seconds=2),
    "retry_policy": RetryPolicy(maximum_attempts=2, initial_interval=timedelta(milliseconds=500)),
}


@workflow.defn(name="bank-settlement")
class BankSettlement:
    @workflow.run
    async def run(self, given: dict[str, Any]) -> str:
        settlement = msgspec.convert(given, Settlement)
        return await workflow.execute_activity(
            confirm_transfer, args=[settlement.transfer, settlement.bank_seconds], **LIMITS
        )


DECLARATION = Declaration(
    "bank-settlement",
    BankSettlement,
    "Bank settlement",
    "Sends a transfer and waits for the bank to confirm it.",
    Settlement,
    ["finance"],
)
