import asyncio
from collections.abc import AsyncIterator

import pytest

from executions.relay import feed as feeds
from executions.relay import followers
from executions.relay import hub as hubs
from executions.relay import relay as relays
from executions.relay import replay as replays
from executions.relay import viewer as viewers
from executions.relay.hub import Hub
from tests.relay.scripted import Watcher, no_task_is_left


def shorten(patch: pytest.MonkeyPatch) -> None:
    """Periods that let a test see what they lead to without waiting for it."""
    patch.setattr(relays, "FIRST_WAIT", 0.001)
    patch.setattr(relays, "LONGEST_WAIT", 0.01)
    patch.setattr(feeds, "HOLD_SECONDS", 0.001)
    patch.setattr(replays, "HOLD_SECONDS", 0.001)
    patch.setattr(viewers, "PAUSE_SECONDS", 0.001)
    patch.setattr(viewers, "SHORTEST_TICK", 0.0)
    patch.setattr(viewers, "LOOK_SECONDS", 0.05)
    patch.setattr(feeds, "SHORTEST_TICK", 0.0)
    patch.setattr(feeds, "LONGEST_TICK", 0.001)
    patch.setattr(followers, "WAVE_SECONDS", 0.001)
    patch.setattr(replays, "QUIET_SECONDS", 0.05)
    patch.setattr(replays, "IDLE_SECONDS", 0.05)
    patch.setattr(hubs, "RELEASE_SECONDS", 0.01)


@pytest.fixture(autouse=True)
def _short_periods(monkeypatch: pytest.MonkeyPatch) -> None:
    shorten(monkeypatch)


@pytest.fixture(params=[False, True], ids=["in its turn", "at once"])
def _both_ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """However new rows are sent to those who watch."""
    monkeypatch.setattr(Watcher, "at_once", request.param)


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    """A hub that must leave no task behind."""
    before = asyncio.all_tasks()
    made = Hub()
    yield made
    await made.close()
    await no_task_is_left(before)
