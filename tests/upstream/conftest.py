from collections.abc import Iterator

import pytest

from executions.upstream import transport
from executions.upstream.client import Client
from tests.faulty import Faulty
from tests.upstream import KEY


@pytest.fixture
def client(faulty: Faulty) -> Iterator[Client]:
    """A client of the faulty upstream, with time enough for retries."""
    made = Client(faulty.url, KEY, timeout=5, heartbeat=5)
    yield made
    made.close()


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts follow each other quickly, unless the API itself asks for a wait."""
    monkeypatch.setattr(transport, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(transport, "LONGEST_PAUSE", 0.05)
    monkeypatch.setattr(transport, "JITTER", 0.02)
