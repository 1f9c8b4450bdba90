"""A subscription's renewal, of which a release changed the steps while renewals were under way.

Its worker keeps no run in memory, so that each task begins with a replay, as after a release.
"""

import asyncio
from datetime import timedelta
from typing import Any, Literal

import msgspec
from temporalio import activity, workflow

from console.sandbox.workflows.declare import Activities, Declaration

TASK_QUEUE = "billing"


class Renewal(msgspec.Struct, forbid_unknown_fields=True):
    subscription: str
    release: Literal["", "changed", "broken"] = ""
    """What was released when it had begun: code with another first step, or with a fault."""


class PlanMissing(Exception):
    """Not an error of the business, which would end the run, but of the code."""


@activity.defn
async def check_plan(subscription: str) -> str:
    activity.logger.info("%s is on the plan “team”", subscription)
    await asyncio.sleep(0.1)
    return "team"


@activity.defn
async def charge_card(subscription: str, plan: str) -> str:
    activity.logger.info("charging the card of %s for “%s”", subscription, plan)
    await asyncio.sleep(0.1)
    return f"receipt-{subscription}"


ACTIVITIES: Activities = [check_plan, charge_card]
LIMITS: dict[str, Any] = {"start_to_close_timeout": timedelta(seconds=10)}


@workflow.defn(name="subscription-renewal")
class SubscriptionRenewal:
    @workflow.run
    async def run(self, given: dict[str, Any]) -> str:
        renewal = msgspec.convert(given, Renewal)
        # In a replay it is the code of after the release that runs.
        if renewal.release == "changed" and workflow.unsafe.is_replaying():
            return await workflow.execute_activity(charge_card, args=[renewal.subscription, "team"], **LIMITS)
        plan = await workflow.execute_activity(check_plan, renewal.subscription, **LIMITS)
        if renewal.release == "broken":
            raise PlanMissing(f"no price for the plan “{plan}”")
        return await workflow.execute_activity(charge_card, args=[renewal.subscription, plan], **LIMITS)


DECLARATION = Declaration(
    "subscription-renewal",
    SubscriptionRenewal,
    "Subscription renewal",
    "Checks the plan and charges the card.",
    Renewal,
    ["billing"],
    task_queue=TASK_QUEUE,
)
