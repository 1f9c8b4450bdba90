"""An invoice pipeline: read the document, extract the fields, validate, book."""

import asyncio
from datetime import timedelta
from typing import Any

import msgspec
from temporalio import activity, workflow
from temporalio.common import RetryPolicy

from console.sandbox.workflows.custom_task import CustomTask
from console.sandbox.workflows.declare import Declaration


class Invoice(msgspec.Struct, forbid_unknown_fields=True):
    document: str
    amount: float
    currency: str = "EUR"
    flaw: str = ""
    """`total` never validates; `ledger` fails only in the first run, as a service that is away for a while."""


class TotalsDoNotMatch(Exception):
    pass


@activity.defn
async def read_document(document: str) -> str:
    activity.logger.info("reading %s, 2 pages", document)
    await asyncio.sleep(0.4)
    activity.logger.debug("page 1 of %s: 1,204 characters", document)
    return f"Invoice {document}. Net 100.00. VAT 19.00."


@activity.defn
async def extract_fields(invoice: dict[str, Any]) -> dict[str, Any]:
    words = (
        f"The invoice {invoice['document']} is over {invoice['amount']:.2f} {invoice.get('currency', 'EUR')} with VAT."
    )
    async with CustomTask("llm_call", {"model": "sandbox-small", "text": "", "progress": 0}) as task:
        tokens = words.split()
        for place, token in enumerate(tokens, 1):
            await asyncio.sleep(0.08)
            task.append("text", token + " ")
            task.replace("progress", round(place / len(tokens), 2))
    activity.logger.info("extracted 3 fields in %d tokens", len(tokens))
    return {"net": invoice["amount"], "vat": round(invoice["amount"] * 0.19, 2)}


def check_totals(fields: dict[str, Any], flaw: str) -> None:
    if flaw == "total":
        raise TotalsDoNotMatch(f"net {fields['net']:.2f} and VAT {fields['vat']:.2f} do not add up to the total")


@activity.defn
async def validate(fields: dict[str, Any], flaw: str) -> None:
    activity.logger.info("validating, attempt %d", activity.info().attempt)
    await asyncio.sleep(0.1)
    try:
        check_totals(fields, flaw)
    except TotalsDoNotMatch:
        activity.logger.exception("the totals do not match")
        raise


@activity.defn
async def book(document: str, flaw: str, first_run: bool) -> str:
    activity.logger.info("booking %s", document)
    await asyncio.sleep(0.1)
    if flaw == "ledger" and first_run:
        activity.logger.error("ledger service answered 503")
        raise ConnectionError("ledger service answered 503: try later")
    return f"booking-{document}"


ACTIVITIES = [read_document, extract_fields, validate, book]
_FEW = RetryPolicy(maximum_attempts=3, initial_interval=timedelta(milliseconds=500), backoff_coefficient=1.5)


@workflow.defn(name="invoice-pipeline")
class InvoicePipeline:
    @workflow.run
    async def run(self, given: dict[str, Any]) -> dict[str, Any]:
        invoice = msgspec.convert(given, Invoice)
        limits: dict[str, Any] = {"start_to_close_timeout": timedelta(seconds=30), "retry_policy": _FEW}
        await workflow.execute_activity(read_document, invoice.document, **limits)
        fields = await workflow.execute_activity(extract_fields, given, **limits)
        await workflow.execute_activity(validate, args=[fields, invoice.flaw], **limits)
        # A reset starts a new run of the same chain: by then the ledger is back.
        first = workflow.info().run_id == workflow.info().original_execution_run_id
        booking = await workflow.execute_activity(book, args=[invoice.document, invoice.flaw, first], **limits)
        return {"document": invoice.document, "booking": booking, **fields}


DECLARATION = Declaration(
    "invoice-pipeline",
    InvoicePipeline,
    "Invoice pipeline",
    "Reads, extracts, validates and books an invoice.",
    Invoice,
    ["finance", "documents"],
)
