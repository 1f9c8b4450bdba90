"""A know-your-customer review: screens a case, then waits for a person's decision until its time is up."""

import asyncio
from datetime import date, timedelta
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta
from temporalio import activity, workflow

from console.sandbox.workflows.declare import Activities, Declaration, Handler

Priority = Literal["low", "normal", "high"]


class Review(msgspec.Struct, forbid_unknown_fields=True):
    case: str
    sla_seconds: Annotated[float, Meta(gt=0, le=30 * 86_400)] = 3600
    priority: Priority = "normal"


Reviewer = Annotated[str, Meta(description="Who decides.")]


class Condition(msgspec.Struct, forbid_unknown_fields=True):
    text: str
    until: date | None = None


class Approve(msgspec.Struct, forbid_unknown_fields=True):
    reviewer: Reviewer
    note: str = ""
    limit: Annotated[int, Meta(ge=0, le=1_000_000, description="In EUR; none without it.")] | None = None
    conditions: list[Condition] = []


class Reject(msgspec.Struct, forbid_unknown_fields=True):
    reviewer: Reviewer
    reason: Annotated[str, Meta(min_length=3)]


class SetPriority(msgspec.Struct, forbid_unknown_fields=True):
    priority: Priority


@activity.defn
async def screen(case: str) -> int:
    activity.logger.info("screening case %s against 3 lists", case)
    await asyncio.sleep(0.3)
    activity.logger.warning("list 2 answered slowly (280 ms)")
    return len(case) * 7 % 100


ACTIVITIES: Activities = [screen]


@workflow.defn(name="kyc-review")
class KycReview:
    def __init__(self) -> None:
        self.decision: dict[str, Any] | None = None
        self.priority: str = "normal"
        self.score: int | None = None

    @workflow.run
    async def run(self, given: dict[str, Any]) -> dict[str, Any]:
        review = msgspec.convert(given, Review)
        self.priority = review.priority
        self.score = await workflow.execute_activity(screen, review.case, start_to_close_timeout=timedelta(seconds=30))
        workflow.logger.info("case %s waits for a decision, score %d", review.case, self.score)
        try:
            await workflow.wait_condition(
                lambda: self.decision is not None,
                timeout=review.sla_seconds,
                timeout_summary="time to decide",
            )
        except TimeoutError:
            workflow.logger.warning("nobody decided in time: escalated")
            self.decision = {"decision": "escalated"}
        return {"case": review.case, "score": self.score, "priority": self.priority, **(self.decision or {})}

    @workflow.signal
    def approve(self, given: dict[str, Any]) -> None:
        workflow.logger.info("approved by %s", given["reviewer"])
        self.decision = {"decision": "approved", **given}

    @workflow.signal
    def reject(self, given: dict[str, Any]) -> None:
        workflow.logger.info("rejected by %s", given["reviewer"])
        self.decision = {"decision": "rejected", **given}

    @workflow.query
    def get_status(self) -> dict[str, Any]:
        return {"score": self.score, "priority": self.priority, "decision": self.decision}

    @workflow.update
    def set_priority(self, given: dict[str, Any]) -> dict[str, Any]:
        before, self.priority = self.priority, given["priority"]
        return {"before": before, "after": self.priority}

    @set_priority.validator
    def check_priority(self, given: dict[str, Any]) -> None:
        if given["priority"] == self.priority:
            raise ValueError(f"the priority is {self.priority} already")


DECLARATION = Declaration(
    "kyc-review",
    KycReview,
    "KYC review",
    "Screens a case, then waits for approve or reject.",
    Review,
    ["compliance"],
    signals=[
        Handler("approve", "Approve the case.", Approve),
        Handler("reject", "Reject the case, with a reason.", Reject),
    ],
    queries=[Handler("get_status", "Score, priority and decision.")],
    updates=[Handler("set_priority", "Change how urgent it is.", SetPriority)],
)
