"""Executions that both clients look at. They are started together, so that nobody waits for each in turn."""

from dataclasses import dataclass

import pytest

from tests.sandbox.api import Api


@dataclass
class Started:
    invoice: str
    """Completed."""
    ledgers: list[str]
    """Failed in the ledger; a reset to before its booking completes each. One for each client."""
    refused: str
    """Failed in validation."""
    research: str
    """Went on as new once, then completed."""


@pytest.fixture(scope="session")
def api(sandbox: str) -> Api:
    return Api(sandbox)


@pytest.fixture(scope="session")
def started(api: Api) -> Started:
    ledger = {"document": "scan-2.pdf", "amount": 20, "flaw": "ledger"}
    return Started(
        invoice=api.start("invoice-pipeline", {"document": "scan-1.pdf", "amount": 10}),
        ledgers=[api.start("invoice-pipeline", ledger) for _ in range(2)],
        refused=api.start("invoice-pipeline", {"document": "scan-3.pdf", "amount": 30, "flaw": "total"}),
        research=api.start("research-agent", {"question": "Why?", "sources": 2, "rounds": 2}),
    )


@pytest.fixture(scope="session")
def invoice(api: Api, started: Started) -> str:
    """A completed invoice."""
    api.wait_for(started.invoice, "COMPLETED")
    return started.invoice
