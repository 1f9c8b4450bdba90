"""An invoice pipeline: read the document, extract the fields, validate them, book the invoice."""

import asyncio
from datetime import timedelta
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta
from temporalio import activity, workflow
from temporalio.common import RetryPolicy

from console.sandbox.workflows.custom_task import CustomTask
from console.sandbox.workflows.declare import Activities, Declaration

HALF_A_CENT = 0.005


class Invoice(msgspec.Struct, forbid_unknown_fields=True):
    document: str
    amount: Annotated[float, Meta(ge=0, le=1e9)]
    currency: str = "EUR"
    flaw: Literal["", "total", "ledger"] = ""
    """`total`: the totals never match. `ledger`: the ledger is away in the first run, and back after a reset."""


class TotalsDoNotMatch(Exception):
    pass


class LedgerUnavailable(Exception):
    pass


def vat_of(amount: float) -> float:
    return round(amount * 0.19, 2)


@activity.defn
async def read_document(document: str) -> str:
    activity.logger.info("reading %s, 2 pages", document)
    await asyncio.sleep(0.4)
    activity.logger.debug("page 1 of %s: 1,204 characters", document)
    activity.logger.debug("page 2 of %s: 318 characters", document)
    return f"Text of {document}"


@activity.defn
async def extract_fields(document: str, amount: float, currency: str) -> dict[str, Any]:
    """Ask a language model, and show its answer word by word."""
    answer = f"The invoice {document} is over {amount:.2f} {currency} without VAT."
    words = answer.split()
    async with CustomTask("llm_call", {"model": "sandbox-small", "text": "", "progress": 0}) as task:
        for place, word in enumerate(words, 1):
            await asyncio.sleep(0.08)
            task.append("text", word + " ")
            task.replace("progress", round(place / len(words), 2))
    activity.logger.info("extracted 3 fields in %d tokens", len(words))
    return {"net": amount, "vat": vat_of(amount), "currency": currency}


def check_totals(fields: dict[str, Any], total: float) -> None:
    if abs(fields["net"] + fields["vat"] - total) > HALF_A_CENT:
        raise TotalsDoNotMatch(f"net {fields['net']:.2f} and VAT {fields['vat']:.2f} do not add up to {total:.2f}")


@activity.defn
async def validate(fields: dict[str, Any], total: float) -> None:
    activity.logger.info("validating, attempt %d", activity.info().attempt)
    await asyncio.sleep(0.1)
    try:
        check_totals(fields, total)
    except TotalsDoNotMatch:
        activity.logger.exception("the totals do not match")
        raise


@activity.defn
async def book(document: str, ledger_is_away: bool) -> str:
    activity.logger.info("booking %s", document)
    await asyncio.sleep(0.1)
    if ledger_is_away:
        activity.logger.error("the ledger service answered 503")
        raise LedgerUnavailable("the ledger service answered 503: try later")
    return f"booking-{document}"


ACTIVITIES: Activities = [read_document, extract_fields, validate, book]
LIMITS: dict[str, Any] = {
    "start_to_close_timeout": timedelta(seconds=30),
    "retry_policy": RetryPolicy(
        maximum_attempts=3, initial_interval=timedelta(milliseconds=500), backoff_coefficient=1.5
    ),
}


@workflow.defn(name="invoice-pipeline")
class InvoicePipeline:
    @workflow.run
    async def run(self, given: dict[str, Any]) -> dict[str, Any]:
        invoice = msgspec.convert(given, Invoice)
        await workflow.execute_activity(read_document, invoice.document, **LIMITS)
        fields = await workflow.execute_activity(
            extract_fields, args=[invoice.document, invoice.amount, invoice.currency], **LIMITS
        )
        total = invoice.amount + vat_of(invoice.amount) + (10 if invoice.flaw == "total" else 0)
        await workflow.execute_activity(validate, args=[fields, total], **LIMITS)
        is_away = self._ledger_is_away(invoice)
        booking = await workflow.execute_activity(book, args=[invoice.document, is_away], **LIMITS)
        return {"document": invoice.document, "booking": booking, **fields}

    def _ledger_is_away(self, invoice: Invoice) -> bool:
        info = workflow.info()
        was_reset = info.run_id != info.original_execution_run_id
        return invoice.flaw == "ledger" and not was_reset


DECLARATION = Declaration(
    "invoice-pipeline",
    InvoicePipeline,
    "Invoice pipeline",
    "Reads, extracts, validates and books an invoice.",
    Invoice,
    ["finance", "documents"],
)
