"""The executions that a visitor finds: some forty in every status, a few of them stuck, then a gentle trickle."""

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

    await _stuck(client)

    approved, rejected, withdrawn, abandoned = decided
    await approved.signal("approve", {"reviewer": "user-7", "note": "all documents in order"})
    await rejected.signal("reject", {"reviewer": "user-19", "reason": "the document has expired"})
    await withdrawn.cancel()
    await abandoned.terminate()
    await canceled_export.cancel()
    await terminated_export.terminate()


async def _stuck(client: Client) -> None:
    """One of each that does not move, or that moves on as another run; nobody waits for them."""
    day = _day()
    for name, execution_id, given, keys in (
        (
            "partner-webhook",
            f"webhook-order-20417-{day}",
            {"order": "order-20417", "url": "https://hooks.partner.example/orders", "outage_seconds": 2_592_000},
            {"customer": _CUSTOMERS[1]},
        ),
        ("nightly-reconciliation", f"reconciliation-{day}", {"night": day}, {"team": "finance"}),
        ("bank-settlement", f"settlement-{day}-001", {"transfer": "T-88121", "bank_seconds": 30}, {"team": "finance"}),
        ("subscription-renewal", f"renewal-{day}-001", {"subscription": "sub-3141", "release": "changed"}, {}),
        ("subscription-renewal", f"renewal-{day}-002", {"subscription": "sub-2718", "release": "broken"}, {}),
        ("monthly-statements", f"statements-{day}", {"month": "last", "accounts": ["DE-4711", "DE-4712"]}, {}),
        ("statement-archive", f"archive-{day}-001", {"account": "DE-4711", "month": "last"}, {}),
    ):
        await _start(client, name, execution_id, given, keys)


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
