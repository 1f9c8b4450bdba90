"""The websockets that are open in this process, and hints that some of them must look again at what they may.

A hint reaches the sockets of this process directly and, where there is a Redis, those of the others through the channel
layer. It may be lost on the way: every socket looks for itself twice a minute anyway.
"""

import asyncio
import contextlib
import hashlib
import logging
import random
import threading
from collections import defaultdict
from collections.abc import Iterator
from typing import Any
from weakref import WeakKeyDictionary

from channels.layers import get_channel_layer
from django.conf import settings

MOST_SOCKETS = 300
"""Of one user in a process."""
GROUP = "executions.look-again"
RENEW_SECONDS = 600.0
"""How often the group is joined again; a layer forgets members after a day."""
SEND_SECONDS = 5.0
AGAIN_SECONDS = 5.0
"""The longest wait before a broken layer is tried again."""

logger = logging.getLogger(__name__)


class OpenSocket:
    """One that is open: `look` is set when it must look again, `signed_out` when its session is over."""

    def __init__(self, session_key: str) -> None:
        self.session = _digest(session_key)
        self.look = asyncio.Event()
        self.signed_out = False


class Sockets:
    """Of one event loop."""

    def __init__(self) -> None:
        self._by_user: defaultdict[int | None, set[OpenSocket]] = defaultdict(set)
        self._listening: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def opened(self, user_id: int | None, session_key: str) -> Iterator[OpenSocket]:
        """Count a socket as its user's while it is open. ValueError if there are too many."""
        theirs = self._by_user[user_id]
        if len(theirs) >= MOST_SOCKETS:
            raise ValueError(
                f"You have {MOST_SOCKETS} live pages open on this server: close some, then load this page again."
            )
        socket = OpenSocket(session_key)
        theirs.add(socket)
        if self._listening is None and settings.REDIS_URL:
            self._listening = asyncio.create_task(self._listen())
        try:
            yield socket
        finally:
            theirs.discard(socket)
            if not theirs:
                self._by_user.pop(user_id, None)
            if self._listening and not self._by_user:
                self._listening.cancel()
                self._listening = None

    def hint(self, message: dict[str, Any]) -> None:
        """Wake the sockets that a hint is for."""
        session, user_id = message.get("session"), message.get("user")
        users = [user_id] if user_id is not None and not session else list(self._by_user)
        for socket in [one for user in users for one in self._by_user.get(user, ())]:
            if session and socket.session != session:
                continue
            socket.signed_out |= bool(session)
            socket.look.set()

    async def _listen(self) -> None:
        """Take in the hints of other processes, for as long as there are sockets."""
        while True:
            try:
                layer = get_channel_layer()
                channel = await layer.new_channel()
                while True:
                    await layer.group_add(GROUP, channel)
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(RENEW_SECONDS):
                            while True:
                                self.hint(await layer.receive(channel))
            except Exception as error:
                logger.warning("Sign-outs in other processes are noticed only within half a minute: %s", error)
                await asyncio.sleep(random.uniform(0, AGAIN_SECONDS))  # noqa: S311  (no secret)


_loops: WeakKeyDictionary[asyncio.AbstractEventLoop, Sockets] = WeakKeyDictionary()


def sockets() -> Sockets:
    """The running event loop's."""
    return _loops.setdefault(asyncio.get_running_loop(), Sockets())


def look_again(user_id: int | None) -> None:
    """This user's sockets, or with None everybody's, look again at what they may. From any thread; never fails."""
    _announce({"type": "look.again", "user": user_id})


def sign_out(session_key: str) -> None:
    """The sockets of this session close. From any thread; never fails."""
    _announce({"type": "look.again", "session": _digest(session_key)})


def _digest(session_key: str) -> str:
    """What may stand in a message: who knows the key has the session."""
    return hashlib.sha256(session_key.encode()).hexdigest()


def _announce(message: dict[str, Any]) -> None:
    for loop, those in list(_loops.items()):
        with contextlib.suppress(RuntimeError):  # a loop that is closed has no sockets
            loop.call_soon_threadsafe(those.hint, message)
    if settings.REDIS_URL:
        # Whoever signs out does not wait for it.
        threading.Thread(target=_send, args=(message,), daemon=True).start()


def _send(message: dict[str, Any]) -> None:
    async def send() -> None:
        async with asyncio.timeout(SEND_SECONDS):
            await get_channel_layer().group_send(GROUP, message)

    try:
        asyncio.run(send())
    except Exception as error:
        logger.warning("Other processes could not be told that somebody signed out or may do less: %s", error)
