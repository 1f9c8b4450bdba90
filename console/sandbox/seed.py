"""The executions that a visitor finds: some thirty in every status, then a gentle trickle."""

import asyncio
import itertools
import uuid
from datetime import timedelta
from typing import Any

from opentelemetry import trace
from temporalio.client import Client, WorkflowHandle

from console.sandbox.worker import TASK_QUEUE

USERS = ("user-42", "user-7", "user-19")
TRICKLE_SECONDS = 20
TRICKLE_MOST = 150
_numbers = itertools.count(1)


async def start(
    client: Client, name: str, given: dict[str, Any], *, execution_id: str = "", **options: Any
) -> WorkflowHandle[Any, Any]:
    """Start an execution inside a span of its own, or each of its parts would get its own trace."""
    number = next(_numbers)
    memo = {"user_id": USERS[number % len(USERS)], "search_keys": {"batch": f"b-{number // 10}"}}
    prefixes = {"invoice-pipeline": "inv", "kyc-review": "kyc", "research-agent": "research", "table-export": "export"}
    chosen = execution_id or f"{prefixes.get(name, 'run')}-{uuid.uuid4().hex[:12]}"
    with trace.get_tracer("sandbox").start_as_current_span(f"start {name}"):
        return await client.start_workflow(name, given, id=chosen, task_queue=TASK_QUEUE, memo=memo, **options)


def _invoice(number: int, flaw: str = "") -> dict[str, Any]:
    return {"document": f"doc-{number:04}", "amount": round(100 + number * 13.7, 2), "flaw": flaw}


async def seed(client: Client) -> None:
    """Start them all; those that others act on, then act on them."""
    for number in range(1, 9):
        await start(client, "invoice-pipeline", _invoice(number))
    for number in (9, 10):
        await start(client, "invoice-pipeline", _invoice(number, "total"))
    for number in (11, 12, 13):
        await start(client, "invoice-pipeline", _invoice(number, "ledger"))
    reviews = [await start(client, "kyc-review", {"case": f"case-{number}"}) for number in range(1, 12)]
    await start(client, "kyc-review", {"case": "case-20"}, execution_timeout=timedelta(seconds=8))
    await start(client, "kyc-review", {"case": "case-21", "sla_seconds": 6})
    exports = [await start(client, "table-export", {"table": f"table_{letter}"}) for letter in "abcd"]
    await start(client, "table-export", {"table": "table_e", "chunks": 5})
    await start(client, "research-agent", {"question": "What do the sources say?", "rounds": 2})
    await start(client, "research-agent", {"question": "Where do they differ?", "sources": 4})
    await asyncio.sleep(3)
    await reviews[0].signal("approve", {"reviewer": "user-7"})
    await reviews[1].signal("reject", {"reviewer": "user-19", "reason": "the document has expired"})
    await reviews[2].terminate()
    await exports[0].terminate()
    await reviews[3].cancel()
    await exports[1].cancel()


async def trickle(client: Client) -> None:
    """One more now and then, and no end of them."""
    names = itertools.cycle(["invoice-pipeline", "research-agent", "kyc-review"])
    for number in range(100, 100 + TRICKLE_MOST):
        await asyncio.sleep(TRICKLE_SECONDS)
        name = next(names)
        given: dict[str, Any] = {
            "invoice-pipeline": _invoice(number),
            "research-agent": {"question": f"Question {number}?", "sources": 2},
            "kyc-review": {"case": f"case-{number}", "sla_seconds": 600},
        }[name]
        await start(client, name, given)
