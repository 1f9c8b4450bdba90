"""The executions that a visitor finds: some thirty in every status, then a gentle trickle."""

import asyncio
import itertools
from datetime import datetime, timedelta
from typing import Any

from temporalio.client import Client, WorkflowHandle

from console.sandbox.start import start

PAUSE_SECONDS = 0.15
"""Between two starts, so that not all happens in the same moment."""
TRICKLE_SECONDS = 20
TRICKLE_MOST = 150
_USERS = itertools.cycle(("user-42", "user-7", "user-19"))
_CUSTOMERS = ("customer-108", "customer-230", "customer-316", "customer-451")


def _day() -> str:
    return f"{datetime.now().astimezone():%Y-%m%d}"


async def _invoice(client: Client, number: int, flaw: str = "") -> WorkflowHandle[Any, Any]:
    given = {"document": f"scan-{number:04}.pdf", "amount": round(80 + number * 13.7, 2), "flaw": flaw}
    keys = {"customer": _CUSTOMERS[number % 4], "batch": _day()}
    return await _start(client, "invoice-pipeline", f"inv-{_day()}-{number:03}", given, keys)


async def _review(
    client: Client, number: int, priority: str = "normal", time_limit: timedelta | None = None, **more: Any
) -> WorkflowHandle[Any, Any]:
    given = {"case": f"case-{7000 + number}", "priority": priority, **more}
    keys = {"customer": _CUSTOMERS[number % 4]}
    return await _start(client, "kyc-review", f"kyc-{_day()}-{number:03}", given, keys, time_limit=time_limit)


async def _research(client: Client, number: int, question: str, **more: Any) -> WorkflowHandle[Any, Any]:
    given = {"question": question, "sources": 2, "words": 180, **more}
    return await _start(client, "research-agent", f"research-{_day()}-{number:03}", given, {"team": "market"})


async def _export(client: Client, table: str, **more: Any) -> WorkflowHandle[Any, Any]:
    return await _start(
        client, "table-export", f"export-{table}-{_day()}", {"table": table, **more}, {"target": "lake"}
    )


async def _start(
    client: Client,
    name: str,
    execution_id: str,
    given: dict[str, Any],
    search_keys: dict[str, str],
    *,
    time_limit: timedelta | None = None,
) -> WorkflowHandle[Any, Any]:
    await asyncio.sleep(PAUSE_SECONDS)
    return await start(
        client,
        name,
        given,
        execution_id=execution_id,
        user=next(_USERS),
        search_keys=search_keys,
        time_limit=time_limit,
    )


async def seed(client: Client) -> None:
    """Start them all, and act on those that a person would have acted on."""
    canceled_export = await _export(client, "line-items")
    terminated_export = await _export(client, "visits")
    await _export(client, "orders")
    await _export(client, "payments")
    await _export(client, "currencies", chunks=5)
    await _review(client, 1, time_limit=timedelta(seconds=9))
    await _review(client, 2, sla_seconds=7)
    decided = [await _review(client, number) for number in (3, 4, 5, 6)]
    for number, priority in ((7, "high"), (8, "normal"), (9, "normal"), (10, "low")):
        await _review(client, number, priority)
    for number in range(1, 8):
        await _invoice(client, number)
    for number, flaw in ((8, "total"), (9, "ledger"), (10, "total"), (11, "ledger")):
        await _invoice(client, number, flaw)
    await _research(client, 1, "Which suppliers changed their prices?", rounds=2)
    await _research(client, 2, "What do reviewers say about delivery times?", sources=3)

    approved, rejected, withdrawn, abandoned = decided
    await approved.signal("approve", {"reviewer": "user-7", "note": "all documents in order"})
    await rejected.signal("reject", {"reviewer": "user-19", "reason": "the document has expired"})
    await withdrawn.cancel()
    await abandoned.terminate()
    await canceled_export.cancel()
    await terminated_export.terminate()


async def trickle(client: Client) -> None:
    """One more now and then, and no end of them."""
    for number in range(100, 100 + TRICKLE_MOST):
        await asyncio.sleep(TRICKLE_SECONDS)
        match number % 4:
            case 0:
                await _research(client, number, "What has changed since yesterday?")
            case 1:
                await _review(client, number, sla_seconds=600)
            case _:
                await _invoice(client, number, "total" if number % 10 == 3 else "")
