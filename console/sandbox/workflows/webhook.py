"""Tells a partner of an order: calls their webhook, again and again until it takes the news."""

from datetime import timedelta
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from temporalio import activity, workflow
from temporalio.common import RetryPolicy

from console.sandbox.workflows.declare import Activities, Declaration


class Webhook(msgspec.Struct, forbid_unknown_fields=True):
    order: str
    url: str
    outage_seconds: Annotated[float, Meta(ge=0, le=30 * 86_400)] = 0
    """For how long the partner's server answers 503."""


class PartnerUnavailable(Exception):
    pass


@activity.defn
async def call_webhook(order: str, url: str, outage_seconds: float) -> int:
    info = activity.info()
    waited = (info.current_attempt_scheduled_time - info.scheduled_time).total_seconds()
    if waited < outage_seconds:
        activity.logger.warning("POST %s answered 503, attempt %d", url, info.attempt)
        raise PartnerUnavailable(f"POST {url} answered 503 Service Unavailable")
    activity.logger.info("POST %s took the news of %s", url, order)
    return 204


ACTIVITIES: Activities = [call_webhook]
LIMITS: dict[str, Any] = {
    "start_to_close_timeout": timedelta(seconds=10),
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(seconds=1), backoff_coefficient=2, maximum_interval=timedelta(minutes=1)
    ),
}


@workflow.defn(name="partner-webhook")
class PartnerWebhook:
    @workflow.run
    async def run(self, given: dict[str, Any]) -> dict[str, Any]:
        webhook = msgspec.convert(given, Webhook)
        status = await workflow.execute_activity(
            call_webhook, args=[webhook.order, webhook.url, webhook.outage_seconds], **LIMITS
        )
        return {"order": webhook.order, "status": status}


DECLARATION = Declaration(
    "partner-webhook",
    PartnerWebhook,
    "Partner webhook",
    "Tells a partner of an order, as often as it takes.",
    Webhook,
    ["partners"],
)
