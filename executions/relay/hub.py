"""Which relays run in this process, and who watches them."""

import asyncio
from collections.abc import Hashable
from dataclasses import dataclass

from executions.relay.connection import Source, Start
from executions.relay.relay import Relay
from executions.relay.viewer import Viewer

RELEASE_SECONDS = 3.0
"""How long a relay outlives its last viewer: a reload finds it again."""
MOST_RELAYS = 200
"""In a process: each may hold a full buffer."""
CATCH_UPS = 2
"""Short connections for viewers from before a relay's buffer, in the whole process."""


@dataclass
class _Watched:
    relay: Relay
    viewers: int = 0
    release: asyncio.TimerHandle | None = None


class Hub:
    """One for each event loop."""

    def __init__(self) -> None:
        self._watched: dict[Hashable, _Watched] = {}
        self._catch_ups = asyncio.Semaphore(CATCH_UPS)
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def connections(self) -> int:
        """Upstream connections of relays that are open now."""
        return sum(watched.relay.connections for watched in self._watched.values())

    def join(self, key: Hashable, source: Source, start: Start) -> Viewer:
        """A viewer of the stream `key`; the first one starts its relay, and where that starts.

        A relay that is over serves those who have it; who comes later gets a new one. ValueError if there are too many.
        """
        watched = self._watched.get(key)
        if watched is None or watched.relay.over:
            if watched:
                self._drop(key, watched)
            if len(self._watched) >= MOST_RELAYS:
                raise ValueError("Too many streams are being watched already; try again later.")
            watched = self._watched[key] = _Watched(Relay(source, start, self._catch_ups))
        watched.viewers += 1
        if watched.release:
            watched.release.cancel()
            watched.release = None
        joined = watched
        return Viewer(joined.relay, start, lambda: self._leave(key, joined))

    def _leave(self, key: Hashable, watched: _Watched) -> None:
        watched.viewers -= 1
        if watched.viewers == 0 and self._watched.get(key) is watched:
            watched.release = asyncio.get_running_loop().call_later(RELEASE_SECONDS, self._drop, key, watched)

    def _drop(self, key: Hashable, watched: _Watched) -> None:
        del self._watched[key]
        if watched.release:
            watched.release.cancel()
        task = asyncio.create_task(watched.relay.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        """Stop all relays, and wait until their connections are closed."""
        for key, watched in list(self._watched.items()):
            self._drop(key, watched)
        await asyncio.gather(*self._closing)
