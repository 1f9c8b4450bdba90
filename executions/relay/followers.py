"""Viewers who have all of a relay's rows, and are sent new ones at once: a task's turn for each would cost more."""

import asyncio
from collections.abc import Callable

WAVE_VIEWERS, MOST_WAVES, WAVE_SECONDS = 50, 4, 0.01
"""Not all of them are sent a tick's rows in one go, which would hold up the event loop."""

Push = Callable[[], bool]
"""Sends one viewer what is new; whether it can go on so."""


class Followers:
    def __init__(self) -> None:
        self._released: dict[Push, asyncio.Future[None]] = {}

    async def follow(self, push: Push) -> None:
        """Have `push` called at every change, until it returns False. Raises what it raises."""
        released = self._released[push] = asyncio.get_running_loop().create_future()
        try:
            await released
        finally:
            del self._released[push]

    def tell(self) -> None:
        """Something is new."""
        everybody = [*self._released.items()]
        waves = min(-(-len(everybody) // WAVE_VIEWERS), MOST_WAVES)
        for wave in range(waves):
            asyncio.get_running_loop().call_later(wave * WAVE_SECONDS, _push, everybody[wave::waves])


def _push(viewers: list[tuple[Push, asyncio.Future[None]]]) -> None:
    for push, released in viewers:
        if released.done():
            continue
        try:
            if not push():
                released.set_result(None)
        except Exception as error:  # whatever it is, it is this viewer's
            released.set_exception(error)
